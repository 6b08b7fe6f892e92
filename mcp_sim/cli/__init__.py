"""The command line."""

from mcp_sim.cli.app import main, run

__all__ = ["main", "run"]
