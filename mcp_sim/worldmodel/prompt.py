"""The one renderer: a call and the state it meets, as the messages that a world model answers. Serves and trains."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.worldmodel.question import Question, part_schema
from mcp_sim.worldmodel.retrieve import Corpus, Recorded
from mcp_sim.worldmodel.shorthand import entity_in_short, tool_in_short
from mcp_sim.worldmodel.state import Relevance
from mcp_sim.worldmodel.wire import Message, action, compact, observed, spoken
from mcp_sim.worldmodel.wording import WORDINGS
from schemas.canonical import canonical
from schemas.rows import key_text
from schemas.types import Call, Row, Step, Tool, View, World

CHARACTERS_PER_TOKEN = 3.0
"""A cautious guess, because the tokenizer is the server's own; JSON and ids take more tokens than prose."""
_TURNS = 4
"""Turns that are shown at least, once there were as many; at most twice as many, less one."""
_SIMILAR = 3
_OWN = 2
_EARLIER = 24
"""Earlier calls of the same tool among which similar ones are looked for."""
STANDING = "# Records that the answer may name, as they are now"
_AGAIN = "Give the corrected answer to the same action, whole."
_LONGEST = 4000
"""Characters of one row or one demonstration."""
_TOLD = 1000
"""Characters of one earlier observation."""
_BRIEF = 80
"""Characters of what is said of another tool."""


Shown = tuple[str, Row, str]
"""Entity, row, and the line that shows it."""


@dataclass(frozen=True)
class Prompt:
    """What a world model is asked.

    Attributes:
        messages: the chat, ending with the action to answer.
        schema: the JSON Schema that the answer has to fit, ids narrowed to those shown; None for text.
        shown: the keys of the rows it shows, by entity.
        left_out: what did not fit into the budget, in words.
    """

    messages: tuple[Message, ...]
    schema: dict[str, Any] | None
    shown: dict[str, frozenset[str]]
    left_out: tuple[str, ...] = ()

    def key(self, **asked: Any) -> str:
        """SHA-256 over the whole question: messages, schema, and whatever else changes the answer."""
        return hashlib.sha256(canonical({"messages": self.messages, "schema": self.schema, **asked})).hexdigest()

    def narrowed(self, about: str, schema: dict[str, Any], world: World) -> Prompt:
        """The same prompt, asking for one part of the answer alone."""
        *before, last = self.messages
        asked = (
            f"The service works this call out by itself, except for one part: {about}\n"
            f"Answer with that part alone, as JSON of the schema {compact(schema)}"
        )
        content = f"{last['content']}\n\n{asked}"
        form = part_schema(schema, self.shown, world)
        return Prompt((*before, Message(role="user", content=content)), form, self.shown, self.left_out)

    def reply(self, said: str, objection: str) -> Prompt:
        """The same prompt, going on after an answer that was turned down."""
        again = (
            Message(role="assistant", content=said),
            Message(role="user", content=f"That answer cannot be used: {objection}\n\n{_AGAIN}"),
        )
        return Prompt((*self.messages, *again), self.schema, self.shown, self.left_out)


@dataclass
class _Budget:
    """Characters that are left, and what found no room."""

    left: int
    missed: dict[str, int] = field(default_factory=dict)

    def take(self, text: str, what: str) -> bool:
        """Whether there is room for it; if so, it is taken."""
        if len(text) > self.left or len(text) > _LONGEST:
            self.leave_out(what)
            return False
        self.left -= len(text)
        return True

    def leave_out(self, what: str, count: int = 1) -> None:
        self.missed[what] = self.missed.get(what, 0) + count

    @contextmanager
    def part(self, most: float) -> Iterator[_Budget]:
        """A part of it, of so many characters at most."""
        part = _Budget(min(int(most), self.left), self.missed)
        before = part.left
        yield part
        self.left -= before - part.left

    def notes(self) -> tuple[str, ...]:
        return tuple(f"the prompt left out {count} {what}" for what, count in self.missed.items())


class Renderer:
    """Renders the calls of one tool of a world.

    What never changes comes first, then what changes with the tool, then rows that any call of it may name, then the
    turns, whose window moves on in strides, and last the state: so a server that keeps the prefixes of earlier prompts
    computes little more than what is new.
    """

    def __init__(self, tool: Tool, world: World, template: str = "v1", prompt_tokens: int = 6000) -> None:
        self._tool = tool
        self._world = world
        self._budget = int(prompt_tokens * CHARACTERS_PER_TOKEN)
        self._relevance = Relevance(tool, world)
        self._corpus = Corpus(
            Recorded(shown.tool, dict(shown.arguments), _text(shown.observation, shown.is_error))
            for shown in world.demonstrations
            if shown.tool == tool.name
        )
        self.question = Question(tool, world)
        wording = WORDINGS[template]
        self._room = wording.room
        self._fixed = "\n\n".join(
            [
                *filter(None, (wording.role, wording.state, wording.behaviour, wording.format)),
                *([f"# The service\n{world.lore.strip()}"] if world.lore else []),
                *([f"# Known to you alone: never tell, never hint\n{world.hidden.strip()}"] if world.hidden else []),
                *([f"# Instructions for this session\n{world.control.strip()}"] if world.control else []),
            ]
        )
        self._called = "\n\n".join(
            [
                f"# The called tool\n{tool_in_short(tool) if wording.in_short else _definition(tool)}",
                *([wording.changes] if self.question.writes else []),
                *([_records(world, in_short=wording.in_short)] if self.question.writes or wording.in_short else []),
            ]
        )
        self._brief = [f"- {name}: {_first_line(other.description)}" for name, other in world.tools.items()]

    def render(self, call: Call, view: View, share: float = 1.0) -> Prompt:
        """The prompt for a call; `share` below 1 makes it that much shorter, after a server found it too long."""
        asked = action(view.n, call.tool, call.arguments)
        state = self._state(view)
        room = max(int(self._budget * share) - len(self._fixed) - len(self._called), 0)
        budget = _Budget(room - len(asked) - len(state))
        with budget.part(self._room.tools * room) as part:
            tools = [line for line in self._brief if part.take(line, "other tools")]
        with budget.part(self._room.standing * room) as part:
            standing = list(self._rows(self._relevance.standing(view), part))
        past = view.recent(self._window(view.n - 1))
        named = list(self._relevance.named(call, view))
        rows = list(self._rows(named, budget))
        with budget.part(budget.left - (self._room.turns + self._room.similar) * room) as part:
            known = [*named, *((entity, row) for entity, row, _ in standing)]
            rows += self._rows(self._relevance.around(named, known, past, view), part)
        with budget.part(self._room.turns * room) as part:
            turns = self._turns(past, part)
        similar = list(self._similar(call, view, budget, len(turns)))
        system = [
            self._fixed,
            *(["# Tools of the service\n" + "\n".join(tools)] if tools else []),
            self._called,
            *([f"{STANDING}\n{_lines(standing)}"] if standing else []),
        ]
        last = [f"**Current State:**\n{state}"]
        if rows:
            last.append("Records that matter here:\n" + _lines(rows))
        if similar:
            last.append("Recorded calls of this tool:\n" + "\n".join(similar))
        messages = [
            Message(role="system", content="\n\n".join(system)),
            *(message for turn in turns for message in turn),
            Message(role="user", content="\n\n".join([*last, asked])),
        ]
        shown: dict[str, set[str]] = {}
        for entity, row, _ in (*rows, *standing):
            shown.setdefault(entity, set()).add(key_text(row[self._world.entities[entity].key]))
        candidates = {entity: frozenset(keys) for entity, keys in shown.items()}
        schema = self.question.schema(call.arguments, candidates)
        return Prompt(tuple(messages), schema, candidates, budget.notes())

    def _state(self, view: View) -> str:
        counts = ", ".join(f"{name} {view.count(name)}" for name in self._world.entities)
        return f"It is {view.now}." + (f" Records: {counts}." if counts else "")

    def _rows(self, found: Iterable[tuple[str, Row]], budget: _Budget) -> Iterator[Shown]:
        for entity, row in found:
            text = f"{entity} {compact(self._in_order(entity, row))}"
            if budget.take(text, "records"):
                yield entity, row, text

    def _in_order(self, entity: str, row: Row) -> Row:
        """The row with its fields in the order of the schema, wherever it was read from."""
        known = self._world.entities[entity].properties
        return {name: row[name] for name in (*known, *sorted(row.keys() - known.keys())) if name in row}

    def _window(self, done: int) -> int:
        """How many of the latest turns are shown: from a first one that stays for some calls, as the prefix does."""
        return _TURNS + done % _TURNS if done >= _TURNS else done

    def _turns(self, past: list[Step], budget: _Budget) -> list[tuple[Message, Message]]:
        kept: list[tuple[Message, Message]] = []
        for step in reversed(past):
            asked, told = action(step.n, step.call.tool, step.call.arguments), observed(_told(step))
            if len(asked) + len(told) > budget.left:
                budget.leave_out("earlier turns", len(past) - len(kept))
                break
            budget.left -= len(asked) + len(told)
            kept.insert(0, (Message(role="user", content=asked), Message(role="assistant", content=told)))
        return kept

    def _similar(self, call: Call, view: View, budget: _Budget, turns: int) -> Iterator[str]:
        earlier = [step for step in view.recent(_EARLIER, call.tool) if step.n < view.n - turns]
        own = Corpus(Recorded(step.call.tool, step.call.arguments, _told(step)) for step in reversed(earlier))
        for found in [
            *own.similar(call.tool, call.arguments, _OWN),
            *self._corpus.similar(call.tool, call.arguments, _SIMILAR),
        ]:
            text = f"{canonical(found.arguments).decode()} -> {found.said}"
            if budget.take(text, "recorded calls"):
                yield text


def _lines(rows: list[Shown]) -> str:
    return "\n".join(text for _, _, text in rows)


def _told(step: Step) -> str:
    text = spoken(step.observation)
    return text if len(text) <= _TOLD else f"{text[:_TOLD]}…"


def _text(observation: Any, is_error: bool) -> str:
    text = observation if isinstance(observation, str) else compact(observation)
    return compact({"error": text}) if is_error else text


def _definition(tool: Tool) -> str:
    return compact(
        {
            "name": tool.name,
            "description": tool.description,
            "input_schema": tool.input_schema,
            **({} if tool.output_schema is None else {"output_schema": tool.output_schema}),
        }
    )


def _records(world: World, *, in_short: bool) -> str:
    """The entities, for a tool that may change any of their rows, or whose own schemas only name them."""
    if in_short:
        return "# Kinds of records\n" + "\n".join(map(entity_in_short, world.entities, world.entities.values()))
    lines = []
    for name, entity in world.entities.items():
        references = {path: reference.to for path, reference in entity.references.items()}
        lines.append(f"{name} {compact({'key': entity.key, 'references': references, 'schema': entity.row})}")
    return "# Kinds of records\n" + "\n".join(lines)


def _first_line(description: str) -> str:
    line = description.strip().partition("\n")[0]
    return line if len(line) <= _BRIEF else f"{line[: _BRIEF - 1]}…"
