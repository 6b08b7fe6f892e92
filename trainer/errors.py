"""Faults of a training run that its user can mend: each is one sentence."""

from __future__ import annotations

from mcp_sim.errors import McpSimError


class TrainingError(McpSimError):
    """A stage that cannot begin, or cannot go on; what was saved before is whole."""
