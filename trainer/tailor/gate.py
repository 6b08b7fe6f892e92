"""The gate: every id and every value of a record resolves to an anchor, or it is declared to be generated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from mcp_sim.worldmodel.wire import compact
from schemas.types import World
from schemas.validate import validator
from trainer.record import Record, encode_record, identified
from trainer.tailor.anchors import Anchor
from trainer.tailor.events import Event
from trainer.tailor.words import event_words, words, world_words

_TOLD = 5
_WHERE = ("turns", "facts")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that was turned down, and why."""

    record: Record
    rule: str
    reason: str


@dataclass(frozen=True)
class Ground:
    """What the records of one run may rest on.

    Attributes:
        world: whose tools and seed rows are known.
        events: the events, by id.
        anchors: the anchors, by id.
        wording: the words that the template of the intent says by itself.
        numbers: what the clock says, and what is counted: turns and rows.
    """

    world: World
    events: Mapping[str, Event]
    anchors: Mapping[str, Anchor]
    wording: frozenset[str]
    numbers: frozenset[str]


def objection(record: Record, schema: dict[str, Any], ground: Ground) -> Rejection | None:
    """Why a record may not pass; None if it may."""
    for rule, reason in _objections(record, schema, ground):
        return Rejection(record, rule, reason)
    return None


def _objections(record: Record, schema: dict[str, Any], ground: Ground) -> Iterator[tuple[str, str]]:
    """One after the other: each check relies on those before it."""
    yield from _form(record, schema)
    yield from _evidence(record, ground)
    yield from _facts(record, ground)
    yield from _words(record, ground)


def _form(record: Record, schema: dict[str, Any]) -> Iterable[tuple[str, str]]:
    if record != identified(record):
        yield "id", "the id does not follow from the content"
    if not any(turn.loss for turn in record.turns):
        yield "form", "no turn is learned"
    for fault in validator(schema).faults(record.facts):
        yield "schema", f"/facts{fault.pointer}: {fault.message}"


def _evidence(record: Record, ground: Ground) -> Iterable[tuple[str, str]]:
    if not record.sources or not record.evidence:
        yield "evidence", "it names no event, or no anchor"
    for name in record.sources:
        if name not in ground.events:
            yield "evidence", f"there is no event '{name}'"
    for name in record.evidence:
        if name not in ground.anchors:
            yield "evidence", f"there is no anchor '{name}'"


def _facts(record: Record, ground: Ground) -> Iterable[tuple[str, str]]:
    """The call that a record is about, byte for byte as it was recorded."""
    if "answer" not in record.facts:
        return
    event = ground.events[record.sources[0]]
    for name, value in (
        ("answer", event.call.text),
        ("tool", event.call.tool),
        ("arguments", event.call.arguments),
        ("is_error", event.call.is_error),
        ("status", event.call.status),
    ):
        if name in record.facts and record.facts[name] != value:
            yield "facts", f"/facts/{name} is not what event '{event.id}' says"


def _words(record: Record, ground: Ground) -> Iterable[tuple[str, str]]:
    known = [world_words(ground.world), ground.wording, ground.numbers]
    known += [event_words(ground.events[name]) for name in record.sources]
    known += [_anchor_words(ground.anchors[name]) for name in record.evidence]
    known.append(_declared(record))
    body = {"turns": [{"content": turn.content} for turn in record.turns], "facts": record.facts}
    for pointer, text in _texts(body, ""):
        unknown = _words_of(text).difference(*known)
        if unknown:
            shown = ", ".join(sorted(unknown)[:_TOLD])
            yield "unanchored", f"{pointer} holds {shown}, which no anchor vouches for"


def _declared(record: Record) -> frozenset[str]:
    """The words of what is declared to be generated; in a turn, those alone that can be no id and no number."""
    body = orjson.loads(encode_record(record)) if record.generated else {}
    found: set[str] = set()
    for pointer in record.generated:
        text = _at(body, pointer)
        said = words(text) if isinstance(text, str) else frozenset[str]()
        found |= {word for word in said if word.isalpha()} if pointer.startswith("/turns/") else said
    return frozenset(found)


def _at(body: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        if isinstance(body, list):
            body = body[int(part)] if part.isdigit() and int(part) < len(body) else None
        elif isinstance(body, dict):
            body = body.get(part)
    return body


def _texts(value: Any, pointer: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, f"{pointer}/{name}")
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _texts(part, f"{pointer}/{index}")
    elif isinstance(value, str):
        yield pointer, value


@lru_cache(maxsize=2048)
def _words_of(text: str) -> frozenset[str]:
    return words(text)


@lru_cache(maxsize=4096)
def _cached(value: bytes) -> frozenset[str]:
    return words(value.decode())


def _anchor_words(anchor: Anchor) -> frozenset[str]:
    return _cached(compact([anchor.pointer, anchor.value]).encode())
