"""The gate: every id and every value of a record resolves to an anchor, or it is declared to be generated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from json import JSONDecoder
from typing import Any

import orjson

from mcp_sim.worldmodel.wire import MARKER, compact
from schemas.rows import key_text, scalars
from schemas.validate import validator
from trainer.naming import renamed
from trainer.record import Record, Turn, encode_record, identified
from trainer.tailor.anchors import Anchor
from trainer.tailor.ground import Ground
from trainer.tailor.intents.scene import Intent
from trainer.tailor.objects import Known
from trainer.tailor.words import defined_text, defined_words, event_words, whole, words

_TOLD = 5
_LABEL = re.compile(r"(?m)^([A-H]\. )(?=\{)")
_COUNTED = re.compile(r"\b(\w+) \d+\b")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_REPORTS = (MARKER, "**Action:**")
"""What stands before a call or an answer; none may stand there otherwise than word for word."""
_DECODER = JSONDecoder()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that was turned down, and why."""

    record: Record
    rule: str
    reason: str


def objection(record: Record, intent: Intent, ground: Ground) -> Rejection | None:
    """Why a record may not pass; None if it may."""
    for rule, reason in _objections(record, intent, ground):
        return Rejection(record, rule, reason)
    return None


def _objections(record: Record, intent: Intent, ground: Ground) -> Iterator[tuple[str, str]]:
    """One after the other: each check relies on those before it."""
    yield from _form(record, intent.schema)
    yield from _evidence(record, ground)
    yield from _facts(record, ground)
    known = Known(record, ground, ground.calls(record))
    wrong = intent.objection(record, ground, known)
    if wrong is not None:
        yield "derived", wrong
    yield from _fact_words(record, ground)
    yield from _Reader(record, intent, ground, known).objections()


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
        if name not in ground.events and name not in ground.said:
            yield "evidence", f"there is no event '{name}'"
    for name in record.evidence:
        if name not in ground.anchors:
            yield "evidence", f"there is no anchor '{name}'"


def _facts(record: Record, ground: Ground) -> Iterable[tuple[str, str]]:
    """The call that a record is about, byte for byte as it was recorded."""
    if "answer" not in record.facts:
        return
    event = ground.events[record.sources[0]]
    if record.trajectory != event.run:
        yield "facts", f"/trajectory is not the run of event '{event.id}'"
    for name, value in (
        ("answer", event.call.text),
        ("tool", event.call.tool),
        ("arguments", event.call.arguments),
        ("is_error", event.call.is_error),
        ("status", event.call.status),
    ):
        if name in record.facts and record.facts[name] != value:
            yield "facts", f"/facts/{name} is not what event '{event.id}' says"


def _fact_words(record: Record, ground: Ground) -> Iterable[tuple[str, str]]:
    known = [defined_words(ground.world), ground.wording]
    known += [event_words(event) for event in ground.calls(record)]
    known += [words(ground.said[name].text) for name in record.sources if name in ground.said]
    known += [_anchor_words(ground.anchors[name]) for name in record.evidence]
    known.append(_declared(record))
    checked = ("answer", "arguments") if "answer" in record.facts else ()  # as a whole already
    for pointer, text in _texts({name: part for name, part in record.facts.items() if name not in checked}, "/facts"):
        unknown = _words_of(text).difference(*known)
        if unknown:
            yield "unanchored", f"{pointer} holds {_listed(unknown)}, which no anchor vouches for"


class _Reader:
    """Reads the turns of one record: what is told word for word, objects that are known, and the words between."""

    def __init__(self, record: Record, intent: Intent, ground: Ground, known: Known) -> None:
        self._record = record
        self._is_derived = intent.is_derived
        self._known = known
        self._own = Known(record, ground, ground.calls(record)[:1], is_after=True)
        self._defined = defined_text(ground.world)
        self._told = ground.told(record)
        self._pieces = sorted(filter(str.strip, self._told), key=lambda piece: (-len(piece), piece))
        anchors = [ground.anchors[name] for name in record.evidence]
        events = ground.calls(record)
        anchored = (_anchor_words(anchor) for anchor in anchors)
        self._words = defined_words(ground.world).union(ground.wording, _declared(record), *anchored)
        values = [value for event in events for value in scalars(event.call.arguments)]
        self._numbers = ground.numbers
        self._entities = ground.world.entities
        self._values = ground.numbers.union(
            map(key_text, (value for value in values if isinstance(value, str | int))),
            (anchor.pointer.split("/", 3)[3] for anchor in anchors if anchor.kind == "delta"),
            (str(anchor.value) for anchor in anchors if anchor.kind in ("minted", "referenced")),
            filter(_is_text, scalars(record.facts)) if intent.is_derived else (),  # they were worked out again
        )
        self._placeholders = record.facts.get("placeholders", {})

    def objections(self) -> Iterator[tuple[str, str]]:
        """What no anchor vouches for."""
        asked: set[str] = set()
        for number, turn in enumerate(self._record.turns):
            told = self._told.get(turn.content)
            is_answer = turn.content.startswith(MARKER)
            is_own = turn.loss and "answer" in self._record.facts
            if told is not None and (is_answer or is_own) and not told & (asked or {self._record.sources[0]}):
                yield "unanchored", f"/turns/{number}/content is the answer to another call"
            asked = told if told is not None and not is_answer else set()
            if told is not None or (self._is_derived and turn.loss):
                continue
            found = self._objection(turn)
            if found:
                yield "unanchored", f"/turns/{number}/content {found}"

    def _objection(self, turn: Turn) -> str:
        text = self._without_told(turn.content)
        if turn.role != "system" and any(report in text for report in _REPORTS):
            return "tells of a call or an answer otherwise than it was recorded"
        rest, unknown = self._without_objects(text, is_learned=turn.loss)
        if unknown:
            return f"holds {unknown[:80]}, which is no part of one event, row or anchor"
        for quoted in _QUOTED.findall(rest):
            if _unquoted(quoted) in self._values:
                rest = rest.replace(quoted, " ")
        counted = [found[0] for found in _COUNTED.finditer(rest) if self._numbers and found[1] in self._entities]
        miscounted = [one for one in counted if one not in self._numbers]
        if miscounted:
            return f"holds {_listed(miscounted)}, which is not how many rows there are"
        rest = _COUNTED.sub(lambda found: " " if found[0] in self._numbers else found[0], rest)
        lines = [_line(text) for text in dict.fromkeys(rest.split("\n"))]
        wholes = frozenset[str]().union(*(found for found, _ in lines))
        strange = {one for one in wholes if one not in self._values and one not in self._words}
        strange |= frozenset[str]().union(*(plain for _, plain in lines)) - self._words
        strange -= {part for one in wholes if one in self._values for part in words(one)}
        return f"holds {_listed(strange)}, which no anchor vouches for" if strange else ""

    def _without_told(self, content: str) -> str:
        text = f"\n{_LABEL.sub(lambda found: found[1] + chr(10), content)}\n"
        for piece in self._pieces:
            if piece in text:
                while f"\n{piece}\n" in text:
                    text = text.replace(f"\n{piece}\n", "\n\n")
        return text

    def _without_objects(self, text: str, *, is_learned: bool) -> tuple[str, str]:
        """A text without the objects in it that are known, and the first that is not."""
        kept, at = [], 0
        while (start := text.find("{", at)) >= 0:
            try:
                value, end = _DECODER.raw_decode(text, start)
            except ValueError:
                kept.append(text[at : start + 1])
                at = start + 1
                continue
            known = self._own if is_learned else self._known
            if not known.has(renamed(value, self._placeholders)) and text[start:end] not in self._defined:
                return "", text[start:end]
            kept += [text[at:start], " "]
            at = end
        return "".join((*kept, text[at:])), ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _unquoted(text: str) -> str:
    try:
        return str(orjson.loads(text))
    except orjson.JSONDecodeError:
        return text[1:-1]


def _listed(found: Iterable[str]) -> str:
    return ", ".join(sorted(found)[:_TOLD])


def _declared(record: Record) -> frozenset[str]:
    """The words of what is declared to be generated; in a turn, those alone that can be no id and no number."""
    body = orjson.loads(encode_record(record)) if record.generated else {}
    found: set[str] = set()
    for pointer in record.generated:
        text = _at(body, pointer)
        said = words(text) if isinstance(text, str) else frozenset[str]()
        found |= {word for word in said if word.isalpha()} if pointer.startswith("/turns/") else {*said, str(text)}
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


@lru_cache(maxsize=8192)
def _line(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """What has a digit in a line, as a whole, and its words without one; prompts share most of their lines."""
    return whole(text), frozenset(word for word in words(text) if not any(map(str.isdigit, word)))


@lru_cache(maxsize=2048)
def _words_of(text: str) -> frozenset[str]:
    return words(text)


@lru_cache(maxsize=4096)
def _cached(value: bytes) -> frozenset[str]:
    return words(value.decode())


def _anchor_words(anchor: Anchor) -> frozenset[str]:
    return _cached(compact([anchor.pointer, anchor.value]).encode())
