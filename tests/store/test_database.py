"""Opening a database: what is not one is refused in one sentence, and nothing is touched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mcp_sim.sessions import Sessions
from schemas.types import World
from store.db import Database
from store.errors import Conflict, DeltaRejected, StoreError


def refusal(url: str) -> str:
    with pytest.raises(StoreError) as caught:
        Database(url)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(b"Dear diary, today I did not write SQL.\n" * 40)
    before = path.read_bytes()
    assert refusal(f"sqlite:///{path}") == f"sqlite:///{path}: file is not a database"
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE customers (id)")
    other.close()
    expected = f"sqlite:///{path}: this database belongs to another program (it holds customers)"
    assert refusal(f"sqlite:///{path}") == expected
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("customers",)]
    other.close()


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "newer.db"
    Database(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE store SET version = 99")
    raw.close()
    assert "this database has version 99, this mcp-sim knows up to " in refusal(f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("nonsense", "'nonsense' is not a database URL that works here: "),
        ("", "'' is not a database URL that works here: "),
        (
            "nosuchbase://host/name",
            "nosuchbase://host/name: the memory is kept in SQLite or PostgreSQL, not in nosuchbase",
        ),
        ("sqlite:////nowhere/at/all/x.db", "sqlite:////nowhere/at/all/x.db: unable to open database file"),
        ("sqlite:////dev", "sqlite:////dev: unable to open database file"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(url: str, part: str) -> None:
    assert refusal(url).startswith(part)


def test_a_password_is_not_repeated() -> None:
    assert "secret" not in refusal("nosuchbase://me:secret@host/name")


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    path = tmp_path / "fresh.db"
    path.touch()
    Database(f"sqlite:///{path}").close()
    assert path.stat().st_size > 0


def test_a_database_that_is_opened_again_still_holds_everything(tmp_path: Path, harbour: World) -> None:
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    first = Database(url)
    Sessions(first).create(harbour, session_id="one")
    first.close()
    second = Database(url)
    assert [info.id for info in Sessions(second).list()] == ["one"]
    assert Sessions(second).open("one").world == harbour
    second.close()


def test_an_opening_that_was_cut_short_leaves_an_empty_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harbour: World
) -> None:
    url = f"sqlite:///{tmp_path / 'cut.db'}"

    def cut_short(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("store.migrations.insert", cut_short)
        with pytest.raises(KeyboardInterrupt):
            Database(url)
    database = Database(url)
    assert Sessions(database).create(harbour).world == harbour
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE version SET body = '{}' WHERE entity = 'ship'",
        "DELETE FROM version WHERE entity = 'ship'",
        "DELETE FROM entry",
        "UPDATE step SET body = '{}'",
        "DELETE FROM step",
        "DELETE FROM rule",
        "UPDATE rule SET kind = 'filter'",
        "UPDATE world SET body = '{}'",
        "INSERT INTO version SELECT layer, entity, 'S-999', 7, 'create', '{\"id\": \"S-999\"}' FROM version LIMIT 1",
    ],
)
def test_the_database_guards_itself_against_other_programs(tmp_path: Path, harbour: World, statement: str) -> None:
    path = tmp_path / "guarded.db"
    database = Database(f"sqlite:///{path}")
    Sessions(database).create(harbour)
    database.close()
    other = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError):
        other.execute(statement)
    other.close()


def test_the_kinds_of_faults_are_told_apart() -> None:
    assert issubclass(Conflict, StoreError)
    assert issubclass(DeltaRejected, StoreError)
    assert not issubclass(Conflict, DeltaRejected)
