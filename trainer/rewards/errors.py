"""What can be wrong with what is to be rewarded: each is one sentence."""

from __future__ import annotations

from mcp_sim.errors import McpSimError


class RewardError(McpSimError):
    """A record that no answer can be held against, or a judge whose word cannot be trusted."""
