"""Initial rows are read from the files that people have."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mcp_sim.errors import SetupError
from mcp_sim.learn.data import read_data
from mcp_sim.learn.given import Given
from mcp_sim.learn.references import related
from mcp_sim.learn.twin import learn
from schemas.check import check_pack
from schemas.rows import schema_at
from schemas.types import Pack


def test_every_form_of_file_gives_rows(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"ships": {"S1": {"size": 1}}, "ports": [{"id": "P"}]}')
    (tmp_path / "b.jsonl").write_text('{"id": 1}\n\n{"id": 2}\n')
    (tmp_path / "c.csv").write_text("id,name\n01,Ann\n02,Bo\n")
    (tmp_path / "d.toml.gz").write_bytes(gzip.compress(b'[[lamps]]\nid = "L1"\n'))
    found = read_data(sorted(tmp_path.iterdir()))
    assert found == {
        "ships": {"S1": {"size": 1}},
        "ports": [{"id": "P"}],
        "b": [{"id": 1}, {"id": 2}],
        "c": [{"id": "01", "name": "Ann"}, {"id": "02", "name": "Bo"}],
        "lamps": [{"id": "L1"}],
    }


def test_a_table_without_names_is_not_read_as_if_its_first_row_were_them(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("ann.lee@port.example\nbo.ray@port.example\n")
    assert read_data([path]) == {"people": ["ann.lee@port.example", "bo.ray@port.example"]}


@pytest.mark.parametrize("name", ["rows.xml", "rows.json", "rows.toml"])
def test_a_file_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("<no>")
    with pytest.raises(SetupError, match=name):
        read_data([path])


def test_two_collections_of_one_name_get_two_names(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ships.csv").write_text("id\n1\n")
    told: list[str] = []
    assert list(read_data([tmp_path], told.append)) == ["ships", "y_ships"]
    assert "is called 'y_ships'" in told[0]


def test_keys_and_references_are_confirmed_by_values() -> None:
    orders = [{"order_id": f"O{n}", "buyer": f"B{n % 7}", "size": n % 7} for n in range(30)]
    buyers = {f"B{n}": {"name": f"N{n}"} for n in range(7)}
    tables, _ = related({"orders": orders, "buyers": buyers})
    assert (tables["orders"].key, tables["buyers"].key) == ("order_id", "buyer_id")
    assert tables["orders"].references == {("buyer",): "buyers"}


def test_rows_keep_the_order_of_their_file_where_their_keys_do_not() -> None:
    tables, _ = related({"tasks": [{"task_id": "2"}, {"task_id": "1"}], "notes": [{"text": "a"}, {"text": "a"}]})
    assert [row["row_order"] for row in tables["tasks"].rows.values()] == [1, 2]
    assert tables["notes"].key == "row_order"


def _database(path: Path, script: str) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)
        db.commit()
    return path


HARBOUR = """
    CREATE TABLE berth (number INTEGER PRIMARY KEY, taken BOOLEAN, extra JSON);
    CREATE TABLE boat (name TEXT PRIMARY KEY, lies_at INTEGER REFERENCES berth(number));
    INSERT INTO berth VALUES (1, 1, '{"deep": true}'), (2, 0, '{"deep": false}');
    INSERT INTO boat VALUES ('Anna', 2), ('Berta', 1), ('Cato', NULL);
"""


def test_a_sqlite_file_gives_its_tables_with_the_keys_and_references_that_it_declares(tmp_path: Path) -> None:
    found = read_data([_database(tmp_path / "harbour.db", HARBOUR)])

    tables, links = related(found)

    assert tables["berth"].rows["1"] == {"number": 1, "taken": True, "extra": {"deep": True}}
    assert (tables["boat"].key, tables["boat"].references) == ("name", {("lies_at",): "berth"})
    assert "declared by the database" in links["boat"]["lies_at",].why


def test_a_folder_is_read_file_by_file_and_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "ships.csv").write_text("id,size\nS1,3\n")
    (tmp_path / "broken.json").write_text('{"ports": [')
    (tmp_path / "empty.json").write_text("")
    (tmp_path / "lines.jsonl").write_text('{"id": 1}\n{"id":\n{"id": 2}\n')
    (tmp_path / "notes.txt").write_text("not rows")
    told: list[str] = []

    found = read_data([tmp_path], told.append)

    assert found == {"ships": [{"id": "S1", "size": "3"}], "lines": [{"id": 1}, {"id": 2}]}
    assert any("broken.json: not json" in one for one in told)
    assert any("empty.json: the file is empty" in one for one in told)
    assert any("lines.jsonl:2: not JSON" in one for one in told)


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({"A1": {"size": 1}, "A2": {"size": 2}}, ["stock"]),
        ({"light": [{"time": 1, "on": True}], "heater": [{"time": 2, "on": False}]}, ["stock"]),
        ({"A1": {"2030-01-01": 2.5}, "B2": {"2030-01-02": 3}}, ["stock"]),
        ({"A1": [{"time": 1, "pulse": 60}], "B2": [{"time": 2, "pulse": 61, "note": "?"}]}, ["stock"]),
        ({"lamp": {"on": True}, "clock": {"hour": 3}}, ["lamp", "clock"]),
        ({"cats": [{"id": 1, "name": "a"}], "dogs": [{"id": 2, "name": "b"}]}, ["cats", "dogs"]),
        ({"ships": {"S1": {"size": 1}}, "ports": [{"id": "P"}], "version": 3}, ["ships", "ports", "stock"]),
        ({f"https://example.com/{n}": "said" for n in range(30)}, ["stock"]),
    ],
)
def test_a_document_holds_the_collections_that_it_names_or_is_one(
    document: dict[str, Any], names: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "stock.json"
    path.write_text(json.dumps(document))
    assert list(read_data([path])) == names


def test_a_reference_that_dangles_in_the_data_is_inferred_told_and_not_enforced() -> None:
    rows = {
        "ships": [{"id": f"S{n}", "port_id": f"P{n % 40}"} for n in range(80)],
        "ports": [{"id": f"P{n}"} for n in range(39)],
    }

    learned = learn("harbour", Given(rows))

    assert "references" not in learned.pack["entities"]["ships"]
    facts = learned.facts["tables"]["ships"]["references"]["port_id"]
    assert (facts["to"], facts["enforced"]) == ("ports", False)
    assert any("1 of 40 values name no ports, first 'P39' in row 'S39'" in one for one in learned.facts["told"])


def test_a_reference_that_dangles_in_the_last_of_many_rows_is_not_enforced() -> None:
    ships = [{"id": f"S{n}", "port_id": f"P{n % 40}"} for n in range(2500)]
    rows = {"ships": [*ships, {"id": "S9999", "port_id": "P99"}], "ports": [{"id": f"P{n}"} for n in range(40)]}

    learned = learn("harbour", Given(rows))

    assert "references" not in learned.pack["entities"]["ships"]
    assert "first 'P99' in row 'S9999'" in learned.facts["tables"]["ships"]["references"]["port_id"]["why_not"]
    assert len(learned.pack["seed"]["ships"]) == 2501


def test_a_reference_that_always_holds_is_enforced_also_inside_lists() -> None:
    rows = {
        "tours": [
            {"id": f"T{n}", "stops": [{"port_id": f"P{n % 7}", "day": n}], "guides": [f"G{n % 3}"]} for n in range(9)
        ],
        "ports": [{"id": f"P{n}"} for n in range(7)],
        "guides": [{"guide_id": f"G{n}"} for n in range(3)],
    }

    entity = learn("harbour", Given(rows)).pack["entities"]["tours"]

    assert entity["references"] == {"stops.port_id": {"to": "ports"}, "guides": {"to": "guides"}}
    assert schema_at(entity["schema"], "stops.port_id") == {"type": ["string", "null"]}


def test_small_numbers_are_no_references_by_chance() -> None:
    rows = {"boats": [{"id": n, "masts": n % 5} for n in range(60)], "ports": [{"id": n} for n in range(9)]}
    assert related(rows)[1] == {"boats": {}, "ports": {}}


def test_rows_that_no_pack_can_hold_as_they_are_are_put_right_and_told(tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text('[{"id": "a", "n": 123456789012345678901234567890, "x": NaN, "a.b": "\\ud800"}, {"id": "a"}, 7]')
    told: list[str] = []

    learned = learn("odd", Given(read_data([path], told.append)))

    assert any("a number beyond 64 bits" in one for one in told)
    first = learned.pack["seed"]["odd"][0]
    assert (first["n"], first["x"], first["a.b"]) == ("123456789012345678901234567890", None, "?")
    assert check_pack(Pack.model_validate(learned.pack)) == []
