"""The names that a tool's effect can speak of."""

from mcp_sim.learn.scope.discovery import discover
from mcp_sim.learn.scope.scope import Binding, Loop, Scope

__all__ = ["Binding", "Loop", "Scope", "discover"]
