"""Answers that need no model: what the synthesizer says, which stands in where no world model is connected."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from mcp_sim.responders.base import Effort, NoDraft
from mcp_sim.responders.synthesize import Synthesizer
from schemas.types import Call
from trainer.cases import Case
from trainer.errors import TrainingError
from trainer.proposal import answer_of

SYNTHESIZER = "synthesizer"


def synthesized(cases: Sequence[Case]) -> list[str]:
    """What the synthesizer answers to each call, in the words of a world model; nothing where it finds no answer.

    Raises:
        TrainingError: the trace of a call is not known, so there are no rows to make an answer of.
    """
    return [asyncio.run(_synthesized(case)) for case in cases]


async def _synthesized(case: Case) -> str:
    scene = case.scene
    if scene is None:
        raise TrainingError(f"record {case.record.id[:12]} has no trace, so nothing can be made up from its rows")
    scene.view.take_back_ids()
    call = Call(scene.step.call.tool, scene.step.call.arguments)
    try:
        draft = await Synthesizer(scene.tool, scene.world).respond(call, scene.view, Effort())
    except NoDraft:
        return ""
    step = replace(scene.step, observation=draft.observation, delta=draft.delta)
    return answer_of(step, scene.world, writes=case.writes)
