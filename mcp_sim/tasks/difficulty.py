"""How hard a task is, by what its solution takes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from schemas.contracts.task import Difficulty
from schemas.marks import Marks, marks
from schemas.rows import key_text
from schemas.types import Step, World
from store.provenance import Provenance

_LEVELS = (1.0, 2.25, 3.5, 5.0)
"""Points beyond which a task is of the next level."""
_MOST = 4


def difficulty(world: World, steps: Sequence[Step], told: str, about: frozenset[str]) -> Difficulty:
    """What these steps, which solve a task, say of it.

    Args:
        world: where.
        steps: the solution, carried out.
        told: the instruction, whose ids the agent knows.
        about: the entities that the task speaks of.
    """
    writes = sum(bool(step.delta.changes) for step in steps)
    reads = len(steps) - writes
    hidden, depth = _chain(world, steps, told)
    haystack = sum(len(world.rows.get(entity, ())) for entity in about)
    points = (
        min(writes, _MOST) - bool(writes)
        + min(reads, _MOST) * 0.5
        + (depth - 1) * 0.5
        + min(hidden, _MOST) * 0.25
        + (math.log10(haystack) - 1 if haystack > 10 else 0) * 0.5
        + (0.5 if not writes else 0)
    )  # fmt: skip
    level = 1 + sum(points > least for least in _LEVELS)
    return Difficulty(level=level, writes=writes, reads=reads, hidden=hidden, depth=depth, haystack=haystack)


def _chain(world: World, steps: Sequence[Step], told: str) -> tuple[int, int]:
    """How many ids had to be found, and the longest chain of calls of which each needs what the one before showed."""
    known = Provenance(world)
    finders: dict[str, Marks | None] = {
        name: marks(world.tools[name].input_schema) for name in {step.call.tool for step in steps}
    }
    shown_by: dict[tuple[str, str], int] = {}
    depths: list[int] = []
    found = set()
    for step in steps:
        finder, depth = finders.get(step.call.tool), 1
        for entity, _, value in finder(step.call.arguments, "") if finder is not None else ():
            at = entity, key_text(value)
            if at in shown_by and key_text(value) not in told:
                found.add(at)
                depth = max(depth, 1 + depths[shown_by[at]])
        depths.append(depth)
        before = set(known.shown)
        known.follow((step,))
        shown_by |= dict.fromkeys(known.shown.keys() - before, len(depths) - 1)
    return len(found), max(depths, default=1)
