"""Does a model behave as a world model? A few calls of a small service tell."""

from mcp_sim.probes.probe import Probe, probe

__all__ = ["Probe", "probe"]
