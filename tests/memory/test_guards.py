"""A plain connection may send any INSERT, UPDATE and DELETE: what would break the memory is refused by the database."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tests.memory.ground import DOCK, SAILOR, SHIP, Ground
from tests.memory.raw import REFUSED

Attack = Callable[[Ground], None]

BAD_DELTAS: dict[str, list[tuple[str, str, Any]]] = {
    "a reference to nothing": [("ship", "create", SHIP | {"dock_id": "D-404"})],
    "a reference in a list to nothing": [("ship", "create", SHIP | {"flag_ids": ["red", "nil"]})],
    "a nested reference to nothing": [("ship", "create", SHIP | {"cargo": [{"crate": 404}]})],
    "a reference to itself under another name": [("ship", "create", SHIP | {"sister_id": "S-901"})],
    "a reference to a row of another entity": [("ship", "create", SHIP | {"dock_id": "S-001"})],
    "a reference to a row that this step deletes": [
        ("dock", "create", DOCK),
        ("flag", "create", {"id": "x", "colours": []}),
        ("ship", "update", {"id": "S-001", "name": "Aurora", "yard": "Leith", "sister_id": None}),
        ("sailor", "update", SAILOR | {"id": "C-001", "ship_id": "S-002"}),
        ("ship", "delete", "S-002"),
    ],
    "a reference to a row deleted long ago": [("sailor", "create", SAILOR | {"ship_id": "S-003"})],
    "a reference where a list of lists hides it": [("ship", "create", SHIP | {"flag_ids": [[["nil"]]]})],
    "a reference where an object stands for a list": [("ship", "create", SHIP | {"cargo": {"crate": 404}})],
    "a reference where lists of lists of objects hide it": [("ship", "create", SHIP | {"cargo": [[{"crate": 404}]]})],
    "a reference where a list stands for a text": [("ship", "create", SHIP | {"dock_id": ["D-01", "D-404"]})],
    "a reference that is no key": [("ship", "create", SHIP | {"dock_id": True})],
    "a reference that is an object": [("ship", "create", SHIP | {"dock_id": {"id": "D-01"}})],
    "a reference with a fraction": [("ship", "create", SHIP | {"cargo": [{"crate": 1.5}]})],
    "a deleted row that a restrict reference holds": [("dock", "delete", "D-01")],
    "a deleted row that a list holds": [("flag", "delete", "red")],
    "a deleted row that a nested reference holds": [("crate", "delete", "1")],
    "a deleted row whose cascade was forgotten": [("ship", "delete", "S-001")],
    "a deleted row and a new one that refers to it": [("flag", "delete", "x"), ("flag", "create", {"id": "x"})],
    "the same unique values as another row": [("ship", "create", SHIP | {"name": "Aurora"})],
    "the same unique values twice in one step": [("ship", "create", SHIP), ("ship", "create", SHIP | {"id": "S-901"})],
    "a list in a unique field": [("ship", "create", SHIP | {"name": ["Aurora"]})],
    "a changed immutable field": [("ship", "update", SHIP | {"id": "S-002", "yard": "Wick"})],
    "a missing immutable field": [("ship", "update", {"id": "S-002", "name": "Borealis"})],
    "a key that is taken": [("dock", "create", DOCK | {"id": "D-01"})],
    "an update of nothing": [("dock", "update", DOCK | {"id": "D-404"})],
    "a delete of nothing": [("dock", "delete", "D-404")],
    "a delete with a deleted row": [("ship", "delete", "S-003")],
    "an operation that is none": [("dock", "upsert", DOCK)],
    "an entity that is none": [("boat", "create", {"id": "B-1"})],
    "a row twice in one step": [("dock", "create", DOCK), ("dock", "create", DOCK)],
    "a create and an update in one step": [("dock", "create", DOCK), ("dock", "update", DOCK)],
    "a row without a key": [("dock", "create", DOCK | {"id": None})],
    "a key that is true": [("crate", "create", {"number": True, "weight": 1})],
    "a key of no characters": [("dock", "create", DOCK | {"id": ""})],
    "a key of too many characters": [("dock", "create", DOCK | {"id": "x" * 257})],
}
VERBS = ["INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL", "INSERT OR ROLLBACK"]


@pytest.mark.parametrize("changes", BAD_DELTAS.values(), ids=BAD_DELTAS)
def test_a_step_that_breaks_a_rule_is_refused(ground: Ground, changes: list[tuple[str, str, Any]]) -> None:
    before = ground.memory()
    with pytest.raises(REFUSED):
        ground.commit(*changes)
    assert ground.memory() == before
    assert ground.harm() == []


@pytest.mark.parametrize("session", ["trunk", "branch"])
def test_no_conflict_clause_weakens_a_guard(ground: Ground, session: str) -> None:
    before = ground.memory()
    for verb in VERBS if ground.raw.is_sqlite else VERBS[:1]:
        for tail in ("", "ON CONFLICT DO NOTHING"):
            for changes in BAD_DELTAS.values():
                at = ground.open(ground.layer(session))
                for change in changes:
                    with suppress(*REFUSED):
                        ground.write(at, *change, verb, tail)
                for told in range(len(changes) + 1):
                    with suppress(*REFUSED):
                        ground.close(at, told, verb, tail)
                ground.raw.run("DELETE FROM opening")
    after = ground.memory()
    assert [name for name in before if before[name] != after[name]] in ([], [session])
    assert ground.harm() == []


def test_a_step_that_breaks_no_rule_is_taken(ground: Ground) -> None:
    ground.commit(
        ("ship", "create", SHIP | {"sister_id": "S-901", "dock_id": "D-90", "flag_ids": ["red", "jack", "red"]}),
        ("ship", "create", SHIP | {"id": "S-901", "name": "Twin", "sister_id": "S-900", "cargo": [{"crate": 2.0}]}),
        ("sailor", "create", SAILOR | {"ship_id": "S-900", "mate_id": "C-900"}),
        ("dock", "create", DOCK),
    )
    ground.sessions.open("trunk")
    assert ground.harm() == []
    assert ground.row("ship", "S-900")["sister_id"] == "S-901"


BODIES = {
    "not JSON": "{",
    "no object": "[]",
    "null": "null",
    "JSON for people": "{id: 'D-90', name: 'Raw', open: true,}",
    "a key told twice": '{"id": "D-01", "name": "Raw", "open": true, "id": "D-90"}',
    "a key told twice, the right one first": '{"id": "D-90", "name": "Raw", "open": true, "id": "D-91"}',
    "no key": '{"name": "Raw", "open": true}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_readers_would_read_in_two_ways_is_refused(ground: Ground, body: str) -> None:
    at = ground.open()
    with suppress(*REFUSED):
        ground.raw.run("INSERT INTO version VALUES (?, 'dock', 'D-90', ?, 'create', ?)", *at, body)
        ground.close(at, 1)
    assert ground.harm() == []


@pytest.mark.parametrize(
    "body",
    [
        '{"id": "S-900", "name": "Raw", "yard": "Leith", "dock_id": "D-01", "dock_id": "D-404"}',
        '{"id": "S-900", "name": "Raw", "yard": "Leith", "dock_id": "D-404", "dock_id": "D-01"}',
        '{"id": "S-900", "name": "Raw", "yard": "Leith", "dock\\u005fid": "D-404"}',
        '{"id": "S-900", "name": "Raw", "yard": "Leith", "cargo": [{"crate": 1, "crate": 404}]}',
        '{"id": "S-900", "name": "Raw", "yard": "Leith", "cargo": [{"crat\\u0065": 404}]}',
        '{"id": "S-900", "name": "Raw", "yard": "Leith", "name": "Aurora"}',
        '{"id": "S-900", "nam\\u0065": "Aurora", "yard": "Leith"}',
    ],
)
def test_no_way_of_writing_a_row_hides_what_it_says(ground: Ground, body: str) -> None:
    at = ground.open()
    with suppress(*REFUSED):
        ground.raw.run("INSERT INTO version VALUES (?, 'ship', 'S-900', ?, 'create', ?)", *at, body)
        ground.close(at, 1)
    assert ground.harm() == []


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_blob_is_no_text(ground: Ground) -> None:
    at = ground.open()
    for entity, key, body in (
        ("'dock'", "CAST('D-90' AS BLOB)", "?"),
        ("CAST('dock' AS BLOB)", "'D-90'", "?"),
        ("'dock'", "'D-90'", "CAST(? AS BLOB)"),
        ("'dock'", "'D-90' || char(0)", "?"),
    ):
        with pytest.raises(REFUSED):
            ground.raw.run(
                f"INSERT INTO version VALUES (?, {entity}, {key}, ?, 'create', {body})",
                *at,
                '{"id": "D-90", "name": "x", "open": true}',
            )
    assert ground.harm() == []


def _unpublished(ground: Ground) -> tuple[int, int]:
    at = ground.open()
    ground.write(at, "sailor", "create", SAILOR | {"ship_id": "S-404"})
    return at


def late_rows(ground: Ground) -> None:
    at = ground.open()
    with suppress(*REFUSED):
        ground.close(at, 0)
    ground.write(at, "sailor", "create", SAILOR | {"ship_id": "S-404"})
    ground.close(at, 1)


def rows_of_an_old_step(ground: Ground) -> None:
    layer = ground.layer()
    ground.write((layer, 1), "sailor", "create", SAILOR | {"ship_id": "S-404"})


def an_opening_of_an_old_step(ground: Ground) -> None:
    ground.open(n=1)


def an_opening_far_ahead(ground: Ground) -> None:
    ground.open(n=ground.next(ground.layer()) + 5)


def an_opening_below_the_first_step(ground: Ground) -> None:
    ground.open(ground.layer("branch"), 0)


def an_opening_at_the_base_of_a_layer(ground: Ground) -> None:
    ground.open(ground.layer("other"), 0)


def an_opening_in_the_seed_rows(ground: Ground) -> None:
    ground.open(ground.root(), 1)


def an_opening_of_no_layer(ground: Ground) -> None:
    ground.open(10**6, 1)


def a_step_of_no_layer(ground: Ground) -> None:
    ground.close((10**6, 1), 0)


def a_step_in_the_seed_rows(ground: Ground) -> None:
    ground.close((ground.root(), 1), 0)


def a_step_out_of_order(ground: Ground) -> None:
    ground.close((ground.layer(), ground.next(ground.layer()) + 1), 0)


def a_step_that_is_there(ground: Ground) -> None:
    ground.close((ground.layer(), 1), 0)


def unpublished_rows_in_a_step_that_tells_of_none(ground: Ground) -> None:
    ground.close(_unpublished(ground), 0)


def unpublished_rows_in_a_step_that_tells_of_more(ground: Ground) -> None:
    at = ground.open()
    ground.write(at, "dock", "create", DOCK)
    ground.close(at, 2)


def unpublished_rows_in_a_later_step(ground: Ground) -> None:
    layer, n = _unpublished(ground)
    ground.raw.run("UPDATE opening SET n = n + 1")
    ground.close((layer, n), 0)


def an_opening_of_other_rows(ground: Ground) -> None:
    _unpublished(ground)
    ground.raw.run("UPDATE opening SET layer = ?", ground.layer("other"))


def a_second_opening(ground: Ground) -> None:
    _unpublished(ground)
    ground.open()


def rows_taken_back_one_by_one(ground: Ground) -> None:
    at = ground.open()
    ground.write(at, "dock", "create", DOCK)
    ground.raw.run("DELETE FROM version WHERE key = 'D-90'")


def a_delete_that_forgets_its_row(ground: Ground) -> None:
    at = ground.open()
    ground.write(at, "dock", "delete", "D-01")
    ground.raw.run("DELETE FROM pending")


def a_note_of_a_row_that_changes(ground: Ground) -> None:
    at = ground.open()
    ground.write(at, "dock", "create", DOCK)
    ground.raw.run("UPDATE pending SET op = 'update'")


def a_note_of_a_row_that_is_not_written(ground: Ground) -> None:
    layer, _ = ground.open()
    ground.raw.run("INSERT INTO pending VALUES (?, 'dock', 'D-01', 'create')", layer)


def a_note_of_another_kind(ground: Ground) -> None:
    at = ground.open()
    ground.write(at, "dock", "create", DOCK)
    ground.raw.run("INSERT INTO pending VALUES (?, 'dock', 'D-90', 'create')", at[0])


def a_note_without_an_opening(ground: Ground) -> None:
    ground.raw.run("INSERT INTO pending VALUES (?, 'dock', 'D-01', 'create')", ground.root())


def an_index_entry_of_an_old_row(ground: Ground) -> None:
    ground.raw.run("INSERT INTO entry VALUES (?, 'ship', 'dock_id', 'D-02', 'S-001', 0)", ground.root())


def an_index_entry_of_an_open_row(ground: Ground) -> None:
    layer, n = ground.open()
    ground.write((layer, n), "ship", "create", SHIP)
    ground.raw.run("INSERT INTO entry VALUES (?, 'ship', 'dock_id', 'D-02', 'S-900', ?)", layer, n)


def an_index_without_an_entry(ground: Ground) -> None:
    ground.raw.run("DELETE FROM entry WHERE field = 'dock_id'")


def an_index_with_another_value(ground: Ground) -> None:
    ground.raw.run("UPDATE entry SET value = 'D-02' WHERE field = 'dock_id'")


def a_tally_that_lies(ground: Ground) -> None:
    ground.raw.run("UPDATE tally SET rows = rows + 1")


def a_tally_of_an_open_step(ground: Ground) -> None:
    layer, n = ground.open()
    ground.raw.run("INSERT INTO tally VALUES (?, 'ship', ?, 99)", layer, n)


def a_tally_that_is_gone(ground: Ground) -> None:
    ground.raw.run("DELETE FROM tally")


def another_body_of_a_row(ground: Ground) -> None:
    ground.raw.run("UPDATE version SET body = '{}' WHERE key = 'S-001'")


def another_moment_of_a_row(ground: Ground) -> None:
    ground.raw.run("UPDATE version SET step = step + 1")


def another_key_of_a_row(ground: Ground) -> None:
    ground.raw.run("UPDATE version SET key = 'S-404' WHERE key = 'S-001'")


def a_row_that_never_was(ground: Ground) -> None:
    ground.raw.run("DELETE FROM version WHERE key = 'S-001'")


def a_step_that_never_was(ground: Ground) -> None:
    ground.raw.run("DELETE FROM step WHERE layer = ? AND n = 3", ground.layer())


def a_step_that_was_another(ground: Ground) -> None:
    ground.raw.run("UPDATE step SET body = '{}'")


def a_step_with_another_number(ground: Ground) -> None:
    ground.raw.run("UPDATE step SET n = n + 1")


def a_rule_less(ground: Ground) -> None:
    ground.raw.run("DELETE FROM rule WHERE kind = 'reference'")


def a_rule_of_another_kind(ground: Ground) -> None:
    ground.raw.run("UPDATE rule SET kind = 'filter'")


def a_rule_more(ground: Ground) -> None:
    ground.raw.run("INSERT INTO rule VALUES (?, 'ship', '=name', 'immutable', NULL, '$.\"name\"')", ground.world())


def another_definition(ground: Ground) -> None:
    ground.raw.run("UPDATE world SET body = '{}'")


def no_definition(ground: Ground) -> None:
    ground.raw.run("DELETE FROM world")


def a_second_definition(ground: Ground) -> None:
    ground.raw.run("INSERT INTO world (fingerprint, name, body) SELECT fingerprint, name, '{}' FROM world")


def no_layer(ground: Ground) -> None:
    ground.raw.run("DELETE FROM layer WHERE id = ?", ground.layer())


def no_seed_rows(ground: Ground) -> None:
    ground.raw.run("DELETE FROM layer WHERE parent IS NULL")


def other_seed_rows(ground: Ground) -> None:
    ground.raw.run("INSERT INTO layer (world, parent, base, skip) VALUES (?, NULL, 0, 0)", ground.world())


def a_layer_that_moves(ground: Ground) -> None:
    ground.raw.run("UPDATE layer SET base = 0")


def a_layer_of_two_worlds(ground: Ground) -> None:
    ground.raw.run(
        "INSERT INTO layer (world, parent, base, skip) VALUES (?, ?, 0, 0)", ground.world("other"), ground.layer()
    )


def a_layer_in_the_future(ground: Ground) -> None:
    ground.raw.run("INSERT INTO layer (world, parent, base, skip) VALUES (?, ?, 99, 0)", ground.world(), ground.layer())


def a_layer_that_leaves_out_the_seed_rows(ground: Ground) -> None:
    ground.raw.run("INSERT INTO layer (world, parent, base, skip) VALUES (?, ?, 3, 9)", ground.world(), ground.layer())


def a_layer_that_sees_twice(ground: Ground) -> None:
    ground.raw.run("INSERT INTO layer (world, parent, base, skip) VALUES (?, ?, 3, -1)", ground.world(), ground.layer())


def a_layer_below_nothing(ground: Ground) -> None:
    ground.raw.run("INSERT INTO layer (world, parent, base, skip) VALUES (?, 999, 0, 0)", ground.world())


def a_blind_layer(ground: Ground) -> None:
    ground.raw.run("DELETE FROM ancestry WHERE depth > 0")


def a_layer_that_sees_another(ground: Ground) -> None:
    ground.raw.run("INSERT INTO ancestry VALUES (?, 2, ?, 9)", ground.layer(), ground.layer("branch"))


def a_layer_that_sees_further(ground: Ground) -> None:
    ground.raw.run("UPDATE ancestry SET upto = 999 WHERE depth > 0")


def a_session_of_another_world(ground: Ground) -> None:
    ground.raw.run("UPDATE session SET world = ? WHERE id = 'trunk'", ground.world("other"))


def a_session_in_another_world(ground: Ground) -> None:
    ground.raw.run("UPDATE session SET layer = ? WHERE id = 'trunk'", ground.layer("other"))


def a_session_moved_to_another_world(ground: Ground) -> None:
    world, layer = ground.world("other"), ground.layer("other")
    ground.raw.run("UPDATE session SET world = ?, layer = ? WHERE id = 'trunk'", world, layer)


def a_session_on_the_layer_of_another(ground: Ground) -> None:
    ground.raw.run("UPDATE session SET layer = ? WHERE id = 'trunk'", ground.layer("branch"))


def a_session_on_the_seed_rows(ground: Ground) -> None:
    ground.raw.run("UPDATE session SET layer = ? WHERE id = 'trunk'", ground.root())


def a_session_with_other_dice(ground: Ground) -> None:
    ground.raw.run("UPDATE session SET seed = seed + 1")


def a_session_named_like_another(ground: Ground) -> None:
    ground.raw.run("UPDATE session SET id = 'branch' WHERE id = 'trunk'")


def a_second_session_on_a_layer(ground: Ground) -> None:
    ground.raw.run("INSERT INTO session VALUES ('twin', ?, ?, 0, '', '')", ground.world(), ground.layer())


def a_new_session_in_another_world(ground: Ground) -> None:
    ground.raw.run(
        "INSERT INTO layer (id, world, parent, base, skip) VALUES (900, ?, ?, 0, 0)", ground.world(), ground.root()
    )
    ground.raw.run("INSERT INTO session VALUES ('twin', ?, 900, 0, '', '')", ground.world("other"))


def a_snapshot_of_another_world(ground: Ground) -> None:
    ground.raw.run("INSERT INTO snapshot VALUES ('trunk', 'x', ?, 0)", ground.layer("other"))


def a_snapshot_of_no_step(ground: Ground) -> None:
    ground.raw.run("INSERT INTO snapshot VALUES ('trunk', 'x', ?, 99)", ground.layer())


def a_snapshot_that_moves(ground: Ground) -> None:
    ground.raw.run("UPDATE snapshot SET n = 1")


def a_snapshot_of_no_session(ground: Ground) -> None:
    ground.raw.run("INSERT INTO snapshot VALUES ('nobody', 'x', ?, 1)", ground.layer())


def an_older_schema(ground: Ground) -> None:
    ground.raw.run("UPDATE store SET version = 0")


def no_schema(ground: Ground) -> None:
    ground.raw.run("DELETE FROM store")


def two_schemas(ground: Ground) -> None:
    ground.raw.run("INSERT INTO store VALUES (99)")


ATTACKS: list[Attack] = [
    late_rows,
    rows_of_an_old_step,
    an_opening_of_an_old_step,
    an_opening_far_ahead,
    an_opening_below_the_first_step,
    an_opening_at_the_base_of_a_layer,
    an_opening_in_the_seed_rows,
    an_opening_of_no_layer,
    a_step_of_no_layer,
    a_step_in_the_seed_rows,
    a_step_out_of_order,
    a_step_that_is_there,
    unpublished_rows_in_a_step_that_tells_of_none,
    unpublished_rows_in_a_step_that_tells_of_more,
    unpublished_rows_in_a_later_step,
    an_opening_of_other_rows,
    a_second_opening,
    rows_taken_back_one_by_one,
    a_delete_that_forgets_its_row,
    a_note_of_a_row_that_changes,
    a_note_of_a_row_that_is_not_written,
    a_note_of_another_kind,
    a_note_without_an_opening,
    an_index_entry_of_an_old_row,
    an_index_entry_of_an_open_row,
    an_index_without_an_entry,
    an_index_with_another_value,
    a_tally_that_lies,
    a_tally_of_an_open_step,
    a_tally_that_is_gone,
    another_body_of_a_row,
    another_moment_of_a_row,
    another_key_of_a_row,
    a_row_that_never_was,
    a_step_that_never_was,
    a_step_that_was_another,
    a_step_with_another_number,
    a_rule_less,
    a_rule_of_another_kind,
    a_rule_more,
    another_definition,
    no_definition,
    a_second_definition,
    no_layer,
    no_seed_rows,
    other_seed_rows,
    a_layer_that_moves,
    a_layer_of_two_worlds,
    a_layer_in_the_future,
    a_layer_that_leaves_out_the_seed_rows,
    a_layer_that_sees_twice,
    a_layer_below_nothing,
    a_blind_layer,
    a_layer_that_sees_another,
    a_layer_that_sees_further,
    a_session_of_another_world,
    a_session_in_another_world,
    a_session_moved_to_another_world,
    a_session_on_the_layer_of_another,
    a_session_on_the_seed_rows,
    a_session_with_other_dice,
    a_session_named_like_another,
    a_second_session_on_a_layer,
    a_new_session_in_another_world,
    a_snapshot_of_another_world,
    a_snapshot_of_no_step,
    a_snapshot_that_moves,
    a_snapshot_of_no_session,
    an_older_schema,
    no_schema,
    two_schemas,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.__name__ for attack in ATTACKS])
def test_is_refused(ground: Ground, attack: Attack) -> None:
    before = ground.memory()
    with pytest.raises(REFUSED):
        attack(ground)
    assert ground.memory() == before
    assert ground.harm() == []


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.__name__ for attack in ATTACKS])
@pytest.mark.parametrize("verb", ["OR REPLACE", "OR IGNORE", "OR FAIL"])
@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_is_harmless_whatever_the_conflict_clause(ground: Ground, attack: Attack, verb: str) -> None:
    before = ground.memory()
    plain = ground.raw.run
    clause = re.compile(r"^(INSERT|UPDATE)\b")

    def run(sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return plain(clause.sub(rf"\1 {verb}", sql), *values)

    ground.raw.run = run  # type: ignore[method-assign]  # the same attack, in other words
    with suppress(*REFUSED):
        attack(ground)
    assert ground.memory() == before
    assert ground.harm() == []
