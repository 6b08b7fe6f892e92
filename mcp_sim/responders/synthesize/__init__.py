"""Answers made up from the output schema: content by chance, ids from the rows."""

from mcp_sim.responders.synthesize.parts import MadeUpParts
from mcp_sim.responders.synthesize.synthesizer import Synthesizer

__all__ = ["MadeUpParts", "Synthesizer"]
