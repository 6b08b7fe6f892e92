"""Recorded calls by what they asked and the state that they met."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mcp_sim.bench.slices import kind_of
from schemas.canonical import canonical
from schemas.recorded import RecordedCall
from schemas.rows import scalars
from schemas.types import Tool

START = ""
"""The state before the first write."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One recorded call.

    Attributes:
        state: what had been written before it, as a digest; equal writes in equal order are one state.
        after: the state that it leaves behind.
        before: the entry of the last write before it.
        minted: the values of its arguments that no earlier answer had shown: the agent made them up, or was told them.
    """

    call: RecordedCall
    state: str
    after: str
    before: Entry | None
    minted: frozenset[object]

    @property
    def writes(self) -> list[Entry]:
        """The writes before it, oldest first."""
        found: list[Entry] = []
        entry = self.before
        while entry is not None:
            found.append(entry)
            entry = entry.before
        return found[::-1]


class Recording:
    """The calls of any number of trajectories, each from the same first state.

    Attributes:
        entries: all of them, by tool, in order.
        unsure: tools of which nothing says whether they write; they are taken to.
    """

    def __init__(self, calls: Iterable[RecordedCall], tools: Mapping[str, Tool]) -> None:
        self.entries: dict[str, list[Entry]] = defaultdict(list)
        self.unsure: set[str] = set()
        self._at: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        trajectories: dict[str, list[RecordedCall]] = defaultdict(list)
        for call in calls:
            trajectories[call.trajectory].append(call)
        for of_one in trajectories.values():
            self._add(sorted(of_one, key=lambda call: call.index), tools)

    def at(self, tool: str, state: str) -> list[Entry]:
        """The calls of a tool that met this state, in order."""
        return self._at.get((tool, state), [])

    def _add(self, calls: list[RecordedCall], tools: Mapping[str, Tool]) -> None:
        state, last, shown = START, None, set[object]()
        for call in calls:
            kind = kind_of(call, tools.get(call.tool))
            if kind == "unknown":
                self.unsure.add(call.tool)
            writes = kind != "read" and not call.is_error
            after = _next(state, call) if writes else state
            minted = frozenset(value for value in scalars(call.arguments) if value not in shown)
            entry = Entry(call, state, after, last, minted)
            self.entries[call.tool].append(entry)
            self._at[call.tool, state].append(entry)
            if writes:
                state, last = after, entry
            shown.update(scalars(call.structured))
            shown.update(call.text.replace('"', " ").replace(",", " ").split())


def asked(call: RecordedCall) -> bytes:
    """What a call asks, canonically."""
    try:
        return canonical([call.tool, call.arguments])
    except TypeError:  # an integer beyond 64 bits
        return repr((call.tool, call.arguments)).encode()


def _next(state: str, call: RecordedCall) -> str:
    return hashlib.sha256(state.encode() + asked(call)).hexdigest()
