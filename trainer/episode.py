"""One call of a played session as a record: the question as it is served, the answer, what is known of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcp_sim.fidelity import same_text
from mcp_sim.worldmodel.parse import Unreadable
from mcp_sim.worldmodel.prompt import STANDING, Prompt
from mcp_sim.worldmodel.wire import Message, action, observed, spoken
from schemas.canonical import canonical
from schemas.effects import Read, Require, walk
from schemas.marks import marks
from schemas.recorded import RecordedCall
from schemas.rows import key_text
from schemas.types import Call, Change, Step, Tool, Trace, View, World
from store.traces.replay import view
from trainer.cases import Case, Scene
from trainer.proposal import answer_of
from trainer.record import Record, Turn, TurnClass, identified
from trainer.tailor.classes import turn_class
from trainer.tailor.signature import schema_hash

INTENT = "next-observation"
_HOLE = re.compile(r"\{[^{}]*\}")
_MISSING: Any = object()


def named(world: World, call: Call, view: View) -> list[tuple[str, str, bool]]:
    """The rows that a call names by a marked argument, and whether each exists."""
    finder = marks(world.tools[call.tool].input_schema)
    found = finder(call.arguments, "") if finder else ()
    return [(entity, key_text(value), view.exists(entity, key_text(value))) for entity, _, value in found]


@dataclass(frozen=True, slots=True)
class Episode:
    """A call that was made.

    Attributes:
        prompt: what a world model would have been asked.
        named: the rows that the call names, and whether each existed.
        step: what came of it.
        writes: whether an answer may propose changes.
    """

    world: World
    prompt: Prompt
    named: list[tuple[str, str, bool]]
    step: Step
    writes: bool

    def record(self, template: str, trajectory: str, at: int) -> Record:
        """The call as a record."""
        world, step = self.world, self.step
        answer = answer_of(step, world, writes=self.writes)
        turns = [Turn(role=_role(message["role"]), content=message["content"]) for message in self.prompt.messages]
        facts: dict[str, Any] = {
            "tool": step.call.tool,
            "schema": schema_hash(step.call.tool, world.tools[step.call.tool].input_schema),
            "arguments": step.call.arguments,
            "answer": answer,
            "is_error": step.observation.is_error,
            "status": step.observation.status,
            "kind": "write" if self.writes else "read",
            "case": self._case(),
            "state_in_view": self._has_state(),
            "rows": sorted([entity, key] for entity, keys in self.prompt.shown.items() for key in keys),
            "named": [list(found) for found in self.named],
            "guard": _guard(world.tools[step.call.tool], step),
            "changes": [
                {"op": change.op, "entity": change.entity, "key": change.key, "fields": _fields(change)}
                for change in step.delta.changes
            ],
        }
        return identified(
            Record(
                id="",
                intent=INTENT,
                template=template,
                turns=(*turns, Turn("assistant", answer, loss=True)),
                domain=world.name,
                server=world.name,
                trajectory=trajectory,
                at=at,
                turn_class=self._class(),
                facts=facts,
            )
        )

    def _case(self) -> str:
        """What kind of answer it is."""
        if self.step.observation.is_error:
            return "error"
        if self.step.delta.changes:
            return self.step.delta.changes[0].op
        if self.writes:
            return "unchanged"
        content = self.step.observation.structured_content
        parts = content.values() if isinstance(content, dict) else [content]
        return "list" if any(isinstance(part, list) for part in parts) else "read"

    def _has_state(self) -> bool:
        """Whether the question shows every row that was there and that the answer shows or changes."""
        shows = self.world.tools[self.step.call.tool].shown
        content = self.step.observation.structured_content
        told = shows(content, "", lambda _: False) if shows and not self.step.observation.is_error else ()
        made = {(change.entity, change.key) for change in self.step.delta.changes if change.op == "create"}
        changed = {(change.entity, change.key) for change in self.step.delta.changes}
        needed = {(entity, key_text(value)) for entity, _, value in told} | changed
        return all(key in self.prompt.shown.get(entity, ()) for entity, key in needed - made)

    def _class(self) -> TurnClass:
        call, observation = self.step.call, self.step.observation
        return turn_class(RecordedCall("", 0, call.tool, call.arguments, observation.text, observation.is_error))


def history_only(prompt: Prompt, past: Sequence[Step], characters: int) -> Prompt:
    """The same question without a row: what was called and answered before, the latest as far as there is room."""
    system, last = prompt.messages[0], prompt.messages[-1]
    kept: list[Message] = []
    for step in reversed(past):
        asked = Message(role="user", content=action(step.n, step.call.tool, step.call.arguments))
        told = Message(role="assistant", content=observed(spoken(step.observation)))
        characters -= len(asked["content"]) + len(told["content"])
        if characters < 0:
            break
        kept = [asked, told, *kept]
    bare = Message(role="system", content=system["content"].partition(f"\n\n{STANDING}")[0])
    alone = Message(role="user", content=last["content"][last["content"].rindex("### Turn") :])
    return Prompt((bare, *kept, alone), prompt.schema, {})


def _role(role: str) -> Any:
    return role


def _fields(change: Change) -> list[str]:
    before, after = change.before or {}, change.after or {}
    return [name for name, value in after.items() if before.get(name, _MISSING) != value]


def _guard(tool: Tool, step: Step) -> str:
    """The condition that an error came from, as the effect declares it; nothing where the call was carried out."""
    if not step.observation.is_error or tool.effect is None:
        return ""
    for part in walk(tool.effect.steps):
        if isinstance(part, Require) and _says(part.error, step.observation.text):
            return part.require
        if isinstance(part, Read) and not part.optional and part.missing and _says(part.missing, step.observation.text):
            return f"{part.read} exists"
    return "the named records exist"


def _says(template: str, text: str) -> bool:
    """Whether a template may have said this."""
    literal = [re.escape(part) for part in _HOLE.split(template)]
    return re.fullmatch(".*".join(literal), text, re.DOTALL) is not None


def can_be_said(record: Record, trace: Trace) -> bool:
    """Whether a world model that gives the answer of the record brings the step about; it cannot name a new row."""
    step = trace.steps[record.at]
    case = Case(record, Scene(trace.world, trace.world.tools[step.call.tool], view(trace, record.at), step))
    try:
        given = case.read(case.gold)
    except Unreadable:
        return False
    told, seen = given.observation, step.observation
    if told is None or told.is_error != seen.is_error or not same_text(told.text, seen.text):
        return False
    return sorted(map(canonical, given.delta.changes)) == sorted(map(canonical, step.delta.changes))
