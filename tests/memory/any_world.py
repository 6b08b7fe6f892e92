"""Any world, with rows and changes that are right, nearly right and wrong; every row fits its schema."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from schemas.rows import key_text
from schemas.types import Change, Row, StateDelta, World

ENTITIES = ["a", "b"]
KEYS: dict[str, list[Any]] = {
    "string": ["x", "y", "é", "e\u0301", "1", "true", "\u212b", "a'\"\\b", "😀" * 256, " "],
    "integer": [1, 2, -3, 0, 2**63 - 1, -(2**63), 2**53 + 1, 1.0, -0.0],
}
ODD_KEYS: list[Any] = ["", "k" * 257, "nul\0", None, True, 1.5, [], {}, 2**64, float("nan"), 2.0**60]
TEXTS: list[Any] = ["", "x", "é", "e\u0301", "1", "true", "null", "long" * 100, "long" * 99 + "lone"]
NUMBERS: list[Any] = [0, -0.0, 1, 1.0, 0.3, 0.1 + 0.2, 1e-7, 2**53, 2**53 + 1, 2.0**53, 2.0**60, 2**60, 1e300, -(2**63)]
OTHERS: list[Any] = [None, True, False, [], {}, [1], [True], {"x": 1, "y": 2}, {"y": 2, "x": 1.0}, {"x": True, "y": 2}]
FIELDS = ["plain", "Maß", "a b", "x,y", "#", "%s?"]
"""Fields beside the key and the references."""

PATHS = {
    "one": ("one",),
    "many": ("many",),
    "in.one": ("in", "one"),
    "in.many": ("in", "many"),
    "lines.to": ("lines", "to"),
}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world with a few bare rows."""
    entities = {name: draw(_entities()) for name in ENTITIES}
    match = dict.fromkeys(draw(st.lists(st.sampled_from(FIELDS), max_size=3, unique=True)), "{args.x}")
    find = {"input": {"type": "object", "properties": {"x": {}}}, "effect": {"steps": [{"list": "a", "match": match}]}}
    seed = {name: [{entity["key"]: key} for key in _first(entity)] for name, entity in entities.items()}
    pack = {"name": "any", "entities": entities, "tools": {"find": find}, "seed": seed}
    return World.model_validate({"name": "any", "seed": draw(st.integers(0, 2**53)), "packs": [pack]})


@st.composite
def _entities(draw: st.DrawFn) -> dict[str, Any]:
    key = draw(st.sampled_from(["id", "κλειδί", "the key"]))
    kind = draw(st.sampled_from(["string", "integer"]))
    references = draw(st.dictionaries(st.sampled_from(sorted(PATHS)), st.sampled_from(ENTITIES), max_size=3))
    group = st.lists(st.sampled_from([*FIELDS, "one"]), min_size=1, max_size=2, unique=True)
    return {
        "key": key,
        "schema": {"type": "object", "properties": {key: {"type": kind}}},
        "references": {path: {"to": to, "on_delete": "restrict"} for path, to in references.items()},
        "unique": draw(st.lists(group, max_size=2, unique_by=tuple)),
        "immutable": draw(st.lists(st.sampled_from([*FIELDS, "one", "many"]), max_size=2, unique=True)),
    }


def _first(entity: dict[str, Any]) -> list[Any]:
    kind: str = entity["schema"]["properties"][entity["key"]]["type"]
    return KEYS[kind][:3]


def _keys(world: World, entity: str) -> list[Any]:
    properties = world.entities[entity].properties
    return KEYS[properties[world.entities[entity].key]["type"]]


@st.composite
def _rows(draw: st.DrawFn, world: World, entity: str, key: Any, values: list[Any], honest: bool) -> Row:
    definition = world.entities[entity]
    row: Row = {definition.key: key}
    for field in draw(st.lists(st.sampled_from(FIELDS), max_size=4, unique=True)):
        row[field] = draw(st.sampled_from(values))
    for path, reference in definition.references.items():
        if draw(st.integers(0, 3)):
            _refer(draw, row, PATHS[path], _keys(world, reference.to), honest)
    return row


def _refer(draw: st.DrawFn, row: Row, names: tuple[str, ...], keys: list[Any], honest: bool) -> None:
    one = st.sampled_from([*keys[:4], *keys[:4], None])
    many = st.lists(one, max_size=3)
    odd = st.one_of(st.sampled_from([True, 1.5, {"id": 1}, "nobody", 404, 2.0**60, [[1]]]), st.lists(many, max_size=2))
    value = draw(odd) if not honest and draw(st.integers(0, 4)) == 0 else draw(many if names[-1] == "many" else one)
    if names[0] == "in":
        row["in"] = {**row.get("in", {}), names[1]: value}
    elif names[0] == "lines":
        line = st.builds(lambda to: {"to": to, "n": 1}, one)
        row["lines"] = draw(st.lists(st.one_of(line, st.just({}), st.lists(line, max_size=1)), max_size=3))
        row["lines"] = [*row["lines"], {"to": value}]
    else:
        row[names[0]] = value


@st.composite
def deltas(draw: st.DrawFn, world: World, rows: dict[tuple[str, str], Row], values: list[Any]) -> StateDelta:
    """Changes of rows that are there, and of some that are not; their fields hold some of `values`."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        entity = draw(st.sampled_from(ENTITIES))
        honest = draw(st.integers(0, 5)) > 0
        value = draw(st.sampled_from(_keys(world, entity)[: 4 if honest else None] + ([] if honest else ODD_KEYS)))
        key = _written(value)
        before = rows.get((entity, key))
        op: Any = "create" if before is None else draw(st.sampled_from(["update", "update", "delete"]))
        if not honest:
            op = draw(st.sampled_from(["create", "update", "delete", "upsert"]))
        after = None if op == "delete" else draw(_rows(world, entity, value, values, honest))
        if before is not None and after is not None and draw(st.booleans()):
            after = {**before, **after}
        if not honest and draw(st.integers(0, 3)) == 0:
            key = draw(st.sampled_from([key, "other", key.upper()]))
        found.append(Change(op, entity, key, before, after))
    return StateDelta(tuple(found))


values = st.lists(st.sampled_from([*TEXTS, *NUMBERS, *OTHERS]), min_size=2, max_size=5)
"""The few values that the fields of one world hold."""


def _written(value: Any) -> str:
    try:
        return key_text(value)
    except TypeError:
        return str(value)
