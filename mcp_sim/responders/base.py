"""The one shape of every source of answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from schemas.types import Attempt, Call, Completion, Draft, Observation, Rule, View, Violation, Wire

UNKNOWN_TOOL = -32602
"""The JSON-RPC error of a call of a tool that there is not."""
NOTHING = Observation("", is_error=True, status=500)
"""The observation of an attempt that came to none."""


@dataclass(slots=True)
class Effort:
    """What answering one call has taken so far.

    Attributes:
        attempts: the proposals that were turned down, oldest first.
        spent: one entry per request to a world model: tokens, seconds, failures that passed.
        deadline: the value of `time.monotonic()` by which world models have to be done; 0 until one was asked.
    """

    attempts: list[Attempt] = field(default_factory=list)
    spent: list[dict[str, Any]] = field(default_factory=list)
    deadline: float = 0.0


class NoDraft(Exception):
    """A responder has nothing to propose; why, and whether asking it again would help."""

    def __init__(self, rule: Rule, message: str, *, final: bool, completions: tuple[Completion, ...] = ()) -> None:
        super().__init__(message)
        self.violation = Violation(rule, "", "", "", message)
        self.final = final
        self.completions = completions


class Responder(Protocol):
    """Proposes what to say and what to change; commits nothing."""

    name: str
    tries: int
    """How often it is asked for one call; after the first time, with its turned-down proposals in the Effort."""
    invents: bool
    """Whether its texts may name ids that no row has."""

    async def respond(self, call: Call, view: View, effort: Effort, /) -> Draft:
        """A Draft for this call. No database transaction is open meanwhile.

        Raises:
            NoDraft: there is none.
        """
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A value in an answer that no rule decides: its name, its JSON Schema, and what it is."""

    name: str
    schema: dict[str, Any]
    about: str


@dataclass(frozen=True, slots=True)
class Imagined:
    """A value that was made up, who made it up, and what a world model said to it."""

    value: Any
    note: str
    completions: tuple[Completion, ...] = ()


class Imaginer(Protocol):
    """Makes up parts of answers."""

    async def imagine(self, part: Part, call: Call, view: View, effort: Effort) -> Imagined:
        """A value that fits the schema of the part and names no row that does not exist.

        Raises:
            NoDraft: there is none.
        """
        ...


def answer(content: Any, status: int = 200) -> Observation:
    """An Observation of JSON, mirrored as text."""
    return Observation(orjson.dumps(content).decode(), content, status=status)


def refusal(text: str, status: int) -> Observation:
    """An Observation that tells the agent what went wrong."""
    return Observation(text, is_error=True, status=status)


def unknown_tool(text: str) -> Observation:
    """An Observation that MCP shows as the protocol error of an unknown tool."""
    return Observation(text, is_error=True, status=404, wire=Wire(code=UNKNOWN_TOOL))
