"""Answers that a language world model proposes: read, held against the rows, repaired when they break a rule."""

from mcp_sim.responders.worldmodel.modelled import Modelled
from mcp_sim.responders.worldmodel.parts import ModelledParts

__all__ = ["Modelled", "ModelledParts"]
