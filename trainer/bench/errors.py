"""What keeps a bench from being run: each is one sentence."""

from __future__ import annotations

from mcp_sim.errors import McpSimError


class BenchError(McpSimError):
    """Records, answers or files that cannot be measured; what was asked so far is kept."""
