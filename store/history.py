"""The steps that a layer stands on: its own, and those of its parents up to where it went on from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import bindparam, select

from store.db import Database
from store.tables import layer, step

_PARENT = select(layer.c.parent, layer.c.base).where(layer.c.id == bindparam("id"))
_STATE = select(step.c.state).where(step.c.layer == bindparam("layer"), step.c.n == bindparam("n"))
_PAGE = (
    select(step.c.n, step.c.body, step.c.measured)
    .where(step.c.layer == bindparam("layer"), step.c.n > bindparam("after"), step.c.n <= bindparam("upto"))
    .order_by(step.c.n)
    .limit(500)
)


_OF_TOOL = (
    select(step.c.body)
    .where(
        step.c.layer == bindparam("layer"),
        step.c.n > bindparam("after"),
        step.c.n <= bindparam("upto"),
        step.c.tool == bindparam("tool"),
    )
    .order_by(step.c.n.desc())
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Clock (microseconds since the world's start) and id counters after a step."""

    clock: int
    counters: dict[str, int]

    def encode(self) -> str:
        """As JSON, for the table `step`."""
        return orjson.dumps({"clock": self.clock, "counters": self.counters}, option=orjson.OPT_SORT_KEYS).decode()


def stretches(db: Database, of: int, upto: int) -> list[tuple[int, int, int]]:
    """The layers that hold the steps 1 to `upto` that a layer stands on, oldest first, as (layer, after, upto)."""
    found = []
    at: int | None = of
    while at is not None:
        row = db.run(_PARENT, id=at).one()
        if upto > row.base:
            found.append((at, int(row.base), upto))
        at, upto = row.parent, min(upto, row.base)
    return found[::-1]


def moment(db: Database, of: int, n: int) -> Moment | None:
    """Clock and counters after step `n`; None before the first step."""
    if n == 0:
        return None
    at = next(found for found, after, _ in stretches(db, of, n)[::-1] if after < n)
    state = orjson.loads(db.run(_STATE, layer=at, n=n).scalar_one())
    return Moment(state["clock"], state["counters"])


def read_steps(db: Database, of: int, upto: int = 2**31 - 1, after: int = 0) -> Iterator[bytes]:
    """The canonical bytes of the steps that a layer stands on, behind `after`, in order, as a stream."""
    return (row.body.encode() for row in _rows(db, of, upto, after))


def read_measured(db: Database, of: int) -> Iterator[dict[str, Any]]:
    """What the steps took that a layer stands on, in order, as a stream."""
    return (orjson.loads(row.measured) for row in _rows(db, of, 2**31 - 1, 0))


def _rows(db: Database, of: int, upto: int, after: int) -> Iterator[Any]:
    for at, base, last in stretches(db, of, upto):
        read = max(base, after)
        while page := db.run(_PAGE, layer=at, after=read, upto=last).all():
            yield from page
            read = page[-1].n


def steps_of_tool(db: Database, of: int, tool: str, limit: int, after: int) -> list[bytes]:
    """The canonical bytes of the last steps of a tool behind `after`, oldest first."""
    found: list[bytes] = []
    for at, base, last in reversed(stretches(db, of, 2**31 - 1)):
        if len(found) < limit and last > after:
            wanted = {"layer": at, "after": max(base, after), "upto": last, "tool": tool, "limit": limit - len(found)}
            found += [row.body.encode() for row in db.run(_OF_TOOL, **wanted)]
    return found[::-1]
