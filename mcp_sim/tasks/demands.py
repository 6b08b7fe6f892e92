"""Clauses that hold exactly when the rows have come to the wanted outcome, and nothing else has changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcp_sim.tasks.outcome import At, Outcome
from schemas.contracts.clauses import Clause
from schemas.contracts.conduct import KnownIds
from schemas.contracts.patterns import Pattern
from schemas.contracts.rows import Absent, May, NothingElse, RowIs
from schemas.types import Row, World
from store.matching import same

_LONGEST = 2000
"""Characters of one condition."""
ALWAYS: tuple[Clause, ...] = (NothingElse(nothing_else=True), KnownIds(known_ids=Pattern()))


def demands(world: World, found: Sequence[Outcome]) -> tuple[Clause, ...] | None:
    """The clauses; None where a new row cannot be told from another."""
    created = {one.at: one for one in found if one.op == "create"}
    clauses: list[Clause] = []
    for one in found:
        key = _key(world, one)
        if one.op == "delete":
            clauses.append(Absent(absent=one.entity, key=key))
            continue
        conditions = [_fresh(world, field, at, created) for field, at in one.fresh.items()]
        if None in conditions:
            return None
        where = [condition for condition in conditions if condition is not None]
        loose = {field: _loose(field, value, (one.before or {}).get(field)) for field, value in one.fields.items()}
        where += [condition for condition in loose.values() if condition is not None]
        where += [_item(field, length, item) for field, (length, item) in one.items.items()]
        fields = {field: value for field, value in one.fields.items() if loose[field] is None}
        if one.op == "create":
            if not (fields or where) or (not one.fresh and _is_there(world, one.entity, fields)):
                return None
            clauses.append(RowIs(row=one.entity, fields=fields, where=_all(where)))
        else:
            if fields or where:
                clauses.append(RowIs(row=one.entity, key=key, fields=fields, where=_all(where)))
            if one.passing:
                clauses.append(May(may=one.entity, op="update", key=key, fields=one.passing))
    distinct = {clause.model_dump_json() for clause in clauses}
    return (*clauses, *ALWAYS) if len(distinct) == len(clauses) else None


def _key(world: World, outcome: Outcome) -> Any:
    return None if outcome.before is None else outcome.before[world.entities[outcome.entity].key]


def _fresh(world: World, field: str, at: At, created: dict[At, Outcome]) -> str | None:
    """That a field refers to a new row, told by what that row holds."""
    other = created[at]
    plain = {
        name: value
        for name, value in other.fields.items()
        if isinstance(value, str | int | float) and name.isidentifier()
    }
    if not plain or _is_there(world, at[0], plain):
        return None
    match = ", ".join(f"{name}={value!r}" for name, value in list(plain.items())[:4])
    return f"{_of('row', field)} in [{_of('one', world.entities[at[0]].key)} for one in find({at[0]!r}, {match})]"


def _is_there(world: World, entity: str, fields: Row) -> bool:
    """Whether a row holds these values at the start."""
    return any(all(same(row.get(name), value) for name, value in fields.items()) for row in world.rows.get(entity, ()))


def _loose(field: str, value: Any, before: Any) -> str | None:
    """For a list whose order means nothing, what it holds; None where the order is that of the service."""
    if not isinstance(value, list) or len(value) < 2:
        return None
    if all(isinstance(part, str | int | float) for part in value):
        return f"sorted({_of('row', field)}) == sorted({value!r})"
    added = [part for part in value if not any(same(part, old) for old in before or ())]
    if len(added) < 2:
        return None
    condition = f"len({_of('row', field)}) == {len(value)} and all([one in {_of('row', field)} for one in {value!r}])"
    return condition if len(condition) < _LONGEST else None


def _item(field: str, length: int, item: Row) -> str:
    parts = " and ".join(f"{_of('item', name)} == {value!r}" for name, value in item.items())
    return f"len({_of('row', field)}) == {length} and any([{parts} for item in {_of('row', field)}])"


def _of(row: str, field: str) -> str:
    return f"{row}.{field}" if field.isidentifier() else f"{row}[{field!r}]"


def _all(conditions: list[str]) -> str | None:
    return " and ".join(conditions) or None
