"""Initial rows are read from the files that people have."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mcp_sim.errors import SetupError
from mcp_sim.learn.data import read_data
from mcp_sim.learn.tables import tables_of


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


@pytest.mark.parametrize("name", ["rows.xml", "rows.json", "rows.toml", "rows.csv.gz"])
def test_a_file_that_cannot_be_read_is_named(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("<no>")
    with pytest.raises(SetupError, match=name):
        read_data([path])


def test_two_collections_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "ships.csv").write_text("id\n1\n")
    with pytest.raises(SetupError, match="'ships' already"):
        read_data([tmp_path / "x" / "ships.csv", tmp_path / "y" / "ships.csv"])


def test_keys_and_references_are_confirmed_by_values() -> None:
    orders = [{"order_id": f"O{n}", "buyer": f"B{n % 7}", "size": n % 7} for n in range(30)]
    buyers = {f"B{n}": {"name": f"N{n}"} for n in range(7)}
    tables = tables_of({"orders": orders, "buyers": buyers})
    assert (tables["orders"].key, tables["buyers"].key) == ("order_id", "buyer_id")
    assert tables["orders"].references == {("buyer",): "buyers"}


def test_rows_keep_the_order_of_their_file_where_their_keys_do_not() -> None:
    tables = tables_of({"tasks": [{"task_id": "2"}, {"task_id": "1"}], "notes": [{"text": "a"}, {"text": "a"}]})
    assert [row["position"] for row in tables["tasks"].rows.values()] == [1, 2]
    assert tables["notes"].key == "position"
