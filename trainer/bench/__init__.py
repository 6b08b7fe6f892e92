"""How well does a checkpoint predict the next observation, and how far does it drift? One report for any of them."""

from trainer.bench.drift import Drift, drift
from trainer.bench.errors import BenchError
from trainer.bench.result import MEASURES, BenchResult
from trainer.bench.scoring import bench

__all__ = ["MEASURES", "BenchError", "BenchResult", "Drift", "bench", "drift"]
