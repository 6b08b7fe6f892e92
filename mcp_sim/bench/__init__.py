"""How well does a twin predict what the real service answered? Measured on recorded calls, by mcp_sim.fidelity."""

from mcp_sim.bench.bench import Bench, Judged, Mode
from mcp_sim.bench.families import Family
from mcp_sim.bench.result import Result

__all__ = ["Bench", "Family", "Judged", "Mode", "Result"]
