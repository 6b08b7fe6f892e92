"""What was recorded of a real service, whatever wrote it down: calls, what was said between them, whole runs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)
_FRACTION = re.compile(r"-?(0|[1-9]\d{0,17})\.\d{1,17}", re.ASCII)

Kind = Literal["read", "write", "unknown"]
Speaker = Literal["system", "user", "assistant", "environment"]


class Span(NamedTuple):
    """Where something stands in a recording.

    Bytes from `start` up to `end` of the file's content, unpacked and as UTF-8, and a JSON Pointer inside of them.
    """

    start: int
    end: int
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call and the answer to it.

    Attributes:
        trajectory: which run of calls on one state it belongs to.
        index: its place there, from 0.
        tool: the tool.
        arguments: what it was called with; of an HTTP request, see `flat_arguments`.
        text: the observation as it was returned; of an HTTP response, its body.
        is_error: whether the answer is an error.
        status: of an HTTP response.
        structured: the answer as JSON, where it came so.
        kind: whether the call reads or writes, as far as the recording says so.
        task: what the trajectory was about; those of one task belong on one side of a split.
        domain: the service, where one file holds several.
        source: the file and line it was read from.
        schema_key: which definition of the tool holds, where the recording keeps those elsewhere.
        call_id: what the recording calls the call, where that says more than its number.
        turn: what the agent said and asked at once has one number; None: this stands alone.
        at: when, ISO 8601.
        spans: the bytes it was read from, which may be several places.
        event: the id of the raw event it is, where it comes from a store of them.
    """

    trajectory: str
    index: int
    tool: str
    arguments: dict[str, Any]
    text: str
    is_error: bool
    status: int | None = None
    structured: Any = None
    kind: Kind = "unknown"
    task: str = ""
    domain: str = ""
    source: str = field(default="", compare=False)
    schema_key: str = ""
    call_id: str = ""
    turn: int | None = None
    at: str = ""
    spans: tuple[Span, ...] = field(default=(), compare=False)
    event: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """What was said between calls; the fields of the same name are as those of a call.

    Attributes:
        trajectory: which run it belongs to.
        role: who said it; `environment`: a result that answers no call.
        text: what was said.
        reasoning: what the agent thought before, where that was recorded.
    """

    trajectory: str
    role: Speaker
    text: str
    reasoning: str = ""
    turn: int | None = None
    at: str = ""
    source: str = field(default="", compare=False)
    spans: tuple[Span, ...] = field(default=(), compare=False)
    event: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class About:
    """What a recording says of a whole run.

    Attributes:
        trajectory: the run.
        tools: definitions as MCP lists them: `name`, `description`, `inputSchema`, `outputSchema`, ...
        task: what the run was about.
        domain: the service.
        facts: whatever else: the agent, its model, a reward.
        header: of a trace of ours: its first line, with the whole world.
    """

    trajectory: str
    tools: tuple[dict[str, Any], ...] = ()
    task: str = ""
    domain: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] | None = None
    event: str = field(default="", compare=False)


Part = RecordedCall | RecordedMessage
Recorded = RecordedCall | RecordedMessage | About


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A whole trajectory: everything that was recorded of it, in order.

    Attributes:
        id: its id in a store of raw events, where it comes from one.
    """

    trajectory: str
    parts: tuple[Part, ...]
    tools: tuple[dict[str, Any], ...] = ()
    task: str = ""
    domain: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] | None = None
    id: str = field(default="", compare=False)

    @property
    def calls(self) -> tuple[RecordedCall, ...]:
        """Its calls, in order."""
        return tuple(part for part in self.parts if isinstance(part, RecordedCall))


def gathered(trajectory: str, found: Iterable[Recorded], run_id: str = "") -> RecordedRun:
    """A run from all that was recorded of it, in order: calls and turns are numbered from 0.

    A turn of which only one part was recorded has no number. A later definition of a tool replaces an earlier one.
    """
    parts: list[Part] = []
    tools: dict[str, dict[str, Any]] = {}
    facts: dict[str, Any] = {}
    task = domain = ""
    header = None
    for one in found:
        if isinstance(one, About):
            tools |= {str(tool.get("name")): tool for tool in one.tools}
            facts |= one.facts
            header = one.header or header
            task, domain = one.task or task, one.domain or domain
            continue
        parts.append(one)
        if isinstance(one, RecordedCall):
            task, domain = task or one.task, domain or one.domain
    numbered = tuple(_numbered(trajectory, parts, task, domain))
    return RecordedRun(trajectory, numbered, tuple(tools.values()), task, domain, facts, header, run_id)


def _numbered(trajectory: str, parts: list[Part], task: str, domain: str) -> Iterable[Part]:
    size: dict[int, int] = {}
    for part in parts:
        if part.turn is not None:
            size[part.turn] = size.get(part.turn, 0) + 1
    numbers: dict[int, int] = {}
    calls = 0
    for part in parts:
        turn = None
        if part.turn is not None and size[part.turn] > 1:
            turn = numbers.setdefault(part.turn, len(numbers))
        if isinstance(part, RecordedMessage):
            yield replace(part, trajectory=trajectory, turn=turn)
            continue
        own = part.task or task, part.domain or domain
        yield replace(part, trajectory=trajectory, turn=turn, index=calls, task=own[0], domain=own[1])
        calls += 1


def flat_arguments(path: dict[str, Any], query: dict[str, Any], body: Any) -> dict[str, Any]:
    """The parts of an HTTP request as the arguments of a tool.

    The fields of a body that is an object are arguments of their own; any other body is the argument `body`. Where two
    parts have the same name, the one of the body becomes `body_NAME`, and the one of the query `query_NAME` beside one
    of the path.
    """
    arguments = dict(path)
    for name, value in query.items():
        arguments[f"query_{name}" if name in path else name] = value
    if isinstance(body, dict):
        for name, value in body.items():
            arguments[f"body_{name}" if name in path or name in query else name] = value
    elif body is not None:
        arguments["body"] = body
    return arguments


def as_declared(arguments: dict[str, Any], input_schema: dict[str, Any]) -> dict[str, Any]:
    """The arguments of an HTTP request, whose path and query hold texts alone, with the types that a tool declares."""
    properties = input_schema.get("properties")
    declared = properties if isinstance(properties, dict) else {}
    return {name: _typed(value, declared.get(name)) for name, value in arguments.items()}


def _typed(value: Any, schema: Any) -> Any:
    kinds = schema.get("type") if isinstance(schema, dict) else None
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if not isinstance(value, str) or not isinstance(kinds, list) or "string" in kinds:
        return value
    if "array" in kinds:
        items = schema.get("items")
        return [_typed(part, items) for part in value.split(",")]
    if "boolean" in kinds and value in ("true", "false"):
        return value == "true"
    if ("integer" in kinds or "number" in kinds) and _WHOLE.fullmatch(value):
        return int(value)
    if "number" in kinds and _FRACTION.fullmatch(value):
        return float(value)
    return value
