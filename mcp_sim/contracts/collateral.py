"""Nothing else: what the session changed and no clause allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from mcp_sim.contracts.calls import Calls, Seen
from mcp_sim.contracts.finding import Failures, Finding, held, vacuous, where
from mcp_sim.contracts.monitor import End
from mcp_sim.contracts.rows import fits, has_fields, meant
from schemas.contracts.patterns import Common
from schemas.contracts.rows import Absent, HowMany, May, NothingElse, RowIs, RowsOf
from schemas.contracts.wording import shown
from schemas.expressions import parse
from schemas.rows import key_text
from schemas.types import Change, Op, Row
from store.matching import matches, same


@dataclass(frozen=True, slots=True)
class _Doing:
    """A change to a row that has to be allowed: by which call, what, and which fields."""

    seen: Seen
    op: Op
    entity: str
    key: str
    before: Row | None
    after: Row | None
    fields: tuple[str, ...]

    def told(self) -> str:
        """The change in words."""
        at = f"{self.entity} {self.key}"
        if self.op != "update":
            return f"{where(self.seen.step)} {self.op}d {at}"
        before, after = self.before or {}, self.after or {}
        told = (f"{name} {shown(before.get(name))} -> {shown(after.get(name))}" for name in self.fields)
        return f"{where(self.seen.step)} changed {at}: {', '.join(told)}"


@dataclass(frozen=True, slots=True)
class _Allowance:
    """Changes that a clause allows.

    Attributes:
        keys: only of these rows.
        fields: updates of these alone.
        where: over `row`; of a deleted row, what it was if the allowance `looks_back`, else null.
        by: the number of a pattern of calls that made the change.
    """

    ops: frozenset[str]
    keys: frozenset[str] | None = None
    fields: frozenset[str] | None = None
    match: dict[str, Any] = field(default_factory=dict)
    where: str | None = None
    by: int | None = None
    looks_back: bool = False


_ALL: frozenset[str] = frozenset({"create", "update", "delete"})


class Collateral:
    """`nothing_else`: every change is asked for, or allowed, by a clause."""

    def __init__(self, clause: NothingElse, leaves: Iterable[Common], ready: Calls) -> None:
        self._ever = clause.ever
        self._leaves = list(leaves)
        self._by = {id(leaf): ready.number(leaf.by) for leaf in self._leaves if isinstance(leaf, May) and leaf.by}

    def take(self, seen: Seen) -> None:
        """The changes are in the end."""

    def finding(self, end: End) -> Finding:
        """Every change against every allowance for its entity."""
        allowed = self._allowances(end)
        failures, count = [], 0
        for doing in self._doings(end):
            count += 1
            candidates = (*allowed.get(doing.entity, ()), *allowed.get("*", ()))
            left = _left(doing, candidates, end)
            if left is not None:
                failures.append(left)
        if not failures:
            if not count:
                return vacuous("the session changed nothing")
            return held(f"all {count} change{'s are' if count != 1 else ' is'} asked for or allowed")
        found = Failures()
        for doing in sorted(failures, key=lambda one: one.seen.index):
            found.add(f"{doing.told()}, which no clause asks for or allows", doing.seen.n, settled=self._ever)
        return found.finding()

    def _doings(self, end: End) -> Iterator[_Doing]:
        for (entity, key), history in end.touched.items():
            if self._ever:
                yield from (_doing(seen, change, entity, key) for seen, change in history)
            else:
                yield from _net(end, entity, key, history)

    def _allowances(self, end: End) -> dict[str, list[_Allowance]]:
        found: dict[str, list[_Allowance]] = {}
        for leaf in self._leaves:
            match leaf:
                case May():
                    found.setdefault(leaf.may, []).append(self._may(leaf))
                case RowIs():
                    found.setdefault(leaf.entity, []).extend(_wanted(leaf, end))
                case Absent():
                    found.setdefault(leaf.entity, []).append(_of(leaf, "delete"))
                case HowMany():
                    named = _Allowance(frozenset({"update"}), _keys(leaf), frozenset(_named(leaf)))
                    found.setdefault(leaf.entity, []).extend([_of(leaf, "create", "delete"), named])
        return found

    def _may(self, clause: May) -> _Allowance:
        ops = _ALL if clause.op is None else frozenset({clause.op} if isinstance(clause.op, str) else clause.op)
        return _Allowance(
            ops,
            _keys(clause),
            frozenset(clause.fields) or None,
            clause.match,
            clause.where,
            self._by.get(id(clause)),
        )


def _keys(clause: RowsOf | May) -> frozenset[str] | None:
    return None if clause.key is None else frozenset({key_text(clause.key)})


def _of(clause: RowsOf, *ops: Op) -> _Allowance:
    """That the rows of a clause come or go."""
    return _Allowance(frozenset(ops), _keys(clause), None, clause.match, clause.where, looks_back=True)


def _net(end: End, entity: str, key: str, history: list[tuple[Seen, Change]]) -> Iterator[_Doing]:
    """What became of a row from the start to the end."""
    first, last = end.first[entity].get(key), end.rows.get(entity, key)
    if last is None or first is None:
        op: Op = "delete" if last is None else "create"
        if first is not last:
            seen = next(seen for seen, change in reversed(history) if change.op == op)
            yield _Doing(seen, op, entity, key, first, last, ())
        return
    changed = _differences(first, last)
    for seen, change in history:
        mine = [name for name in _differences(change.before or {}, change.after or {}) if name in changed]
        if mine:
            yield _Doing(seen, "update", entity, key, change.before, change.after, tuple(mine))


def _doing(seen: Seen, change: Change, entity: str, key: str) -> _Doing:
    fields = tuple(_differences(change.before or {}, change.after or {})) if change.op == "update" else ()
    return _Doing(seen, change.op, entity, key, change.before, change.after, fields)


def _differences(before: Row, after: Row) -> list[str]:
    return [name for name in {**before, **after} if not same(before.get(name), after.get(name))]


def _left(doing: _Doing, allowances: Iterable[_Allowance], end: End) -> _Doing | None:
    """What of a change nothing allows; the fields of an update may be allowed one by one."""
    left = doing.fields
    for allowance in allowances:
        if _allows(allowance, doing, end):
            if doing.op != "update" or allowance.fields is None:
                return None
            left = tuple(name for name in left if name not in (allowance.fields or ()))
            if not left:
                return None
    return replace(doing, fields=left)


def _allows(allowance: _Allowance, doing: _Doing, end: End) -> bool:
    if doing.op not in allowance.ops or (allowance.keys is not None and doing.key not in allowance.keys):
        return False
    if allowance.by is not None and not doing.seen.fits(allowance.by):
        return False
    rows = [row for row in (doing.after, doing.before) if row is not None]
    if allowance.match and not any(matches(row, allowance.match) for row in rows):
        return False
    row = doing.before if doing.after is None and allowance.looks_back else doing.after
    return fits(allowance.where, {"row": row, "before": doing.before}, end.conditions)


def _wanted(clause: RowIs, end: End) -> Iterator[_Allowance]:
    """One new row, and updates of the fields that the clause names."""
    entity = end.world.entities[clause.entity]
    found = meant(clause, end)
    if clause.key is None and not clause.match:
        found = [row for row in found if has_fields(row, clause.fields)]
    named = frozenset(_named(clause)) | frozenset(clause.fields)
    keys = {key_text(row[entity.key]): row for row in found}
    if named:
        yield _Allowance(frozenset({"update"}), frozenset(keys), named)
    created = [key for key in keys if key not in end.first[clause.entity]]
    created.sort(
        key=lambda key: (not has_fields(keys[key], clause.fields), end.history(clause.entity, key)[0][0].index)
    )
    yield _Allowance(frozenset({"create"}), frozenset(created[:1]))


def _named(clause: RowsOf) -> Iterator[str]:
    """The fields that a clause speaks of."""
    yield from (path.partition(".")[0] for path in clause.match)
    if clause.where is not None:
        yield from (name for row, name in parse(clause.where).fields if row == "row")
