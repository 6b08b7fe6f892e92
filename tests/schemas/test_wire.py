"""The published schemas: up to date, valid, and true of every file that ships."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from schemas.document import Document
from schemas.load import SHIPPED
from schemas.wire.__main__ import main
from schemas.wire.generate import documents
from tests.running import HARBOUR, Running

WIRE = SHIPPED / "wire"
PACKS = sorted(path for path in SHIPPED.glob("packs/*/pack.*"))
PARTS = sorted(
    path.parent / name for path in PACKS for name in Document(path).data.get("include", ()) if isinstance(name, str)
)


def validator(name: str) -> Any:
    return jsonschema_rs.validator_for(json.loads((WIRE / name).read_text()))


def faults(name: str, value: Any) -> list[str]:
    return [f"{error.instance_path}: {error.message}"[:300] for error in validator(name).iter_errors(value)]


def test_the_published_schemas_are_those_of_the_types(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("sys.argv", ["wire", "--check"])
    assert main() == 0, capsys.readouterr().out


def test_a_published_schema_that_is_out_of_date_is_told_and_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("schemas.wire.__main__.FOLDER", tmp_path)
    monkeypatch.setattr("sys.argv", ["wire", "--check"])
    assert main() == 1
    assert capsys.readouterr().out.count("is out of date: run `make docs`") == 5
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr("sys.argv", ["wire"])
    assert main() == 0
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == documents()


@pytest.mark.parametrize("name", sorted(documents()))
def test_a_published_schema_is_a_json_schema(name: str) -> None:
    jsonschema_rs.meta.validate(json.loads((WIRE / name).read_text()))


@pytest.mark.parametrize("path", [*PACKS, HARBOUR / "pack.yaml"], ids=lambda path: path.parent.name)
def test_a_pack_fits_the_published_schema(path: Path) -> None:
    assert faults("pack.schema.json", Document(path).data) == []


@pytest.mark.parametrize("path", PARTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_included_file_fits_it_but_for_the_name(path: Path) -> None:
    assert faults("pack.schema.json", {"name": "part", **Document(path).data}) == []


@pytest.mark.parametrize("path", sorted((SHIPPED / "worlds").iterdir()), ids=lambda path: path.stem)
def test_a_shipped_world_fits_the_published_schema(path: Path) -> None:
    assert faults("world.schema.json", Document(path).data) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pack.schema.json", {}),
        ("pack.schema.json", {"name": "x", "nam": "y"}),
        ("pack.schema.json", {"name": "x", "tools": {"t": {"outptu": {}}}}),
        ("pack.schema.json", {"name": "x", "tools": {"t": {"effect": {"steps": [{"reed": "ship"}]}}}}),
        ("pack.schema.json", {"name": "x", "entities": {"e": {"schema": {}, "references": {"a": {"to": 5}}}}}),
        ("world.schema.json", {"name": "x"}),
        ("world.schema.json", {"name": "x", "packs": []}),
        ("world.schema.json", {"name": "x", "packs": ["p"], "clock": {"tock": 1}}),
        ("step.schema.json", {"n": 1}),
    ],
)
def test_what_is_no_pack_world_or_step_does_not_fit(name: str, value: Any) -> None:
    assert faults(name, value)


def test_every_line_of_a_trace_after_the_first_fits_the_schema_of_a_step(running: Running) -> None:
    running.done("get_ship", id="S-001")
    running.done("build_ship", name="Dora", yard="Leith")
    running.refused("get_ship", idd="S-001")
    running.refused("close_dock", id="D-01")
    running.done("forecast", dock_id="D-01")
    for line in running.trace().splitlines()[1:]:
        assert faults("step.schema.json", json.loads(line)) == []
