"""Whatever is written, branched, rewound and deleted: every way of reading agrees with plain dictionaries."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.types import Call, Row
from store.db import Database
from store.integrity import check
from store.timeline import Timeline
from tests.running import HARBOUR
from tests.store.plain import KEY_FIELDS, KEYS, YARDS, State, applied, commit, deltas, references, seed_of

WORLD = load_world(HARBOUR)
MATCHES: list[tuple[str, dict[str, Any]]] = [
    *(("ship", {"dock_id": dock}) for dock in (None, "D-01", "D-03", "D-99")),
    *(("ship", {"yard": yard}) for yard in YARDS),
    *(("ship", {"flag_ids": flag}) for flag in KEYS["flag"]),
    *(("ship", {"cargo.crate": crate}) for crate in (1, 1.0, 10, True, "1")),
    ("ship", {"tonnes": 100}),
    ("ship", {"dock_id": "D-01", "yard": "Leith"}),
    ("ship", {"dock_id": None, "sister_id": None}),
    ("ship", {"flag_ids": None}),
    ("sailor", {"ship_id": "S-001"}),
    ("sailor", {"mate_id": None}),
    ("dock", {"open": True}),
    ("dock", {"open": 1}),
    ("crate", {"weight": 3}),
    ("crate", {"weight": 3.0}),
]


def found(state: State, entity: str, match: dict[str, Any]) -> list[Row]:
    """The rows that match, in key order."""
    return [row for _, row in sorted(state[entity].items()) if all(_holds(row, *wanted) for wanted in match.items())]


def _holds(row: Row, path: str, wanted: Any) -> bool:
    first, _, rest = path.partition(".")
    value = row.get(first)
    values = [item[rest] for item in value or ()] if rest else value if isinstance(value, list) else [value]
    values = [item for item in values if item is not None]
    if wanted is None:
        return not values
    return any(item == wanted and isinstance(item, bool) == isinstance(wanted, bool) for item in values)


class Visibility(RuleBasedStateMachine):
    """Sessions on one database beside their histories in plain dictionaries: one state per step."""

    names = Bundle("names")

    def __init__(self) -> None:
        super().__init__()
        self.database = Database("sqlite://")
        self.sessions = Sessions(self.database)
        self.histories: dict[str, list[State]] = {}
        self.count = 0

    def teardown(self) -> None:
        self.database.close()

    def fresh_name(self) -> str:
        self.count += 1
        return f"s{self.count}"

    def timeline(self, name: str) -> Timeline:
        return Timeline(self.database, WORLD, name)

    @initialize(target=names)
    def first(self) -> Any:
        return self.create()

    @rule(target=names)
    def create(self) -> str:
        name = self.fresh_name()
        self.sessions.create(WORLD, session_id=name)
        self.histories[name] = [seed_of(WORLD)]
        return name

    @rule(name=names, data=st.data(), steps=st.integers(1, 3))
    def write(self, name: str, data: st.DataObject, steps: int) -> None:
        timeline, history = self.timeline(name), self.histories[name]
        for _ in range(steps):
            delta = data.draw(deltas(history[-1]))
            if not check(WORLD, timeline.view(Call("test", {})), delta):
                commit(timeline, delta)
                history.append(applied(history[-1], delta))

    @rule(target=names, name=names, at=st.integers(0, 6))
    def branch(self, name: str, at: int) -> str:
        history = self.histories[name]
        at = min(at, len(history) - 1)
        fresh = self.fresh_name()
        self.sessions.branch(name, at=at, fresh_id=fresh)
        self.histories[fresh] = history[: at + 1]
        return fresh

    @rule(name=names, to=st.integers(0, 6))
    def rewind(self, name: str, to: int) -> None:
        history = self.histories[name]
        to = min(to, len(history) - 1)
        self.sessions.rewind(name, to)
        del history[to + 1 :]

    @rule(name=names)
    def reset(self, name: str) -> None:
        self.sessions.reset(name)
        del self.histories[name][1:]

    @rule(name=consumes(names))
    def delete(self, name: str) -> None:
        self.sessions.delete(name)
        del self.histories[name]

    @invariant()
    def reads_agree(self) -> None:
        assert sorted(info.id for info in self.sessions.list()) == sorted(self.histories)
        for name, history in self.histories.items():
            self.check_reads(name, history[-1], len(history) - 1)

    def check_reads(self, name: str, state: State, steps: int) -> None:
        timeline = self.timeline(name)
        assert timeline.n == steps
        view = timeline.view(Call("test", {}))
        for entity, keys in KEYS.items():
            every = found(state, entity, {})
            assert view.query(entity) == every == list(view.stream(entity))
            assert view.count(entity) == len(every)
            assert [view.get(entity, str(key)) for key in keys] == [state[entity].get(key) for key in keys]
            for key in keys:
                after = [row for row in every if row[KEY_FIELDS[entity]] > key]
                assert list(view.stream(entity, None, key)) == after
                expected = [
                    (by, path, state[by][at])
                    for by, at, path, to, target in sorted(set(references(state)), key=str)
                    if (to, target) == (entity, key)
                ]
                assert sorted(view.referrers(entity, str(key)), key=str) == sorted(expected, key=str)
        for entity, match in MATCHES:
            expected_rows = found(state, entity, match)
            assert view.query(entity, match) == expected_rows, match
            assert list(view.stream(entity, match)) == expected_rows, match
            assert view.count(entity, match) == len(expected_rows), match

    @rule(name=names, at=st.integers(0, 6))
    def the_past_is_still_there(self, name: str, at: int) -> None:
        history = self.histories[name]
        at = min(at, len(history) - 1)
        rows = self.sessions.rows(name, at=at)
        assert {entity: {row[key]: row for row in rows[entity]} for entity, key in KEY_FIELDS.items()} == history[at]


TestVisibility = Visibility.TestCase
TestVisibility.settings = settings(max_examples=12, stateful_step_count=12)
