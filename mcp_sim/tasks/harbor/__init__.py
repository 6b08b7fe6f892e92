"""Tasks as Harbor has them: a directory each, with an instruction, an image, a solution and a verifier."""

from mcp_sim.tasks.harbor.write import is_harbor, read_harbor_tasks, write_harbor_tasks

__all__ = ["is_harbor", "read_harbor_tasks", "write_harbor_tasks"]
