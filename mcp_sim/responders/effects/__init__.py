"""Declared effects: the call is answered by running the pack's own steps over the rows."""

from mcp_sim.responders.effects.program import Effects

__all__ = ["Effects"]
