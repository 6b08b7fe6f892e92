"""The rules in Python and the guards in the database say the same of every delta, on both databases."""

from __future__ import annotations

from secrets import token_hex

from hypothesis import given
from hypothesis import strategies as st

from schemas.rows import key_text
from schemas.types import Call, Observation, StateDelta, Step, World
from store import sessions
from store.db import Database
from store.errors import DeltaRejected
from store.integrity import check
from store.matching import matches, sort_key
from store.timeline import Timeline
from tests.memory.any_world import FIELDS, deltas, values, worlds
from tests.memory.audit import audit

PYTHON_ALONE = {"schema", "normal-form", "before"}
NOT_KEPT = {"schema"}
"""Rules that the database need not know, and those of them whose breach it may be unable to keep."""


def committed(timeline: Timeline, delta: StateDelta) -> str | None:
    """Commit without asking the rules; what the database said against it."""
    call = Call("find", {})
    view = timeline.view(call)
    try:
        timeline.commit(Step(view.n, view.now, call, Observation("", None), delta, "", ""), view, {})
    except DeltaRejected as error:
        return str(error)
    return None


def agree(timeline: Timeline, world: World, delta: StateDelta) -> bool:
    """Whether both let it pass; fails where they differ."""
    told = check(world, timeline.view(Call("find", {})), delta)
    if any(violation.rule in NOT_KEPT for violation in told):
        return False
    broken = [violation for violation in told if violation.rule not in PYTHON_ALONE]
    refused = committed(timeline, delta)
    assert (refused is None) == (not broken), (refused, broken)
    return refused is None


def test_a_delta_may_be_committed_exactly_if_the_database_commits_it(url: str) -> None:
    database = Database(url)

    @given(st.data())
    def both_say_the_same(data: st.DataObject) -> None:
        name = token_hex(8)
        world = data.draw(worlds())
        sessions.create(database, name, world, 0)
        follow(Timeline(database, world, name), world, data)

    both_say_the_same()
    database.close()
    assert audit(url) == []


def follow(timeline: Timeline, world: World, data: st.DataObject) -> None:
    """Commit some deltas, and compare what is there with what should be."""
    keys = {name: entity.key for name, entity in world.entities.items()}
    rows = {(name, key_text(row[keys[name]])): row for name, found in world.rows.items() for row in found}
    some = data.draw(values)
    for _ in range(data.draw(st.integers(2, 5))):
        delta = data.draw(deltas(world, rows, some))
        if agree(timeline, world, delta):
            rows = {at: row for at, row in rows.items() if at not in {(c.entity, c.key) for c in delta.changes}}
            rows |= {(c.entity, c.key): c.after for c in delta.changes if c.after is not None}
        entity = data.draw(st.sampled_from(sorted(world.entities)))
        match = {data.draw(st.sampled_from(FIELDS)): data.draw(st.sampled_from(some))}
        held = [row for (at, _), row in rows.items() if at == entity]
        expected = sorted((row for row in held if matches(row, match)), key=lambda row: sort_key(row[keys[entity]]))
        view = timeline.view(Call("find", {}))
        assert view.query(entity, match) == expected
        assert list(view.stream(entity, match)) == expected
        assert view.count(entity, match) == len(expected)
        assert view.count(entity) == len(held)
