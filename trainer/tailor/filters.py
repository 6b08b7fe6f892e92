"""Filters: which turns teach nothing, or the wrong thing, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.canonical import canonical
from schemas.recorded import RecordedCall
from trainer.tailor.recipe import FILTERS, Filters
from trainer.tailor.walk import Moment

CYCLE = 3
"""Calls back to which a repetition is a retry."""
_UNTOLD = {"undeclared-tool", "empty-action", "secret", "contradiction", "retry"}
"""What these find is not told in later prompts either; the state is carried over."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A turn that a filter takes out.

    Attributes:
        event: the turn.
        filter: the filter.
        reason: why, in one sentence.
        characters: how much is lost: those of action and observation.
        source: the source of the recipe it came from.
    """

    event: str
    filter: str
    reason: str
    characters: int
    source: str


class Sieve:
    """The filters of one recipe."""

    def __init__(self, settings: Filters) -> None:
        self._settings = settings
        self._on = [name for name in FILTERS if name not in settings.off]

    def losses(self, moment: Moment) -> list[Loss]:
        """Every filter that takes this turn out, in the order of `FILTERS`: the first is the one that counts."""
        found = dict(self._reasons(moment))
        call = moment.event.call
        size = size_of(call)
        return [Loss(moment.event.id, name, found[name], size, moment.run.source) for name in self._on if name in found]

    def _reasons(self, moment: Moment) -> Iterator[tuple[str, str]]:
        run, call = moment.run, moment.event.call
        if len(run.events) < self._settings.turns:
            yield "few-turns", f"the run has {len(run.events)} calls; {self._settings.turns} are needed"
        if call.tool not in moment.world.tools or (run.declared is not None and call.tool not in run.declared):
            yield "undeclared-tool", f"the service declares no tool '{call.tool}'"
        elif _is_empty(moment):
            yield "empty-action", f"'{call.tool}' needs arguments, and none is given"
        if len(call.text) > self._settings.characters:
            yield (
                "oversized",
                f"the observation has {len(call.text)} characters; {self._settings.characters} are allowed",
            )
        if moment.clashes:
            yield "contradiction", moment.clashes[0].message
        if moment.again:
            earlier = moment.again[0]
            if moment.at - earlier <= CYCLE:
                yield "retry", f"call {earlier} was the same, and answered the same"
            elif call.kind == "read":
                yield "no-change", f"call {earlier} was answered the same, and nothing changed since"
        if call.kind == "write" and not call.is_error and moment.shown and not moment.step.delta.changes:
            yield "no-change", "the call succeeded, and the rows that it shows are as they were"

    @staticmethod
    def is_told(losses: list[Loss]) -> bool:
        """Whether later prompts may tell of a turn that was lost for these reasons."""
        return not any(loss.filter in _UNTOLD for loss in losses)


def size_of(call: RecordedCall) -> int:
    """Characters of a call and its answer."""
    return len(call.text) + len(canonical(call.arguments))


def _is_empty(moment: Moment) -> bool:
    call = moment.event.call
    tool = moment.world.tools.get(call.tool)
    required = tool.input_schema.get("required") if tool is not None else None
    return bool(required) and all(value in (None, "", [], {}) for value in call.arguments.values())
