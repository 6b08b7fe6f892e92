"""Tasks as Harbor has them: a directory each, with an instruction, an image, a solution and a verifier."""

from mcp_sim.tasks.harbor.write import read_harbor_tasks, write_harbor_tasks

__all__ = ["read_harbor_tasks", "write_harbor_tasks"]
