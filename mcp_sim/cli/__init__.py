"""The command line."""

from mcp_sim.cli.app import main

__all__ = ["main"]
