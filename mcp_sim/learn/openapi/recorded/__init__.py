"""What recorded traffic tells of an API beyond its spec."""

from mcp_sim.learn.openapi.recorded.lessons import learn_recorded

__all__ = ["learn_recorded"]
