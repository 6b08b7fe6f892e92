"""What a run of the bench came to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.bench.families import Families
from mcp_sim.bench.observed import Merged
from mcp_sim.fidelity import Score, Tally
from schemas.recorded import Kind


@dataclass(slots=True)
class Part:
    """The tallies of one mode.

    Attributes:
        unseen: calls whose arguments the twin was not learned from; None where that was not asked.
        changed_reads: reads of what a write of the same trajectory had changed.
        lost: wrong answers, family by family.
    """

    unseen: Tally | None
    total: Tally = field(default_factory=Tally)
    reads: Tally = field(default_factory=Tally)
    writes: Tally = field(default_factory=Tally)
    successful_writes: Tally = field(default_factory=Tally)
    changed_reads: Tally = field(default_factory=Tally)
    by_tool: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    kinds: dict[str, Kind] = field(default_factory=dict)
    lost: Families = field(default_factory=Families)

    def add(self, tool: str, one: Score, kind: Kind, *, is_error: bool, is_changed_read: bool, is_unseen: bool) -> None:
        """Take in the score of one call."""
        self.kinds.setdefault(tool, kind)
        tallies = [self.total, self.by_tool[tool]]
        if kind != "unknown":
            tallies.append(self.reads if kind == "read" else self.writes)
        if kind == "write" and not is_error:
            tallies.append(self.successful_writes)
        if is_changed_read:
            tallies.append(self.changed_reads)
        if is_unseen and self.unseen is not None:
            tallies.append(self.unseen)
        for tally in tallies:
            tally.add(one)

    @property
    def slices(self) -> dict[str, Tally]:
        """The calls that are told apart, by name."""
        unseen = {} if self.unseen is None else {"unseen_arguments": self.unseen}
        return {
            "reads": self.reads,
            "writes": self.writes,
            "successful_writes": self.successful_writes,
            "changed_reads": self.changed_reads,
            **unseen,
        }

    def summary(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            **self.total.summary(),
            **{name: tally.summary() for name, tally in self.slices.items()},
            "by_tool": {tool: self.by_tool[tool].summary() for tool in sorted(self.by_tool)},
        }


@dataclass(slots=True)
class Result:
    """Both modes of one twin on one set of recorded calls.

    Attributes:
        merged: what became of the rows that the real answers of earlier calls showed.
        seconds: how long it took.
    """

    world: str
    trajectories: int
    teacher_forced: Part
    closed_loop: Part
    merged: Merged
    seconds: float = 0.0

    def summary(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "world": self.world,
            "trajectories": self.trajectories,
            "teacher_forced": self.teacher_forced.summary(),
            "closed_loop": self.closed_loop.summary(),
            "merged_rows": {"merged": self.merged.rows, "refused": dict(sorted(self.merged.refused.items()))},
            "seconds": round(self.seconds, 3),
        }
