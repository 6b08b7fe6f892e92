"""The mode `diff`: both are asked, the real service answers, and every field that differs is told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from mcp_sim.session import Twin
from mcp_sim.traffic.differences import Difference, answer_differences
from mcp_sim.traffic.real import Real, failed
from mcp_sim.traffic.record import Cleaner
from schemas.types import Call, Observation, Step
from store.view import EntityView

_MOST = 1000
"""Calls that are kept whole; of the others the fields that differ are counted."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One call on which the two do not agree."""

    n: int
    call: Call
    real: Observation
    twin: Observation
    answered_by: str
    differences: tuple[Difference, ...]


@dataclass
class Comparison:
    """What came of all calls so far.

    Attributes:
        calls: how many were compared, by tool.
        differing: how many of them differ, by tool.
        unanswered: how many the real service did not answer.
        fields: how often each field differs, by (tool, pointer with positions left out).
        kept: the calls that differ, as many as are kept whole, without their secrets.
    """

    world: str
    upstream: str
    cleaner: Cleaner = field(default_factory=Cleaner)
    calls: Counter[str] = field(default_factory=Counter)
    differing: Counter[str] = field(default_factory=Counter)
    fields: Counter[tuple[str, str]] = field(default_factory=Counter)
    unanswered: int = 0
    kept: list[Compared] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether every call was answered, and answered alike."""
        return not self.differing and not self.unanswered

    def add(self, n: int, real: Step, twin: Step) -> tuple[Difference, ...]:
        """Compare the two answers to one call."""
        tool = real.call.tool
        asked, ours, theirs = real.call.arguments, real.observation, twin.observation
        said = [asked, ours.text, ours.structured_content, theirs.text, theirs.structured_content]
        asked, *sides = self.cleaner.cleaned(said)
        ours = replace(ours, text=sides[0], structured_content=sides[1])
        theirs = replace(theirs, text=sides[2], structured_content=sides[3])
        found = tuple(answer_differences(ours, theirs))
        self.calls[tool] += 1
        if found:
            self.differing[tool] += 1
            self.fields.update(list(dict.fromkeys((tool, _general(one.pointer)) for one in found)))
            if len(self.kept) < _MOST:
                self.kept.append(Compared(n, replace(real.call, arguments=asked), ours, theirs, twin.responder, found))
        return found

    def summary(self) -> dict[str, Any]:
        """All of it as plain JSON."""
        return {
            "world": self.world,
            "upstream": self.upstream,
            "calls": self.calls.total(),
            "differing": self.differing.total(),
            "unanswered": self.unanswered,
            "by_tool": {
                tool: {
                    "calls": count,
                    "differing": self.differing[tool],
                    "fields": {pointer: n for (of, pointer), n in self.fields.most_common() if of == tool},
                }
                for tool, count in self.calls.most_common()
            },
            "calls_that_differ": [
                {
                    "n": one.n,
                    "tool": one.call.tool,
                    "arguments": one.call.arguments,
                    "answered_by": one.answered_by,
                    "differences": [
                        {"pointer": found.pointer, "real": found.left, "twin": found.right} for found in one.differences
                    ],
                }
                for one in self.kept
            ],
        }


class Diff:
    """Asks both, and keeps the rows of the twin in step with the real service, so that nothing is told twice."""

    def __init__(self, real: Real, comparison: Comparison) -> None:
        self._real = real
        self._comparison = comparison

    async def step(self, call: Call, view: EntityView, twin: Twin, /) -> Step:
        """The real step, with what differs as a note."""
        guess = await twin()
        real = await self._real.step(call, view, "diff: the real service answers")
        if failed(real):
            self._comparison.unanswered += 1
            return real
        found = self._comparison.add(view.n, real, guess)
        step = self._real.merged(real, guess, view)
        notes = tuple(f"differs: {one}" for one in found[:20])
        return replace(step, notes=(*step.notes, *notes)) if found else step


def _general(pointer: str) -> str:
    return "/".join("*" if part.isdigit() else part for part in pointer.split("/"))
