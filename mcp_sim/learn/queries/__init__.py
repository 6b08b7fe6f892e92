"""Queries over tables: lists of rows, and groups with an amount each."""

from mcp_sim.learn.queries.lines import lines
from mcp_sim.learn.queries.queries import query

__all__ = ["lines", "query"]
