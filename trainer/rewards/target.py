"""What an answer is held against: the gold observation, the schema, the rows in view, what is known."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from mcp_sim.fidelity import NOT_JSON, Leaf, leaves, parsed
from mcp_sim.worldmodel.parse import Said, Unreadable, parse
from mcp_sim.worldmodel.question import Question
from mcp_sim.worldmodel.shown import Shown, shown
from mcp_sim.worldmodel.wire import MARKER, Message
from schemas.rows import is_key, key_text
from schemas.types import Tool, View, World
from schemas.validate import SchemaError
from trainer.cases import Case, Scene, without_thinking
from trainer.record import Record
from trainer.rewards.changes import settled
from trainer.rewards.errors import RewardError
from trainer.rewards.glimpse import Glimpse, world_of

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"(?=\S*\d)\S{2,128}")
_KEPT = 256
_targets: OrderedDict[str, Target] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Reading:
    """An answer as it is understood.

    Attributes:
        said: what `mcp_sim.worldmodel.parse` finds in it.
        is_error: whether it is an error of the service.
        value: the whole answer as one JSON value: the observation, with the changes where they are asked for.
        text: the observation as text; of an error, its message.
        body: the answer without its thinking.
        leaves: of the value.
        bare: whether nothing stands around the observation but the marks that a template may ask for.
    """

    said: Said
    is_error: bool
    value: Any
    text: str
    body: str
    bare: bool
    leaves: frozenset[Leaf]


class Target:
    """One record, prepared for any number of answers; with the state itself, where the trace of the call is known.

    Attributes:
        record: the record.
        shown: what its question shows, as far as the question is one of ours.
        gold_text: the answer that is wanted, as it would be said.
        gold: the same, read.
        writes: whether an answer may propose changes.
    """

    def __init__(self, record: Record, ground: Scene | None = None) -> None:
        self.record = record
        self.ground = ground
        self._asked = _question(record)
        self._known: dict[str, bool] = {}
        self.shown: Shown = shown(self._asked)
        self.gold_text = gold_text(record)
        self.writes = self.shown.writes
        self._has_form = self.shown.tool.get("output_schema") is not None
        if ground is not None:
            self.writes = Question(ground.tool, ground.world).writes
            self._has_form = ground.tool.output_schema is not None
        elif not self.shown.tool:
            self.writes = record.facts.get("kind") == "write" and '"changes"' in self.gold_text
        try:
            self.gold = self._read(self.gold_text, None)
        except Unreadable as error:
            raise RewardError(f"{named(record)}: its own answer cannot be read: {error}") from None

    def read(self, answer: str) -> Reading:
        """Understand an answer.

        Raises:
            Unreadable: there is none in it.
        """
        return self._read(answer, self.gold)

    @cached_property
    def prompt(self) -> str:
        """All that the question says."""
        return "\n".join(message["content"] for message in self._asked)

    @cached_property
    def arguments(self) -> dict[str, Any]:
        """What the tool was called with."""
        found = self.record.facts.get("arguments", self.shown.arguments)
        return found if isinstance(found, dict) else {}

    @cached_property
    def numbers(self) -> frozenset[float]:
        """Every number that the question holds, those inside of texts included."""
        return frozenset(map(float, _NUMBER.findall(self.prompt)))

    def says(self, text: str) -> bool:
        """Whether the question holds this text."""
        return text in self.prompt or orjson.dumps(text).decode()[1:-1] in self.prompt

    @property
    def state_in_view(self) -> bool:
        """Whether the rows that decide the answer are shown."""
        found = self.record.facts.get("state_in_view")
        return bool(self.shown.rows) if found is None else bool(found)

    @cached_property
    def world(self) -> World:
        """The entities and the tool, as far as they are known."""
        if self.ground is not None:
            return self.ground.world
        rows = self.record.facts.get("rows")
        rows = rows if isinstance(rows, list) else []
        pairs = [(str(row[0]), str(row[1])) for row in rows if isinstance(row, list | tuple) and len(row) == 2]
        try:
            return world_of(self.shown, pairs)
        except (ValueError, SchemaError):  # the question looks like ours, and is not
            return world_of(Shown(tool={"name": "unknown"}), ())

    @cached_property
    def tool(self) -> Tool | None:
        """The called tool, if it is known."""
        return self.ground.tool if self.ground is not None else next(iter(self.world.tools.values()), None)

    @cached_property
    def told(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What earlier observations told of each object: by name and value of the field that identifies it."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for message in self._asked:
            if message["role"] in ("assistant", "tool"):
                for part in objects(parsed(_inside(message["content"]))):
                    at = identity(part)
                    if at is not None:
                        found[at] = {**found.get(at, {}), **part}
        return found

    def view(self) -> View:
        """The rows, as far as they are known, for one answer."""
        if self.ground is not None:
            self.ground.view.take_back_ids()
            return self.ground.view
        rows = tuple(found for found in self.shown.rows if found[0] in self.world.entities)
        part = Shown(rows=rows, now=self.shown.now)
        return Glimpse(self.world, part, self.knows)

    def knows(self, key: str) -> bool:
        """Whether the question or the wanted answer holds this key as a word."""
        if key not in self._known:
            self._known[key] = any(_holds(text, key) for text in (self.prompt, self.gold_text))
        return self._known[key]

    def _read(self, answer: str, gold: Reading | None) -> Reading:
        body = without_thinking(answer)
        said = parse(answer, data=self._has_form, writes=self.writes)
        observation = said.observation
        if isinstance(observation, str):
            found = parsed(observation)
            content = found if isinstance(found, dict | list) else observation
        else:
            content = observation
        text = observation if isinstance(observation, str) else orjson.dumps(observation).decode()
        is_error = said.is_error
        if not is_error and self.record.facts.get("is_error") is True:
            # The recording tells errors as plain text: what has the same form as this one is taken for one.
            is_error = gold is None or (not gold.said.is_error and isinstance(content, type(gold.value)))
        value: Any = {"error": text} if said.is_error else content
        if self.writes and not said.is_error:
            value = settled(content, said.changes or [], self.world, self.view())
        return Reading(said, is_error, value, text, body, _is_bare(body), leaves(value))


def target(asked: Record | Case) -> Target:
    """The record, prepared; the latest ones are kept. A case brings the state along.

    Raises:
        RewardError: the record has no answer to hold others against.
    """
    record, ground = (asked.record, asked.scene) if isinstance(asked, Case) else (asked, None)
    kept = _targets.get(record.id) if record.id else None
    if kept is not None and kept.record is record and kept.ground is ground:
        _targets.move_to_end(record.id)
        return kept
    found = Target(record, ground)
    if record.id:
        _targets[record.id] = found
        if len(_targets) > _KEPT:
            _targets.popitem(last=False)
    return found


def gold_text(record: Record) -> str:
    """The answer that a record wants: its last learned turn, else the recorded observation.

    Raises:
        RewardError: it has neither.
    """
    learned = [turn.content for turn in record.turns if turn.loss]
    if learned:
        return learned[-1]
    answer = record.facts.get("answer")
    if isinstance(answer, str) and answer:
        return answer
    raise RewardError(f"{named(record)} has no learned turn and no fact 'answer', so no answer can be held against it")


def named(record: Record) -> str:
    """A record in an error message."""
    return f"record {record.id[:12]}" if record.id else f"the record {record.trajectory or '?'}:{record.at}"


def _question(record: Record) -> list[Message]:
    """The messages before the last learned turn."""
    learned = [at for at, turn in enumerate(record.turns) if turn.loss]
    turns = record.turns[: learned[-1]] if learned else record.turns
    return [Message(role=turn.role, content=turn.content) for turn in turns]


def _holds(text: str, key: str) -> bool:
    at = text.find(key) if key else -1
    while at >= 0:
        around = text[max(at - 1, 0) : at], text[at + len(key) : at + len(key) + 1]
        if not any(sign.isalnum() or sign in ("-", "_") for sign in around if sign):
            return True
        at = text.find(key, at + 1)
    return False


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value, the outer ones first."""
    todo = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            yield part
            todo.extend(reversed(part.values()))
        elif isinstance(part, list):
            todo.extend(reversed(part))


def identity(part: dict[str, Any]) -> tuple[str, str] | None:
    """What tells an object from others of its kind, as it seems: its first number, or word with a digit in it."""
    for name, value in part.items():
        if is_key(value) and (not isinstance(value, str) or _WORD.fullmatch(value)):
            return name, key_text(value)
        if isinstance(value, dict | list):
            return None
    return None


def _is_bare(body: str) -> bool:
    return parsed(_inside(body)) is not NOT_JSON


def _inside(body: str) -> str:
    """What stands within the marks that a template may ask for."""
    inside = body.removeprefix(MARKER).strip()
    for opening, closing in (("<predicted_observation>", "</predicted_observation>"), ("```", "```")):
        if inside.startswith(opening) and inside.endswith(closing) and len(inside) >= len(opening) + len(closing):
            inside = inside[len(opening) : -len(closing)].removeprefix("json").strip()
    return inside
