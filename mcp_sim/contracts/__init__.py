"""Contracts, judged: what an agent did, held against what it must, must not and may do."""

from mcp_sim.contracts.finding import JudgeError
from mcp_sim.contracts.judge import Bench, encode_verdict, judge
from mcp_sim.contracts.monitor import Run

__all__ = ["Bench", "JudgeError", "Run", "encode_verdict", "judge"]
