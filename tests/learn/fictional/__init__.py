"""Invented services of many kinds, each with `database(seed)` and `calls(seed, trajectories)`."""
