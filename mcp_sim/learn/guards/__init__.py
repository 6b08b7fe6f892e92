"""When a call is refused, and with which words."""

from mcp_sim.learn.guards.guards import Guard, Unexplained, learn_guards
from mcp_sim.learn.patterns import clusters

__all__ = ["Guard", "Unexplained", "clusters", "learn_guards"]
