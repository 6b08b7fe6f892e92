"""The harbour in plain dictionaries: what the store must agree with, and changes by chance."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from schemas.types import Call, Change, Observation, Row, StateDelta, Step, World
from store.timeline import Timeline
from store.view import EntityView

State = dict[str, dict[Any, Row]]

KEYS: dict[str, list[Any]] = {
    "dock": ["D-01", "D-02", "D-03"],
    "flag": ["red", "jack", "ünï"],
    "crate": [1, 2, 10],
    "ship": ["S-001", "S-002", "S-003", "S-010"],
    "sailor": ["C-001", "C-002", "C-003", "C-004"],
}
YARDS = ["Leith", "Gdansk", "x" * 300 + "y", "x" * 300 + "z", "null", ""]
KEY_FIELDS = {"dock": "id", "flag": "id", "crate": "number", "ship": "id", "sailor": "id"}


def _key(entity: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(KEYS[entity])


def _maybe(entity: str) -> st.SearchStrategy[Any]:
    return st.none() | _key(entity)


FIELDS: dict[str, st.SearchStrategy[Row]] = {
    "dock": st.fixed_dictionaries(
        {"name": st.sampled_from("NSEW"), "open": st.booleans(), "depth": st.none() | st.just(3.0)}
    ),
    "flag": st.fixed_dictionaries({"colours": st.lists(st.sampled_from(["red", "blue"]), max_size=2)}),
    "crate": st.fixed_dictionaries({"weight": st.integers(1, 9)}),
    "ship": st.fixed_dictionaries(
        {
            "name": st.sampled_from(["Aurora", "Borealis", "Ünï"]),
            "yard": st.sampled_from(YARDS),
            "tonnes": st.sampled_from([0, 100, 900]),
            "dock_id": _maybe("dock"),
            "sister_id": _maybe("ship"),
            "flag_ids": st.lists(_key("flag"), max_size=3),
            "cargo": st.lists(
                st.fixed_dictionaries({"crate": _key("crate")}, optional={"guard_id": _maybe("sailor")}), max_size=3
            ),
        }
    ),
    "sailor": st.fixed_dictionaries({"name": st.just("Ada"), "ship_id": _key("ship"), "mate_id": _maybe("sailor")}),
}


def seed_of(world: World) -> State:
    """The seed rows by entity and key."""
    return {name: {row[KEY_FIELDS[name]]: dict(row) for row in world.rows[name]} for name in KEYS}


@st.composite
def deltas(draw: st.DrawFn, state: State, *, honest: bool = True) -> StateDelta:
    """Up to four changes of different rows; they may break references, and `honest` ones name what is there."""
    places = draw(
        st.lists(st.sampled_from([(name, key) for name in KEYS for key in KEYS[name]]), max_size=4, unique=True)
    )
    changes = []
    for name, key in places:
        before = state[name].get(key)
        op: Any = draw(st.sampled_from(["update", "delete"])) if before else "create"
        if not honest:
            op = draw(st.sampled_from(["create", "update", "delete"]))
        after = None if op == "delete" else {KEY_FIELDS[name]: key, **draw(FIELDS[name])}
        if before is not None and after is not None and name == "ship" and draw(st.integers(0, 3)):
            after["yard"] = before["yard"]
        changes.append(Change(op, name, str(key), before, after))
    return StateDelta(tuple(changes))


def applied(state: State, delta: StateDelta) -> State:
    """The state after a delta."""
    fresh = copy.deepcopy(state)
    for change in delta.changes:
        key = int(change.key) if change.entity == "crate" else change.key
        if change.after is None:
            fresh[change.entity].pop(key, None)
        else:
            fresh[change.entity][key] = change.after
    return fresh


def references(state: State) -> list[tuple[str, Any, str, str, Any]]:
    """Every reference as (entity, key, path, entity it names, key it names)."""
    found: list[tuple[str, Any, str, str, Any]] = []
    for key, row in state["ship"].items():
        found += [
            ("ship", key, "dock_id", "dock", row.get("dock_id")),
            ("ship", key, "sister_id", "ship", row.get("sister_id")),
        ]
        found += [("ship", key, "flag_ids", "flag", flag) for flag in row.get("flag_ids", ())]
        for line in row.get("cargo", ()):
            found.append(("ship", key, "cargo.crate", "crate", line["crate"]))
            found.append(("ship", key, "cargo.guard_id", "sailor", line.get("guard_id")))
    for key, row in state["sailor"].items():
        found += [
            ("sailor", key, "ship_id", "ship", row["ship_id"]),
            ("sailor", key, "mate_id", "sailor", row.get("mate_id")),
        ]
    return [reference for reference in found if reference[4] is not None]


def is_whole(state: State) -> bool:
    """Whether every reference resolves and every unique group holds once."""
    names = [row["name"] for row in state["dock"].values()]
    ships = [(row["name"], row["yard"]) for row in state["ship"].values()]
    resolved = all(target in state[entity] for _, _, _, entity, target in references(state))
    return resolved and len(set(names)) == len(names) and len(set(ships)) == len(ships)


POLICIES = {
    "dock_id": "restrict",
    "sister_id": "set-null",
    "flag_ids": "set-null",
    "cargo.crate": "restrict",
    "cargo.guard_id": "set-null",
    "ship_id": "cascade",
    "mate_id": "cascade",
}


def after_delete(state: State, entity: str, key: Any) -> State | None:
    """What a delete should leave, or None where it should be refused."""
    gone = {(entity, key)}
    while True:
        pulled = {
            (name, at)
            for name, at, path, to, target in references(state)
            if POLICIES[path] == "cascade" and (to, target) in gone
        }
        if pulled <= gone:
            break
        gone |= pulled
    left: State = {
        name: {at: dict(row) for at, row in rows.items() if (name, at) not in gone} for name, rows in state.items()
    }
    lost = [(path, target) for _, _, path, to, target in references(left) if (to, target) in gone]
    if any(POLICIES[path] == "restrict" for path, _ in lost):
        return None
    ships = {at for name, at in gone if name == "ship"}
    flags = {at for name, at in gone if name == "flag"}
    sailors = {at for name, at in gone if name == "sailor"}
    for row in left["ship"].values():
        if row.get("sister_id") in ships:
            row["sister_id"] = None
        row["flag_ids"] = [flag for flag in row["flag_ids"] if flag not in flags]
        row["cargo"] = [
            {**line, "guard_id": None} if line.get("guard_id") in sailors else line for line in row["cargo"]
        ]
    return left


def commit(timeline: Timeline, delta: StateDelta) -> EntityView:
    """Write a delta as the next step; the view that it was written on."""
    call = Call("test", {})
    view = timeline.view(call)
    timeline.commit(Step(view.n, view.now, call, Observation(""), delta, "test", "test"), view, {})
    return view
