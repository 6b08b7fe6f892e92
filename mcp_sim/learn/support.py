"""What recorded calls say for and against each thing that was learned, where the twin had not learned from them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.bench import Judged
from mcp_sim.fidelity import wilson
from mcp_sim.learn.answers import place
from mcp_sim.learn.learner import Lesson
from schemas.recorded import RecordedCall

ANSWER = "answer"
_PLACES = 3
_TEMPLATE = re.compile(r"({{|}}|{(?:[^{}]|{[^{}]*})*})")
Item = tuple[str, ...]
"""`answer`; `error` and a template; `field`, an entity and one of its fields."""
_Field = tuple[str, str, str]


@dataclass
class Support:
    """How often something was right, of how many times, and where.

    Attributes:
        for_it, against_it: the places of a few calls.
        likeness: how much the answers were like the real ones, added up.
    """

    right: int = 0
    of: int = 0
    for_it: list[str] = field(default_factory=list)
    against_it: list[str] = field(default_factory=list)
    likeness: float = 0.0

    def add(self, call: RecordedCall, *, right: bool, likeness: float | None = None) -> None:
        """Take in one call."""
        self.of += 1
        self.right += right
        self.likeness += float(right) if likeness is None else likeness
        places = self.for_it if right else self.against_it
        if len(places) < _PLACES:
            places.append(place(call))

    def __add__(self, other: Support) -> Support:
        return Support(
            self.right + other.right,
            self.of + other.of,
            (self.for_it + other.for_it)[:_PLACES],
            (self.against_it + other.against_it)[:_PLACES],
            self.likeness + other.likeness,
        )

    @property
    def confidence(self) -> float | None:
        """The lower bound of the share that is right; None where there was no call."""
        return round(wilson(self.right / self.of, self.of)[0], 3) if self.of else None

    def facts(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "confidence": self.confidence,
            "right": self.right,
            "of": self.of,
            "for": self.for_it,
            "against": self.against_it,
        }


@dataclass
class Evidence:
    """The support of everything that lessons say, by tool."""

    lessons: dict[str, Lesson]
    tools: dict[str, Support] = field(default_factory=lambda: defaultdict(Support))
    items: dict[tuple[str, Item], Support] = field(default_factory=lambda: defaultdict(Support))

    def __post_init__(self) -> None:
        self._errors = {
            tool: [(guard.error, pattern_of(guard.error)) for guard in lesson.guards]
            for tool, lesson in self.lessons.items()
        }
        self._fields: dict[str, set[tuple[str | None, str]]] = defaultdict(set)
        for tool, lesson in self.lessons.items():
            self._fields[tool] = {(change.binding.table, name) for change in lesson.changes for name in change.sets}
        self._changed: dict[_Field, RecordedCall] = {}
        self._writer: RecordedCall | None = None
        self._trajectory = ""

    def of(self, tool: str, *item: str) -> Support:
        """The support of one thing that is said of a tool; of the tool itself where no thing is named."""
        return self.items.get((tool, item), Support()) if item else self.tools.get(tool, Support())

    def hear(self, judged: Judged) -> None:
        """Take in a call that the twin answered without having learned from it."""
        call, score = judged.call, judged.score
        if call.trajectory != self._trajectory:
            self._trajectory, self._changed, self._writer = call.trajectory, {}, None
        if call.tool not in self.lessons:
            return
        likeness = score.leaves.f1 if score.leaves is not None and score.status else None
        self.tools[call.tool].add(call, right=score.exact, likeness=likeness)
        if call.is_error:
            real = self._error(call.tool, call.text)
            if real is not None:
                self.items[call.tool, ("error", real)].add(call, right=score.exact)
        elif judged.step is not None and judged.step.observation.is_error:
            said = self._error(call.tool, judged.step.observation.text)
            if said is not None:
                self.items[call.tool, ("error", said)].add(call, right=False)
        else:
            self.items[call.tool, (ANSWER,)].add(call, right=score.exact)
        self._follow(judged)

    def _error(self, tool: str, text: str) -> str | None:
        return next((error for error, pattern in self._errors[tool] if pattern.fullmatch(text.strip())), None)

    def _follow(self, judged: Judged) -> None:
        """Judge what was changed by what is shown of it, by this answer or by reads that come after it."""
        call, step = judged.call, judged.step
        made = () if step is None else step.delta.changes
        wrong = {
            (change.entity, change.key, name)
            for change in judged.corrected
            for name in _differing(change.before, change.after)
        }
        if made or call.kind != "read":
            self._changed = {
                (change.entity, change.key, name): call
                for change in made
                for name in _differing(change.before, change.after)
            }
            self._writer = call if not call.is_error else None
        if self._writer is not None:
            said = self._fields[self._writer.tool]
            self._changed |= {at: self._writer for at in wrong if (at[0], at[2]) in said}
        for (entity, key), row in judged.shown.items():
            for name in row:
                writer = self._changed.pop((entity, key, name), None)
                if writer is not None:
                    self.items[writer.tool, ("field", entity, name)].add(writer, right=(entity, key, name) not in wrong)


def _differing(before: dict[str, Any] | None, after: dict[str, Any] | None) -> Iterable[str]:
    old, new = before or {}, after or {}
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]


def pattern_of(template: str) -> re.Pattern[str]:
    """What fits an error text with expressions in it."""
    return re.compile("".join(map(_part, _TEMPLATE.split(template.strip()))))


def _part(text: str) -> str:
    if text in ("{{", "}}"):
        return re.escape(text[0])
    return r"[\s\S]*?" if text.startswith("{") and text.endswith("}") else re.escape(text)
