"""The search for the shortest expression that explains a value in every example."""

from mcp_sim.learn.search.found import Found
from mcp_sim.learn.search.search import Search

__all__ = ["Found", "Search"]
