"""Services that keep lists of alike objects, which are added, removed and found several at a time."""

from mcp_sim.learn.batches.twin import Batches, learn_batches

__all__ = ["Batches", "learn_batches"]
