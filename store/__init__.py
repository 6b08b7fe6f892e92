"""The memory: the only SQL of this project."""
