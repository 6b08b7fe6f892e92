"""What runs teach as a whole: how faults are mended, what comes before what, documents, and how agents act."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mcp_sim.worldmodel.wire import action, compact, observed
from schemas.recorded import RecordedCall
from schemas.types import Tool, World
from trainer.record import Record, Turn
from trainer.tailor.events import Event, Said
from trainer.tailor.ground import Ground, told
from trainer.tailor.intents.scene import Beat, Intent, Story
from trainer.tailor.objects import Known
from trainer.tailor.recipe import Use

_ROLE = "You are the service behind these tools: answer every action with the observation that it returns, alone."
_AGENT = (
    "You are a software agent. Reach the goal that the user names by calling tools, one at a time: answer with JSON, "
    "`name` and `arguments` of the call, and nothing else."
)
_GOAL = "# Goal\n"
_WITH_USER = (
    "You are a software agent that helps the user. To call a tool, answer with JSON, `name` and `arguments` of the "
    "call, and nothing else; answer with anything else to speak to the user."
)
_CALLS_SHOWN = 6


def definitions(world: World, beats: list[Beat]) -> str:
    """The definitions of the tools that are called, each on a line."""
    names = dict.fromkeys(beat.step.call.tool for beat in beats)
    return "\n".join(_definition(world.tools[name]) for name in names if name in world.tools)


def _definition(tool: Tool) -> str:
    return compact({"name": tool.name, "description": tool.description, "input_schema": tool.input_schema})


def evidence_of(beats: list[Beat]) -> dict[str, tuple[str, ...]]:
    """What a record about some calls rests on: anchors and events."""
    anchors = (found for beat in beats for found in beat.of_kind("call", "status"))
    return {
        "evidence": tuple(dict.fromkeys(anchors)),
        "sources": tuple(dict.fromkeys(beat.moment.event.id for beat in beats)),
    }


class FaultAndRecovery(Intent):
    """A refused call, and how the next one of its kind succeeds: both answers are learned."""

    name = "fault-and-recovery"
    says = (_ROLE, "Tools")
    schema: dict[str, Any] = {  # noqa: RUF012 - never changed
        "type": "object",
        "required": ["tool", "error", "changed"],
        "properties": {"changed": {"type": "array", "items": {"type": "string"}}},
    }
    _WITHIN = 4
    _MOST = 2

    def of_story(self, story: Story, use: Use) -> Iterator[Record]:
        """The first pairs of a run."""
        found = 0
        for index, first in enumerate(story.kept):
            call = first.moment.event.call
            if not call.is_error or found == self._MOST:
                continue
            later = story.kept[index + 1 : index + 1 + self._WITHIN]
            mended = next((beat for beat in later if beat.moment.event.call.tool == call.tool), None)
            if mended is None or mended.moment.event.call.is_error:
                continue
            found += 1
            beats = story.kept[index : story.kept.index(mended) + 1]
            facts = _mended(call, mended.moment.event.call)
            yield self.record(mended, use, self._turns(story, beats), facts=facts, **evidence_of(beats))

    def _turns(self, story: Story, beats: list[Beat]) -> tuple[Turn, ...]:
        system = Turn("system", f"{_ROLE}\n\n# Tools\n{definitions(story.world, beats)}")
        edges = (beats[0], beats[-1])
        turns = (t for beat in beats for t in (Turn("user", beat.asked), Turn("assistant", beat.told, beat in edges)))
        return (system, *turns)

    def objection(self, record: Record, ground: Ground, known: Known) -> str | None:
        """Whether the first and the last call differ as it says."""
        first, last = (ground.events[record.sources[at]].call for at in (0, -1))
        is_right = record.facts == _mended(first, last) and first.is_error and not last.is_error
        return None if is_right else "the facts are not those of the first and the last call"


def _mended(first: RecordedCall, mended: RecordedCall) -> dict[str, Any]:
    before, after = first.arguments, mended.arguments
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return {"tool": first.tool, "error": first.text, "changed": changed}


class ToolSchemaInduction(Intent):
    """The input schema of a tool from calls that it took."""

    name = "tool-schema-induction"
    is_derived = True
    _ASK = (
        "These are calls that one tool took. Give the JSON Schema of its arguments as far as the calls show it: an "
        "object with `type`, `properties` with the `type` of each, and `required`."
    )
    says = (_ASK, "type object properties required string integer number boolean array null")
    schema: dict[str, Any] = {  # noqa: RUF012 - never changed
        "type": "object",
        "required": ["tool", "schema"],
        "properties": {"schema": {"type": "object"}},
    }

    def of_story(self, story: Story, use: Use) -> Iterator[Record]:
        """One record of each tool that is called at least twice, if its definition is known."""
        by_tool: dict[str, list[Beat]] = {}
        for beat in story.kept:
            if not beat.moment.event.call.is_error:
                by_tool.setdefault(beat.step.call.tool, []).append(beat)
        for name, beats in by_tool.items():
            tool = story.world.tools.get(name)
            if tool is None or len(beats) < 2 or (story.run.declared is not None and name not in story.run.declared):
                continue
            schema = _as_shown(tool.input_schema, [beat.step.call.arguments for beat in beats[:_CALLS_SHOWN]])
            if not schema["properties"]:
                continue
            first = beats[:_CALLS_SHOWN]
            calls = "\n".join(compact(beat.step.call.arguments) for beat in first)
            asked = f"{self._ASK}\n\n{name}: {tool.description}\n{calls}"
            turns = (Turn("user", asked), Turn("assistant", compact(schema), True))
            yield self.record(beats[0], use, turns, facts={"tool": name, "schema": schema}, **evidence_of(first))

    def objection(self, record: Record, ground: Ground, known: Known) -> str | None:
        """Whether the schema is what these calls show of it."""
        calls = [ground.events[name].call for name in record.sources]
        tool = ground.world.tools.get(record.facts["tool"])
        if tool is None or any(call.tool != tool.name for call in calls):
            return "the calls are not of this tool"
        shown = "\n".join(compact(call.arguments) for call in calls)
        if not record.turns[0].content.endswith(f"\n{shown}"):
            return "the calls are not those of the recording"
        expected = _as_shown(tool.input_schema, [call.arguments for call in calls])
        is_right = record.facts["schema"] == expected and record.turns[-1].content == compact(expected)
        return None if is_right else "the schema is not what these calls show"


def _as_shown(schema: dict[str, Any], calls: list[dict[str, Any]]) -> dict[str, Any]:
    """The part of a schema that calls show: the arguments they give, with their declared types."""
    declared = schema.get("properties")
    declared = declared if isinstance(declared, dict) else {}
    given = [name for name in declared if any(name in call for call in calls)]
    needed = schema.get("required")
    required = [name for name in given if isinstance(needed, list) and name in needed]
    kinds = {name: part.get("type") if isinstance(part := declared[name], dict) else None for name in given}
    properties = {name: {"type": kind} if kind else {} for name, kind in kinds.items()}
    return {"type": "object", "properties": properties, "required": required}


class CptDocument(Intent):
    """A whole run as one document; turns that say nothing new are context more often than not."""

    name = "cpt-document"
    says = (_ROLE, "Tools")
    schema: dict[str, Any] = {  # noqa: RUF012 - never changed
        "type": "object",
        "required": ["calls", "learned", "classes"],
        "properties": {"calls": {"type": "integer"}, "learned": {"type": "integer"}},
    }
    _CHARACTERS = 24_000

    def of_story(self, story: Story, use: Use) -> Iterator[Record]:
        """One record of each part of a run that is not too long."""
        most = int(use.options.get("characters", self._CHARACTERS))
        for beats in _parts(story.kept, most):
            if not any(beat.learned for beat in beats):
                continue
            system = Turn("system", f"{_ROLE}\n\n# Tools\n{definitions(story.world, beats)}")
            turns = (
                t for beat in beats for t in (Turn("user", beat.asked), Turn("assistant", beat.told, beat.learned))
            )
            classes = {
                name: sum(beat.turn_class == name for beat in beats) for name in sorted({b.turn_class for b in beats})
            }
            facts = {"calls": len(beats), "learned": sum(beat.learned for beat in beats), "classes": classes}
            yield self.record(beats[0], use, (system, *turns), facts=facts, **evidence_of(beats))

    def objection(self, record: Record, ground: Ground, known: Known) -> str | None:
        """Whether it tells of its calls in their order, and counts them."""
        facts, events = record.facts, [ground.events[name] for name in record.sources]
        expected = [text for event in events for text in _dialogue(event, ground.turns[event.id])]
        if [turn.content for turn in record.turns[1:]] != expected:
            return "the turns are not the calls in their order"
        learned = sum(turn.loss for turn in record.turns)
        counted = (facts["calls"], facts["learned"], sum(facts["classes"].values()))
        return None if counted == (len(events), learned, len(events)) else "the facts do not count the calls"


def _dialogue(event: Event, turn: int) -> tuple[str, str]:
    return action(turn, event.call.tool, event.call.arguments), observed(told(event.call))


def _parts(beats: list[Beat], most: int) -> Iterator[list[Beat]]:
    part: list[Beat] = []
    size = 0
    for beat in beats:
        own = len(beat.asked) + len(beat.told)
        if part and size + own > most:
            yield part
            part, size = [], 0
        part.append(beat)
        size += own
    if part:
        yield part


class AgentSft(Intent):
    """A run from the side of the agent: what it called and said is learned.

    The goal is what the user said; where that was not recorded, what the calls brought about.
    """

    name = "agent-sft"
    says = (
        _AGENT,
        _WITH_USER,
        "Tools Instructions Goal Use to with and Create Change Delete so that is",
        "name arguments",
        "1 2 3 4 5 6 7 8 9 10 11 12",
    )
    schema: dict[str, Any] = {  # noqa: RUF012 - never changed
        "type": "object",
        "required": ["goal", "calls"],
        "properties": {"goal": {"type": "string", "minLength": 1}, "calls": {"type": "integer", "minimum": 1}},
    }
    _CALLS = 3
    _ERRORS = 0.34

    def of_story(self, story: Story, use: Use) -> Iterator[Record]:
        """One record of a run that is long enough, mostly succeeds, and has a goal."""
        beats = story.kept
        errors = sum(beat.moment.event.call.is_error for beat in beats)
        enough = len(beats) >= int(use.options.get("calls", self._CALLS))
        if not enough or errors > self._ERRORS * len(beats):
            return
        record = self._with_user(story, use) if _asked_for(story.run.said) else self._with_goal(story, use)
        if record is not None:
            yield record

    def _with_user(self, story: Story, use: Use) -> Record:
        said, beats = story.run.said, story.kept
        instructions = "\n".join(one.text for one in said if one.role == "system")
        rules = f"# Instructions\n{instructions}\n\n" if instructions else ""
        system = Turn("system", f"{_WITH_USER}\n\n{rules}# Tools\n{definitions(story.world, beats)}")
        turns = [system, *_conversation([(beat.at, beat.moment.event.call) for beat in beats], said)]
        facts = {"goal": _asked_for(said), "calls": len(beats)}
        evidence = evidence_of(beats)
        evidence["sources"] = (*evidence["sources"], *(one.id for one in said))
        return self.record(beats[0], use, tuple(turns), facts=facts, **evidence)

    def _with_goal(self, story: Story, use: Use) -> Record | None:
        beats = story.kept
        goals = [goal for beat in beats if (goal := _goal(beat))]
        if not goals:
            return None
        goal = "\n".join(f"{number}. {text}" for number, text in enumerate(goals[:12], 1))
        system = Turn("system", f"{_AGENT}\n\n# Tools\n{definitions(story.world, beats)}")
        turns = [system, Turn("user", f"{_GOAL}{goal}")]
        turns += _conversation([(beat.at, beat.moment.event.call) for beat in beats], ())
        evidence = evidence_of(beats)
        deltas = tuple(found for beat in beats for found in beat.of_kind("delta"))
        evidence["evidence"] = tuple(dict.fromkeys((*evidence["evidence"], *deltas)))
        return self.record(beats[0], use, tuple(turns), facts={"goal": goal, "calls": len(beats)}, **evidence)

    def objection(self, record: Record, ground: Ground, known: Known) -> str | None:
        """Whether it tells of its calls, and of what was said between them, in their order."""
        events, said = ground.calls(record), [ground.said[name] for name in record.sources if name in ground.said]
        begin = 1 if said else 2
        places = {name: at for at, name in enumerate(ground.events)}
        expected = _conversation([(places[event.id], event.call) for event in events], said)
        is_right = list(record.turns[begin:]) == expected and record.facts["calls"] == len(events)
        if said:
            is_right = is_right and record.facts["goal"] == _asked_for(said)
        elif not record.generated:
            is_right = is_right and record.turns[1].content == f"{_GOAL}{record.facts['goal']}"
        return None if is_right else "the turns are not what was called and said, in its order"

    def instruction(self, record: Record) -> int | None:
        """The goal, where no user said it."""
        return 1 if record.turns[1].content.startswith(_GOAL) else None


def _asked_for(said: Iterable[Said]) -> str:
    """What the user said first."""
    return next((one.text for one in said if one.role == "user"), "")


def _conversation(calls: list[tuple[int, RecordedCall]], said: Iterable[Said]) -> list[Turn]:
    """Calls, each with its place in the run, and what was said between them, as the turns of an agent."""
    turns: list[Turn] = []
    waiting = [one for one in said if one.role != "system"]
    for at, call in calls:
        while waiting and waiting[0].at <= at:
            turns.append(_spoken(waiting.pop(0)))
        turns += [Turn("assistant", _asked(call), not call.is_error), Turn("tool", told(call))]
    return turns + [_spoken(one) for one in waiting]


def _spoken(one: Said) -> Turn:
    if one.role == "assistant":
        return Turn("assistant", one.text, True)
    return Turn("user" if one.role == "user" else "tool", one.text)


def _asked(call: RecordedCall) -> str:
    return compact({"name": call.tool, "arguments": call.arguments})


def _goal(beat: Beat) -> str:
    """What a call brought about, in words; nothing of one that only looked."""
    call = beat.moment.event.call
    if call.is_error or call.kind == "read":
        return ""
    for change in beat.step.delta.changes[:1]:
        before, after = change.before or {}, change.after or {}
        fields = {
            name: value
            for name, value in after.items()
            if before.get(name) != value and not isinstance(value, dict | list)
        }
        match change.op:
            case "delete":
                return f"Delete {change.entity} {change.key}."
            case "create":
                return f"Create {change.entity} with {compact(call.arguments)}."
            case "update" if fields:
                return f"Change {change.entity} {change.key} so that {compact(dict(list(fields.items())[:4]))}."
    tool = beat.moment.world.tools.get(call.tool)
    first = tool.description.strip().partition("\n")[0].partition(". ")[0] if tool is not None else ""
    return f"{first or f'Use {call.tool}'} with {compact(call.arguments)}."
