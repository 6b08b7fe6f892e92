"""What the records of one run may rest on, and how its events are told word for word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from mcp_sim.worldmodel.wire import action, compact, observed
from schemas.canonical import canonical
from schemas.recorded import RecordedCall
from schemas.types import World
from trainer.record import Record
from trainer.tailor.anchors import Anchor
from trainer.tailor.events import Event, Said

CUT_OFF = (300, 1000)
"""Characters after which prompts cut an observation off, with `…`."""


@dataclass(frozen=True)
class Ground:
    """What the records of one run may rest on.

    Attributes:
        world: whose tools and seed rows are known.
        events: the events, by id.
        anchors: the anchors, by id.
        turns: the number of each event's turn, by id.
        said: what was said between the calls, by id.
        wording: the words that the template of the intent says by itself.
        numbers: what the clock says, and how many rows there are, as `ENTITY COUNT`.
    """

    world: World
    events: Mapping[str, Event]
    anchors: Mapping[str, Anchor]
    turns: Mapping[str, int]
    wording: frozenset[str]
    numbers: frozenset[str]
    said: Mapping[str, Said] = field(default_factory=dict)

    def calls(self, record: Record) -> list[Event]:
        """The calls that a record tells of."""
        return [self.events[name] for name in record.sources if name in self.events]

    def told(self, record: Record) -> dict[str, set[str]]:
        """Every form in which the events of a record may be told, and the events that are told so."""
        found: dict[str, set[str]] = {}
        for event in self.calls(record):
            for text in tellings(event, self.turns[event.id]):
                found.setdefault(text, set()).add(event.id)
        for name in record.sources:
            if name in self.said:
                found.setdefault(self.said[name].text, set()).add(name)
        return found


def told(call: RecordedCall) -> str:
    """An answer as a world model hears it: a failure is said to be one."""
    return compact({"error": call.text}) if call.is_error else call.text


@lru_cache(maxsize=512)
def tellings(event: Event, turn: int) -> frozenset[str]:
    """The forms in which a call and its answer are told: each word for word."""
    return frozenset(_tellings(event.call, turn))


def _tellings(call: RecordedCall, turn: int) -> Iterator[str]:
    text = told(call)
    answers = (text, *(f"{text[:most]}…" for most in CUT_OFF if len(text) > most))
    calls = {compact({"name": call.tool, "arguments": call.arguments})}
    arguments = {compact(call.arguments), canonical(call.arguments).decode()}
    yield action(turn, call.tool, call.arguments)
    yield from calls
    yield from arguments
    for answer in answers:
        yield answer
        yield observed(answer)
        yield from (f"{asked} -> {answer}" for asked in (*calls, *arguments))
