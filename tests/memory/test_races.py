"""Two plain connections to PostgreSQL race each other: whoever comes second looks again, and nothing slips through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.memory.ground import DOCK, SAILOR, SHIP, Ground
from tests.memory.raw import REFUSED, Raw, connected

LOST = SAILOR | {"ship_id": "S-404"}
STEP = (
    "INSERT INTO step (layer, n, at, tool, is_error, changes, body, state, measured)"
    """ VALUES ({layer}, {n}, '', '', false, {changes}, '{{}}', '{{"clock": 1, "counters": {{}}}}', '{{}}')"""
)
SAILOR_404 = """'{{"id": "C-900", "name": "Raw", "ship_id": "S-404"}}'"""
ROW = f"INSERT INTO version VALUES ({{layer}}, 'sailor', 'C-900', {{n}}, 'create', {SAILOR_404})"

pytestmark = pytest.mark.parametrize("place", ["postgresql"], indirect=True)


class Rival:
    """A second connection, whose statement may have to wait for the first."""

    def __init__(self, ground: Ground, raw: Raw) -> None:
        self.raw = raw
        self.ground = replace(ground, raw=raw)
        self._watcher = ground.raw
        self._pid = raw.one("SELECT pg_backend_pid()")
        self._pool = ThreadPoolExecutor(1)

    def begins(self, act: Callable[[Ground], object]) -> Future[object]:
        """Start; come back when it waits for a lock, or is done."""
        acting = self._pool.submit(act, self.ground)
        waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = ? AND wait_event_type = 'Lock'"
        while not acting.done() and not self._watcher.one(waits, self._pid):
            pass
        return acting

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def rival(ground: Ground) -> Iterator[Rival]:
    with connected(ground.url) as raw:
        rival = Rival(ground, raw)
        yield rival
        rival.close()


def test_the_second_to_open_a_step_finds_that_it_was_made(ground: Ground, rival: Rival) -> None:
    with ground.raw.transaction():
        at = ground.open()
        ground.write(at, "dock", "create", DOCK)
        second = rival.begins(lambda place: place.open(*at))
        assert not second.done()
        ground.close(at, 1)
    with pytest.raises(REFUSED, match="another process committed this step first"):
        second.result()
    assert ground.harm() == []


@pytest.mark.parametrize("told", [0, 1, 2])
def test_a_step_waits_for_rows_that_are_being_written_for_it(ground: Ground, rival: Rival, told: int) -> None:
    at = ground.open()
    ground.write(at, "dock", "create", DOCK)
    with ground.raw.transaction():
        ground.write(at, "sailor", "create", LOST)
        step = rival.begins(lambda place: place.close(at, told))
    with pytest.raises(REFUSED):
        step.result()
    assert ground.harm() == []


def test_rows_come_too_late_for_a_step_that_is_being_made(ground: Ground, rival: Rival) -> None:
    at = ground.open()
    ground.write(at, "dock", "create", DOCK)
    with ground.raw.transaction():
        ground.close(at, 1)
        row = rival.begins(lambda place: place.write(at, "sailor", "create", LOST))
        assert not row.done()
    with pytest.raises(REFUSED, match="rows are written only inside a step"):
        row.result()
    assert ground.harm() == []


def test_a_step_without_rows_waits_for_the_opening_of_another(ground: Ground, rival: Rival) -> None:
    with ground.raw.transaction():
        at = ground.open()
        ground.write(at, "sailor", "create", LOST)
        step = rival.begins(lambda place: place.close(at, 0))
        assert not step.done()
    with pytest.raises(REFUSED, match="another process is writing this step"):
        step.result()
    assert ground.harm() == []


def test_an_opening_waits_for_the_step_of_another(ground: Ground, rival: Rival) -> None:
    at = ground.layer(), ground.next(ground.layer())
    with ground.raw.transaction():
        ground.close(at, 0)
        opening = rival.begins(lambda place: place.open(*at))
        assert not opening.done()
    with pytest.raises(REFUSED, match="another process committed this step first"):
        opening.result()
    assert ground.harm() == []


def test_rows_come_too_late_for_an_opening_that_is_given_up(ground: Ground, rival: Rival) -> None:
    at = ground.open()
    with ground.raw.transaction():
        ground.raw.run("DELETE FROM opening")
        row = rival.begins(lambda place: place.write(at, "sailor", "create", LOST))
        assert not row.done()
    with pytest.raises(REFUSED, match="rows are written only inside a step"):
        row.result()
    assert ground.harm() == []


def test_an_opening_is_given_up_with_all_that_others_have_written(ground: Ground, rival: Rival) -> None:
    at = ground.open()
    with ground.raw.transaction():
        ground.write(at, "sailor", "create", LOST)
        sweep = rival.begins(lambda place: place.raw.run("DELETE FROM opening"))
        assert not sweep.done()
    sweep.result()
    assert ground.raw.one("SELECT count(*) FROM version WHERE key = 'C-900'") == 0
    assert ground.harm() == []


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_does_not_look_again_makes_no_step(ground: Ground, rival: Rival, level: str) -> None:
    at = ground.layer(), ground.next(ground.layer())
    rival.raw.run(f"BEGIN ISOLATION LEVEL {level}")
    rival.raw.run("SELECT 1 FROM step")
    ground.commit(("dock", "create", DOCK))
    with pytest.raises(REFUSED):
        rival.ground.open(*at)
    rival.raw.run("ROLLBACK")
    ground.open()
    rival.raw.run(f"BEGIN ISOLATION LEVEL {level}")
    rival.raw.run("SELECT 1 FROM step")
    ground.raw.run("DELETE FROM opening")
    with pytest.raises(REFUSED):
        rival.ground.write((at[0], at[1] + 1), "sailor", "create", LOST)
    rival.raw.run("ROLLBACK")
    assert ground.harm() == []


def test_a_layer_that_goes_cannot_be_gone_on_from(ground: Ground, rival: Rival) -> None:
    layer = ground.layer("other")
    child = "INSERT INTO layer (world, parent, base, skip) VALUES (?, ?, 0, 0)"
    world = ground.world("other")
    with ground.raw.transaction():
        ground.raw.run("DELETE FROM session WHERE id = 'other'")
        ground.raw.run("DELETE FROM layer WHERE id = ?", layer)
        going_on = rival.begins(lambda place: place.raw.run(child, world, layer))
        assert not going_on.done()
    with pytest.raises(REFUSED):
        going_on.result()
    assert ground.harm() == []


def test_a_layer_that_is_gone_on_from_cannot_go(ground: Ground, rival: Rival) -> None:
    layer, world = ground.layer("other"), ground.world("other")
    ground.raw.run("DELETE FROM session WHERE id = 'other'")
    with ground.raw.transaction():
        ground.raw.run("INSERT INTO layer (world, parent, base, skip) VALUES (?, ?, 0, 0)", world, layer)
        going = rival.begins(lambda place: place.raw.run("DELETE FROM layer WHERE id = ?", layer))
        assert not going.done()
    with pytest.raises(REFUSED, match="stands on this layer"):
        going.result()
    assert ground.harm() == []


def test_a_session_does_not_move_onto_a_layer_that_goes(ground: Ground, rival: Rival) -> None:
    world = ground.world()
    fresh = "INSERT INTO layer (world, parent, base, skip) VALUES (?, ?, 0, 0) RETURNING id"
    layer = ground.raw.one(fresh, world, ground.root())
    with ground.raw.transaction():
        ground.raw.run("DELETE FROM layer WHERE id = ?", layer)
        move = rival.begins(lambda place: place.raw.run("UPDATE session SET layer = ? WHERE id = 'trunk'", layer))
        assert not move.done()
    with pytest.raises(REFUSED):
        move.result()
    assert ground.harm() == []


def test_a_world_gets_its_seed_rows_once(ground: Ground, rival: Rival) -> None:
    forged = "INSERT INTO world (fingerprint, name, body) SELECT 'forged', name, body FROM world LIMIT 1 RETURNING id"
    world = ground.raw.one(forged)
    root = "INSERT INTO layer (world, parent, base, skip) VALUES (?, NULL, 0, 0)"
    rule = "INSERT INTO rule VALUES (?, 'ship', 'tonnes', 'filter', NULL, '$.\"tonnes\"')"
    with ground.raw.transaction():
        ground.raw.run(root, world)
        second = rival.begins(lambda place: place.raw.run(root, world))
        assert not second.done()
    with pytest.raises(REFUSED, match="only the layer of the seed rows has no parent"):
        second.result()
    with pytest.raises(REFUSED, match="the rules of a world never change"):
        rival.raw.run(rule, world)


TRICKS = {
    "a row beside its step": "WITH v AS ({row} RETURNING 1) {step1}",
    "a step beside its row": "WITH s AS ({step1} RETURNING 1) {row}",
    "a row beside a step that tells of none": "WITH v AS ({row} RETURNING 1) {step0}",
    "a step that tells of none beside a row": "WITH s AS ({step0} RETURNING 1) {row}",
    "a row beside the end of its opening": "WITH v AS ({row} RETURNING 1) DELETE FROM opening",
    "the end of an opening beside a row": "WITH o AS (DELETE FROM opening RETURNING 1) {row}",
    "a row, its step and the next opening": "WITH v AS ({row} RETURNING 1), s AS ({step1} RETURNING 1)"
    " INSERT INTO opening VALUES ({layer}, {n} + 1)",
    "a merge": "MERGE INTO version v USING (SELECT 1) x ON v.key = 'S-001'"
    " WHEN MATCHED THEN UPDATE SET body = '{{}}' WHEN NOT MATCHED THEN DO NOTHING",
    "a row that changes while it comes": "{row} ON CONFLICT (layer, entity, key, step) DO UPDATE SET body = '{{}}'",
    "rows that all go": "TRUNCATE version",
    "steps that all go": "TRUNCATE step CASCADE",
    "a copy": "INSERT INTO version SELECT layer, entity, key, {n}, 'create', body FROM version",
}


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_several_changes_in_one_statement_are_no_way_round(ground: Ground, trick: str) -> None:
    for is_open, has_rows in ((False, False), (True, False), (True, True)):
        layer = ground.layer()
        at = layer, ground.next(layer)
        parts = {f"step{n}": STEP.format(layer=layer, n=at[1], changes=n) for n in range(2)}
        if is_open:
            ground.open()
        if has_rows:
            ground.write(at, "ship", "create", SHIP)
        with suppress(*REFUSED):
            ground.raw.run(trick.format(row=ROW.format(layer=layer, n=at[1]), layer=layer, n=at[1], **parts))
        with suppress(*REFUSED):
            ground.close(at, 1 + has_rows)
        assert ground.harm() == []
