"""Tasks for agents, made from a world by seed; each is proved before anybody sees it."""

from mcp_sim.tasks.generate import PATIENCE, Account, Attempt, Maker, NoTasks, distinct_tasks, make_tasks
from mcp_sim.tasks.ground import Ground
from mcp_sim.tasks.parallel import attempts
from mcp_sim.tasks.proof import objections

__all__ = [
    "PATIENCE",
    "Account",
    "Attempt",
    "Ground",
    "Maker",
    "NoTasks",
    "attempts",
    "distinct_tasks",
    "make_tasks",
    "objections",
]
