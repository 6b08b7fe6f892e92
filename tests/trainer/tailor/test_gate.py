"""The gate: what no anchor vouches for does not pass."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.recorded import RecordedCall
from schemas.types import World
from tests.trainer.tailor.planted import KINDS, Planter
from tests.trainer.tailor.service import TOOLS, runs
from trainer.record import Record, Turn, identified
from trainer.tailor.anchors import Anchor
from trainer.tailor.cut import Arm, Cut, Cutter
from trainer.tailor.events import Event
from trainer.tailor.gate import Rejection, objection
from trainer.tailor.ground import Ground
from trainer.tailor.intents import REGISTRY
from trainer.tailor.recipe import Recipe
from trainer.tailor.walk import Run
from trainer.tailor.words import all_words

RECIPE = Recipe.model_validate(
    {
        "name": "small",
        "sources": [{"name": "r", "origin": "made up", "paths": ["."]}],
        "intents": [{"intent": name} for name in REGISTRY],
    }
)


@cache
def world() -> World:
    tools = {
        tool["name"]: {"input": tool["inputSchema"], "description": tool["description"], "output": {}} for tool in TOOLS
    }
    row = {"type": "object", "properties": {name: {} for name in ("book_id", "title", "reader", "days")}}
    pack = {"name": "library", "tools": tools, "entities": {"book": {"key": "book_id", "schema": row}}}
    return World.model_validate({"name": "library", "packs": [pack]})


def _call(line: dict[str, Any]) -> RecordedCall:
    return RecordedCall(
        line["trajectory_id"],
        line["call_index"],
        line["tool"],
        line["arguments"],
        line["observation"],
        line["is_error"],
        kind=line["kind"],
        domain=line["domain"],
    )


@cache
def cuts() -> tuple[Cut, ...]:
    cutter = Cutter(RECIPE, world(), Arm())
    found = []
    for number, lines in enumerate(runs(6, calls=10, seed=3)):
        events = tuple(Event(f"event-{number}-{line['call_index']}", f"run-{number}", _call(line)) for line in lines)
        found.append(cutter.cut(Run(f"run-{number}", "library", "r", events)))
    return tuple(found)


def _made() -> list[tuple[Cut, Record]]:
    return [(cut, record) for cut in cuts() for record in cut.records]


def _ground(record: Record) -> Ground:
    events = {event.id: event for cut in cuts() for event in cut.run.events}
    anchors: dict[str, Anchor] = {one.id: one for cut in cuts() for beat in cut.beats for one in beat.anchors}
    turns = {beat.moment.event.id: beat.step.n for cut in cuts() for beat in cut.beats}
    numbers = frozenset(f"book {n}" for n in range(40)) | {beat.step.at for cut in cuts() for beat in cut.beats}
    return Ground(world(), events, anchors, turns, all_words(REGISTRY[record.intent].says), numbers)


def _objection(record: Record) -> Rejection | None:
    return objection(identified(record), REGISTRY[record.intent], _ground(record))


def test_every_intent_makes_records_that_pass() -> None:
    assert [found.reason for cut in cuts() for found in cut.rejections] == []
    assert {record.intent for _, record in _made()} == set(REGISTRY)
    assert [found for _, record in _made() if (found := _objection(record)) is not None] == []


def test_the_same_run_gives_the_same_anchors_with_evidence_that_is_there() -> None:
    again = Cutter(RECIPE, world(), Arm())
    for cut in cuts():
        seen = {event.id for event in cut.run.events} | {"seed"}
        for beat, other in zip(cut.beats, again.cut(cut.run, records=False).beats, strict=True):
            assert beat.anchors == other.anchors
            assert all(set(found.evidence) <= seen for found in beat.anchors)
    kinds = {found.kind for cut in cuts() for beat in cut.beats for found in beat.anchors}
    assert kinds >= {
        "call",
        "status",
        "shape",
        "minted",
        "referenced",
        "delta",
        "read-your-writes",
        "counts",
        "ordering",
    }


@given(
    which=st.integers(0, 10**6),
    where=st.integers(0, 10**6),
    word=st.sampled_from(["BK-77777", "4711", "purple", "x9y8z7"]),
)
def test_a_value_that_no_anchor_vouches_for_passes_nowhere(which: int, where: int, word: str) -> None:
    found = _made()
    _, record = found[which % len(found)]
    turn = where % len(record.turns)
    content = record.turns[turn].content
    at = where // len(record.turns) % (len(content) + 1)
    spoilt = replace(record.turns[turn], content=f"{content[:at]} {word} {content[at:]}")
    rejected = _objection(replace(record, turns=(*record.turns[:turn], spoilt, *record.turns[turn + 1 :])))
    assert rejected is not None
    assert rejected.rule in ("unanchored", "derived")


def test_wrong_values_that_are_near_to_the_right_ones_pass_nowhere() -> None:
    planter = Planter(seed=1)
    found = _made()
    for _, record in found:
        planter.learn(record)
    for kind in KINDS:
        spoilt = [one for _, record in found if (one := planter.planted(record, kind)) not in (None, record)]
        assert len(spoilt) > len(found) // 3
        assert [one for one in spoilt if one is not None and _objection(one) is None] == [], kind


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"sources": ("nobody",)}, "evidence"),
        ({"evidence": ()}, "evidence"),
        ({"evidence": ("nothing",)}, "evidence"),
        ({"turns": (Turn("user", "tool"),)}, "form"),
        ({"facts": {}}, "schema"),
    ],
)
def test_a_record_without_what_it_rests_on_is_turned_down(change: dict[str, Any], rule: str) -> None:
    record = next(record for _, record in _made() if record.intent == "next-observation")
    rejected = _objection(replace(record, **change))
    assert rejected is not None
    assert rejected.rule == rule


@pytest.mark.parametrize("name", ["answer", "tool", "is_error", "arguments"])
def test_facts_are_what_the_event_says(name: str) -> None:
    record = next(record for _, record in _made() if record.intent == "next-observation")
    other = {
        "answer": "get_book",
        "tool": "list_books_",
        "is_error": not record.facts["is_error"],
        "arguments": {"a": 1},
    }
    rejected = _objection(replace(record, facts=record.facts | {name: other[name]}))
    assert rejected is not None
    assert rejected.rule == "facts"


def test_what_is_declared_to_be_generated_passes() -> None:
    records = [record for _, record in _made() if record.intent == "referential-probe"]
    made_up = [record for record in records if record.generated]
    assert made_up
    assert all(record.facts["turn"] is None for record in made_up)
    rejected = _objection(replace(made_up[0], generated=()))
    assert rejected is not None
    assert rejected.rule == "unanchored"
