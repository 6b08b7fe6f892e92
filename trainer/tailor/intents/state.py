"""What a service holds: the fields of a row after what happened, and which ids were named at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from mcp_sim.worldmodel.wire import action, compact
from trainer.record import Record, Turn
from trainer.tailor.classes import draw
from trainer.tailor.ground import Ground, told
from trainer.tailor.ids import ids_in, is_distinctive
from trainer.tailor.intents.scene import Beat, Intent, Scene
from trainer.tailor.objects import Known, is_part, pairs_of
from trainer.tailor.recipe import Use

_STATE = (
    "You keep the records of a service. The user is a software agent that calls its tools; you remember what every "
    "answer shows and what every call changes. Answer questions about the records with JSON alone."
)
_HELD = (
    "What does the record {entity} {key} hold now in its fields {fields}? "
    "Answer with a JSON object of these fields, or null if it is deleted."
)
_NAMED = "Which turn named the id {key} first? Answer with JSON: `turn` is its number, or null if none did."
_TURNS = 6
_FIELDS = 12


def _dialogue(beats: list[Beat]) -> tuple[Turn, ...]:
    """System prompt and earlier calls."""
    turns = (turn for beat in beats for turn in (Turn("user", beat.asked), Turn("assistant", beat.told)))
    return (Turn("system", _STATE), *turns)


class StateQuery(Intent):
    """The fields of a row that an earlier call changed, as they are now."""

    name = "state-query"
    needs = ("delta",)
    is_derived = True
    says = (_STATE, _HELD)
    schema: dict[str, Any] = {  # noqa: RUF012 - never changed
        "type": "object",
        "required": ["entity", "key", "fields", "answer_row"],
        "properties": {"fields": {"type": "array", "minItems": 1}, "answer_row": {"type": ["object", "null"]}},
    }

    def of_scene(self, scene: Scene, use: Use) -> Iterator[Record]:
        """A record before each call that follows a change by a write."""
        told = scene.told[-_TURNS:]
        if not told or told[-1].moment.event.call.kind == "read":
            return
        beat = told[-1]
        for change in beat.step.delta.changes[:1]:
            row = scene.moment.view.get(change.entity, change.key)
            before, after = change.before or {}, change.after or {}
            names = [name for name in after if before.get(name) != after[name]][:_FIELDS]
            if not names and change.op != "delete":
                continue
            fields = names or sorted(before)[:_FIELDS]
            question = _HELD.format(entity=change.entity, key=compact(change.key), fields=", ".join(fields))
            answer = None if row is None else {name: row.get(name) for name in fields}
            turns = (*_dialogue(told), Turn("user", question), Turn("assistant", compact(answer), True))
            facts = {"entity": change.entity, "key": change.key, "fields": fields, "answer_row": answer}
            anchors = scene.rows.get((change.entity, change.key), [])
            yield self.record(
                beat,
                use,
                turns,
                facts=facts,
                evidence=tuple(dict.fromkeys((*beat.of_kind("call", "delta"), *anchors))),
                sources=tuple(found.moment.event.id for found in reversed(told)),
            )

    def objection(self, record: Record, ground: Ground, known: Known) -> str | None:
        """Whether the row is as the changes in evidence leave it."""
        facts = record.facts
        row, answer = known.row(facts["entity"], facts["key"]), facts["answer_row"]
        if record.turns[-1].content != compact(answer):
            return "what is learned is not the row"
        if (answer is None) != (row is None) or (row is not None and not is_part(pairs_of(answer), row)):
            return "/facts/answer_row is not the row after the changes in evidence"
        question = record.turns[-2].content
        named = compact(facts["key"]) in question and all(name in question for name in facts["fields"])
        is_whole = answer is None or list(answer) == list(facts["fields"])
        return None if named and is_whole else "the question does not ask for this row"

    def instruction(self, record: Record) -> int | None:
        """The question."""
        return len(record.turns) - 2


class ReferentialProbe(Intent):
    """In which turn an id was named first; some of the ids are made up."""

    name = "referential-probe"
    is_derived = True
    needs = ("call",)
    says = (
        _STATE,
        "Which turn named the id first Answer with JSON turn is its number or null if none did 0 1 2 3 4 5 6 7 8 9",
    )
    schema: dict[str, Any] = {  # noqa: RUF012 - never changed
        "type": "object",
        "required": ["id", "turn"],
        "properties": {"id": {"type": "string", "minLength": 1}, "turn": {"type": ["integer", "null"]}},
    }

    def of_scene(self, scene: Scene, use: Use) -> Iterator[Record]:
        """A record before each call that at least two others precede."""
        told = scene.told[-_TURNS:]
        if len(told) < 2:
            return
        known = sorted({text for beat in told for text in _named(beat)})
        if not known:
            return
        chance = draw(f"{scene.settings.seed}:probe:{scene.moment.event.id}")
        key = known[int(chance * len(known))]
        turn = _first(key, ((beat.step.n, f"{beat.asked}\n{beat.told}") for beat in told))
        declared: tuple[str, ...] = ()
        if chance * 1000 % 3 < 1:
            key, turn, declared = _made_up(key, chance), None, ("/facts/id",)
            if any(key in beat.asked or key in beat.told for beat in told):
                return
        elif turn is None:
            return
        question = _NAMED.format(key=compact(key))
        turns = (*_dialogue(told), Turn("user", question), Turn("assistant", compact({"turn": turn}), True))
        yield self.record(
            told[-1],
            use,
            turns,
            facts={"id": key, "turn": turn},
            evidence=tuple(
                dict.fromkeys(found for beat in told for found in beat.of_kind("call", "minted", "referenced"))
            ),
            sources=tuple(beat.moment.event.id for beat in reversed(told)),
            generated=declared,
        )

    def objection(self, record: Record, ground: Ground, known: Known) -> str | None:
        """Whether this turn is the first to name the id."""
        key, turn = record.facts["id"], record.facts["turn"]
        events = [ground.events[name] for name in reversed(record.sources)]
        texts = (
            (ground.turns[e.id], f"{action(ground.turns[e.id], e.call.tool, e.call.arguments)}\n{told(e.call)}")
            for e in events
        )
        if turn != _first(key, texts) or record.turns[-1].content != compact({"turn": turn}):
            return "another turn names the id first"
        return None if compact(key) in record.turns[-2].content else "the question does not ask for this id"

    def instruction(self, record: Record) -> int | None:
        """The question."""
        return len(record.turns) - 2


def _first(key: str, told: Iterable[tuple[int, str]]) -> int | None:
    """The first turn whose text names an id, wherever it stands there."""
    name = re.compile(rf"(?<!\w){re.escape(compact(key)[1:-1])}(?!\w)")
    return next((number for number, text in told if name.search(text)), None)


def _named(beat: Beat) -> Iterator[str]:
    """The distinctive ids that a call or its answer names."""
    for value in (beat.step.call.arguments, beat.moment.answer if beat.moment.is_json else None):
        yield from (text for _, text in ids_in(value) if is_distinctive(text) and text in f"{beat.asked}{beat.told}")


def _made_up(key: str, chance: float) -> str:
    """An id of the same form with other digits."""
    shift = 1 + int(chance * 1e6) % 8
    return "".join(str((int(c) + shift) % 10) if c.isascii() and c.isdigit() else c for c in key)
