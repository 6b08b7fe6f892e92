"""Services that keep lists of alike objects: added, removed and found several at a time, known by their fields alone."""

from mcp_sim.learn.batches.twin import Batches, learn_batches

__all__ = ["Batches", "learn_batches"]
