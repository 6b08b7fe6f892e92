"""Any INSERT, UPDATE and DELETE on any table, with values that are there, that are near, and that are out of place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.memory.ground import DOCK, SAILOR, SHIP

STATE = '{"clock": 9000000, "counters": {}}'
BODIES = [
    DOCK,
    DOCK | {"id": "D-01", "name": "North"},
    SAILOR,
    SAILOR | {"ship_id": "S-404"},
    SHIP,
    SHIP | {"dock_id": "D-90", "sister_id": "S-900"},
    SHIP | {"dock_id": "D-404"},
    SHIP | {"id": "S-001", "name": "Aurora", "flag_ids": ["nil"]},
    SHIP | {"id": "S-002", "yard": "Wick"},
    {"id": "red", "colours": []},
    {"number": 1, "weight": 3},
]
_layer = st.integers(1, 7)
_step = st.integers(0, 5)
_world = st.sampled_from([1, 1, 2, 3])
_entity = st.sampled_from(["dock", "ship", "sailor", "flag", "crate"])
_key = st.sampled_from(["D-01", "D-02", "D-90", "S-001", "S-002", "S-004", "S-900", "C-001", "C-900", "red", "1"])
_field = st.sampled_from(
    ["dock_id", "sister_id", "flag_ids", "cargo.crate", "ship_id", "!name", "!name,yard", "?mate_id"]
)
_body = st.sampled_from(BODIES).map(json.dumps) | st.none()
_op = st.sampled_from(["create", "update", "delete"])
_session = st.sampled_from(["trunk", "branch", "other", "fresh"])
_text = st.just("x")

COLUMNS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "world": {"id": _world, "fingerprint": _text, "name": _text, "body": st.just('{"packs": []}')},
    "rule": {
        "world": _world,
        "entity": _entity,
        "field": _field,
        "kind": st.sampled_from(["key", "reference", "filter", "unique", "immutable"]),
        "target": _entity,
        "paths": st.just('$."name"'),
    },
    "layer": {
        "id": st.integers(-1, 9),
        "world": _world,
        "parent": _layer | st.none(),
        "base": _step,
        "skip": st.sampled_from([0, 0, 1, 2]),
    },
    "ancestry": {"layer": _layer, "depth": _step, "ancestor": _layer, "upto": _step},
    "opening": {"layer": _layer, "n": _step},
    "version": {"layer": _layer, "entity": _entity, "key": _key, "step": _step, "op": _op, "body": _body},
    "entry": {"layer": _layer, "entity": _entity, "field": _field, "value": _key, "key": _key, "step": _step},
    "pending": {"layer": _layer, "entity": _entity, "key": _key, "op": _op},
    "tally": {"layer": _layer, "entity": _entity, "step": _step, "rows": _step},
    "step": {
        "layer": _layer,
        "n": _step,
        "at": _text,
        "tool": st.just(""),
        "is_error": st.just(False),
        "changes": st.integers(0, 3),
        "body": st.just("{}"),
        "state": st.just(STATE),
        "measured": st.just("{}"),
    },
    "session": {
        "id": _session,
        "world": _world,
        "layer": _layer,
        "seed": _step,
        "created": _text,
        "touched": _text,
    },
    "snapshot": {"session": _session, "name": _text, "layer": _layer, "n": _step},
}


@dataclass(frozen=True)
class Statement:
    """One statement and its values."""

    sql: str
    values: tuple[Any, ...] = ()


@st.composite
def statements(draw: st.DrawFn, is_sqlite: bool) -> Statement:
    """One statement."""
    table = draw(st.sampled_from([*COLUMNS, *["opening", "version", "step", "layer", "session"] * 3]))
    columns = COLUMNS[table]
    verb = draw(st.sampled_from(["", "OR REPLACE", "OR IGNORE", "OR FAIL"])) if is_sqlite else ""
    match draw(st.sampled_from(["INSERT", "INSERT", "INSERT", "UPDATE", "DELETE"])):
        case "INSERT":
            named = [name for name in columns if name != "id" or table == "session" or draw(st.booleans())]
            tail = draw(st.sampled_from(["", "", " ON CONFLICT DO NOTHING"]))
            sql = f"INSERT {verb} INTO {table} ({', '.join(named)}) VALUES ({', '.join('?' * len(named))}){tail}"
            return Statement(sql, tuple(draw(columns[name]) for name in named))
        case "UPDATE":
            named = draw(st.lists(st.sampled_from(sorted(columns)), min_size=1, max_size=2, unique=True))
            where = draw(_where(table))
            change = ", ".join(f"{name} = ?" for name in named)
            values = tuple(draw(columns[name]) for name in named)
            return Statement(f"UPDATE {verb} {table} SET {change}{where.sql}", values + where.values)
        case _:
            where = draw(_where(table))
            return Statement(f"DELETE FROM {table}{where.sql}", where.values)


@st.composite
def _where(draw: st.DrawFn, table: str) -> Statement:
    columns = COLUMNS[table]
    named = draw(st.lists(st.sampled_from(sorted(columns)), max_size=2, unique=True))
    conditions = " AND ".join(f"{name} = ?" for name in named)
    return Statement(f" WHERE {conditions}" if named else "", tuple(draw(columns[name]) for name in named))


@st.composite
def steps(draw: st.DrawFn, is_sqlite: bool) -> list[Statement]:
    """What a step takes, nearly right, with other statements between."""
    session = draw(st.sampled_from(["trunk", "branch", "other"]))
    layer = draw(st.sampled_from([f"(SELECT layer FROM session WHERE id = '{session}')"] * 12 + ["1", "3", "7"]))
    following = (
        f"(SELECT coalesce(max(n), (SELECT base FROM layer WHERE id = {layer})) + 1 FROM step WHERE layer = {layer})"
    )
    n = draw(st.sampled_from([following] * 12 + [f"{following} + 1", "0", "3"]))
    written = draw(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(BODIES), _key), max_size=3, unique_by=repr))
    changes = draw(st.sampled_from([len(written)] * 8 + [0, 1]))
    found = [Statement("DELETE FROM opening")] if draw(st.integers(0, 3)) else []
    found.append(Statement(f"INSERT INTO opening (layer, n) VALUES ({layer}, {n})"))
    for chance, body, key in written:
        entity = "dock" if "open" in body else "flag" if "colours" in body else "crate" if "weight" in body else "ship"
        entity = "sailor" if "ship_id" in body else entity
        own = str(body.get("id", body.get("number")))
        op = "delete" if chance == 0 else "create" if ("90" in own) != (chance == 1) else "update"
        values = (key, op, None) if op == "delete" else (own, op, json.dumps(body))
        columns = f"(layer, entity, key, step, op, body) VALUES ({layer}, '{entity}', ?, {n}, ?, ?)"
        found.append(Statement(f"INSERT INTO version {columns}", values))
    columns = "(layer, n, at, tool, is_error, changes, body, state, measured)"
    values = (False, changes, STATE)
    found.append(
        Statement(f"INSERT INTO step {columns} VALUES ({layer}, {n}, '', '', ?, ?, '{{}}', ?, '{{}}')", values)
    )
    for _ in range(draw(st.integers(0, 2))):
        found.insert(draw(st.integers(0, len(found))), draw(statements(is_sqlite)))
    return found


def programs(is_sqlite: bool) -> st.SearchStrategy[list[Statement]]:
    """Many statements, some of them inside a transaction."""
    bounds = st.sampled_from([Statement("BEGIN"), Statement("COMMIT"), Statement("ROLLBACK")])
    parts = st.one_of(
        statements(is_sqlite).map(lambda one: [one]), steps(is_sqlite), steps(is_sqlite), bounds.map(lambda one: [one])
    )
    return st.lists(parts, max_size=12).map(lambda found: [one for part in found for one in part])
