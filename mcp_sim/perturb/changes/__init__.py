"""What perturbations do to an answer, after the commit and before the agent sees it."""

from mcp_sim.perturb.changes.answer import Answer, Change, Scene
from mcp_sim.perturb.changes.table import CHANGES

__all__ = ["CHANGES", "Answer", "Change", "Scene"]
