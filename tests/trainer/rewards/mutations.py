"""Answers that are wrong in one place: what a careless world model does to a real one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from mcp_sim.fidelity import NOT_JSON, parsed, same_json
from mcp_sim.worldmodel.wire import compact
from trainer.record import Record
from trainer.rewards.classes import is_opaque
from trainer.rewards.target import target

Place = tuple[Any, Any]
"""A container and the name or position of a part of it."""


def mutated(record: Record, kind: str, chance: Random) -> str | None:
    """The wanted answer of a record with one thing wrong; None where this cannot go wrong in it."""
    gold = target(record).gold_text
    value = parsed(gold)
    if value is NOT_JSON:
        value = gold
    broken = KINDS[kind](copy.deepcopy(value), record, chance)
    if broken is None or same_json(broken, value):
        return None
    return broken if isinstance(broken, str) else compact(broken)


def _number(value: Any, record: Record, chance: Random) -> Any:
    return _replaced(
        value, chance, lambda leaf: type(leaf) in (int, float), lambda leaf: leaf + chance.choice([-2, -1, 1, 3, 10])
    )


def _id(value: Any, record: Record, chance: Random) -> Any:
    def other(leaf: str) -> str:
        at = chance.choice([index for index, sign in enumerate(leaf) if sign.isdigit()] or [0])
        return leaf[:at] + str((int(leaf[at]) + 1) % 10 if leaf[at].isdigit() else "7") + leaf[at + 1 :]

    return _replaced(value, chance, lambda leaf: isinstance(leaf, str) and is_opaque(leaf), other)


def _dropped(value: Any, record: Record, chance: Random) -> Any:
    # A null that is left out of a proposed row comes to the same.
    place = _one([(part, at) for part, at in _places(value) if isinstance(part, dict) and part[at] is not None], chance)
    if place is None or "error" in place[0]:
        return None
    del place[0][place[1]]
    return value


def _added(value: Any, record: Record, chance: Random) -> Any:
    deleted = {id(part["row"]) for part in _parts(value) if isinstance(part, dict) and part.get("op") == "delete"}
    objects = [part for part in _parts(value) if isinstance(part, dict) and not {"error", "op"} & part.keys()]
    part = _one([part for part in objects if id(part) not in deleted], chance)
    if part is None:
        return None
    part[chance.choice(["internal_ref", "comment", "extra_total"])] = chance.choice(["A-1", "none", 3, "as before"])
    return value


def _status(value: Any, record: Record, chance: Random) -> Any:
    if isinstance(value, dict) and set(value) == {"error"}:
        return {"observation": {"ok": True}, "changes": []} if target(record).writes else {"ok": True}
    return {"error": "Not found"} if not record.facts.get("is_error") else None


def _stale(value: Any, record: Record, chance: Random) -> Any:
    """A field shows what an earlier turn or the row before the change held: any other value of that field."""
    rows = [row for _, row in target(record).shown.rows]
    return _from_rows(value, [row for row in rows if row], chance, own=True)


def _other_row(value: Any, record: Record, chance: Random) -> Any:
    rows = [row for _, row in target(record).shown.rows]
    rows += [part for part in _parts(value) if isinstance(part, dict)]
    return _from_rows(value, rows, chance, own=False)


def _swapped(value: Any, record: Record, chance: Random) -> Any:
    lists = [
        part for part in _parts(value) if isinstance(part, list) and len(part) > 1 and not same_json(part[0], part[-1])
    ]
    part = _one(lists, chance)
    if part is None or _is_changes(part):
        return None
    part[0], part[-1] = part[-1], part[0]
    return value


def _truncated(value: Any, record: Record, chance: Random) -> Any:
    part = _one([part for part in _parts(value) if isinstance(part, list) and part], chance)
    if part is None:
        return None
    del part[-1]
    return value


def _error_text(value: Any, record: Record, chance: Random) -> Any:
    if isinstance(value, dict) and set(value) == {"error"}:
        return {
            "error": chance.choice(
                [value["error"] + " Try again later.", "Invalid request", value["error"][: len(value["error"]) // 2]]
            )
        }
    return None


KINDS: dict[str, Callable[[Any, Record, Random], Any]] = {
    "a number": _number,
    "an id": _id,
    "a dropped field": _dropped,
    "an added field": _added,
    "the wrong status": _status,
    "a stale row": _stale,
    "another row's value": _other_row,
    "swapped rows": _swapped,
    "a truncated list": _truncated,
    "another error text": _error_text,
}


def _parts(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _parts(part)


def _places(value: Any) -> Iterator[Place]:
    """Places in the observation, and in rows that are proposed as they will be."""
    proposed = {id(part["row"]) for part in _parts(value) if isinstance(part, dict) and part.get("op") == "delete"}
    for part in _parts(value):
        if isinstance(part, dict | list) and not (isinstance(part, dict) and ("op" in part or id(part) in proposed)):
            yield from ((part, at) for at in (list(part) if isinstance(part, dict) else range(len(part))))


def _is_changes(part: list[Any]) -> bool:
    return all(isinstance(one, dict) and "op" in one for one in part)


def _one(options: list[Any], chance: Random) -> Any:
    return chance.choice(options) if options else None


def _replaced(value: Any, chance: Random, fits: Callable[[Any], bool], other: Callable[[Any], Any]) -> Any:
    place = _one([(part, at) for part, at in _places(value) if fits(part[at])], chance)
    if place is None:
        return None
    place[0][place[1]] = other(place[0][place[1]])
    return value


def _from_rows(value: Any, rows: list[Any], chance: Random, *, own: bool) -> Any:
    """A field takes the value that a row has in the field of this name."""
    options = []
    for part, name in _places(value):
        if isinstance(part, dict) and not isinstance(part[name], dict | list):
            for row in rows:
                if row is part or name not in row or same_json(row[name], part[name]):
                    continue
                shares = any(
                    row.get(key) == part.get(key) for key in list(part)[:4] if isinstance(part.get(key), str | int)
                )
                if shares == own and not isinstance(row[name], dict | list):
                    options.append((part, name, row[name]))
    found = _one(options, chance)
    if found is None:
        return None
    found[0][found[1]] = found[2]
    return value
