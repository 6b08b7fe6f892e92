"""The registry of intents: what can be learned of recorded calls."""

from __future__ import annotations

from trainer.tailor.intents.fragments import FragmentOrdering
from trainer.tailor.intents.observation import ErrorPrediction, NextObservation
from trainer.tailor.intents.scene import Intent
from trainer.tailor.intents.state import ReferentialProbe, StateQuery
from trainer.tailor.intents.story import AgentSft, CptDocument, FaultAndRecovery, ToolSchemaInduction

_INTENTS: tuple[Intent, ...] = (
    NextObservation(),
    ErrorPrediction(),
    StateQuery(),
    ReferentialProbe(),
    FaultAndRecovery(),
    FragmentOrdering(),
    ToolSchemaInduction(),
    CptDocument(),
    AgentSft(),
)
REGISTRY = {intent.name: intent for intent in _INTENTS}
"""Every intent by name."""
