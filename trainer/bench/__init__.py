"""How well does a checkpoint predict the next observation, and how far does it drift? One report for any of them."""

from trainer.bench.result import BenchResult
from trainer.bench.scoring import bench

__all__ = ["BenchResult", "bench"]
