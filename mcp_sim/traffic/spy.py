"""The mode `spy`: the twin where it is sure of a call, else the real service, within a budget."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from mcp_sim.session import Twin
from mcp_sim.traffic.real import Real, failed
from schemas.recorded import RecordedCall
from schemas.rows import scalars
from schemas.types import Call, Step
from store.view import EntityView

_ANSWERS = {"effects", "validate"}
_KINDS = 12
"""Distinct values up to which an argument is taken for one of a few kinds, if it was given often enough."""
_OFTEN = 3
"""Times that each of them was given, on average."""


class Spy:
    """Routes every call by how sure the twin is of it.

    Attributes:
        left: calls that the real service may still be asked.
    """

    def __init__(
        self, real: Real, confidence: float, budget: int | None = None, trained_on: Iterable[RecordedCall] = ()
    ) -> None:
        """Get ready.

        Args:
            real: the real service.
            confidence: from which share of right answers on the twin answers, from 0 to 1.
            budget: calls that the real service may be asked; None: as many as it takes.
            trained_on: what the twin was learned from, if its values are to be told from new ones.
        """
        self._real = real
        self._confidence = confidence
        self._budget = budget
        self._values = _Values(trained_on)
        self.left = budget

    async def step(self, call: Call, view: EntityView, twin: Twin, /) -> Step:
        """The step of the twin or of the real service, and why."""
        guess = await twin()
        sure, why = self.sure(guess, view)
        told = f"the twin is right in {sure:.0%} of such calls ({why}), {self._confidence:.0%} are asked for"
        if sure >= self._confidence:
            return replace(guess, reason=f"twin: {told}")
        if self.left == 0:
            return _flagged(guess, f"{told}, but the budget of {self._budget} real calls is used up")
        if self.left is not None:
            self.left -= 1
        real = await self._real.step(call, view, f"real: {told}")
        if failed(real):
            return _flagged(guess, f"{told}, but {real.observation.text}")
        return self._real.merged(real, guess, view)

    def sure(self, guess: Step, view: EntityView) -> tuple[float, str]:
        """How sure the twin is of its answer, from 0 to 1, and by what."""
        effect = self._real.world.tools[guess.call.tool].effect
        if guess.responder not in _ANSWERS or (guess.notes and (effect is None or effect.confidence == 0)):
            return 0.0, "its answer is made up"
        if guess.notes:
            return 0.0, "a part of its answer is made up"
        measured = 0.0 if effect is None else effect.confidence
        if guess.responder == "validate":
            return measured, "the arguments do not fit"
        strange = self._values.strange(guess.call, view)
        if strange and guess.observation.is_error:
            return 0.0, f"it refuses, but has never seen {strange}"
        if strange and self._values.is_kind(guess.call, strange):
            return measured / 2, f"{strange} is none of the values that were seen there"
        return measured, "measured"


def _flagged(guess: Step, why: str) -> Step:
    return replace(guess, reason=f"twin, unsure: {why}", notes=(*guess.notes, f"unsure: {why}"))


class _Values:
    """Argument values that were seen, by tool and name."""

    def __init__(self, calls: Iterable[RecordedCall]) -> None:
        self._given: dict[tuple[str, str], dict[Any, int]] = defaultdict(dict)
        self._seen: set[Any] = set()
        for call in calls:
            for name, value in _named(call.arguments):
                given = self._given[call.tool, name]
                given[value] = given.get(value, 0) + 1
                self._seen.add(value)
            self._seen.update(scalars(call.structured))

    def strange(self, call: Call, view: EntityView) -> str:
        """The first value of a call that neither a recorded call nor an earlier step of the session shows, as text."""
        new = [(name, value) for name, value in _named(call.arguments) if value not in self._seen]
        if not new:
            return ""
        shown = set[Any]()
        for step in view.recent(200):
            shown.update(scalars(step.call.arguments))
            shown.update(scalars(step.observation.structured_content))
        return next((f"{name} {value!r}" for name, value in new if value not in shown), "")

    def is_kind(self, call: Call, strange: str) -> bool:
        """Whether a strange value stands where one of a few kinds was always given."""
        for name, value in _named(call.arguments):
            given = self._given.get((call.tool, name), {})
            if strange == f"{name} {value!r}" and given:
                return len(given) <= _KINDS and sum(given.values()) >= _OFTEN * len(given)
        return False


def _named(arguments: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, part in arguments.items():
        for value in scalars(part):
            if value is not None and not isinstance(value, bool):
                yield name, value
