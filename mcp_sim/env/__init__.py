"""Worlds as environments for agents that learn."""

from mcp_sim.env.environment import Environment, NotReset, as_text
from mcp_sim.env.hall import Hall, common_hall
from mcp_sim.env.reward import Reward
from mcp_sim.env.trl import environment_class, rows

__all__ = ["Environment", "Hall", "NotReset", "Reward", "as_text", "common_hall", "environment_class", "rows"]
