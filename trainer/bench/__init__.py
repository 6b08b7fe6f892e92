"""How well does a checkpoint predict the next observation, and how far does it drift? One report for any of them."""

from trainer.bench.stages import MEASURES, Mean, Measured, Result, bench, bootstrap

__all__ = ["MEASURES", "Mean", "Measured", "Result", "bench", "bootstrap"]
