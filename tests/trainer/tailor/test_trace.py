"""The way back, on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from tests.trainer.tailor.conftest import Made, recipe
from tests.trainer.tailor.service import runs, written
from trainer.__main__ import app
from trainer.tailor.trail import Trail, TrailError


@pytest.fixture
def made(tailored: Callable[..., Made], tmp_path: Path) -> Made:
    return tailored(recipe(written(tmp_path / "in", runs(4))))


def _trace(made: Made, *given: str) -> str:
    done = CliRunner().invoke(app, ["trace", *given, "--out", str(made.out)])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_record_is_traced_to_the_bytes_of_the_recording(made: Made, tmp_path: Path) -> None:
    record = next(one for one in made.records() if one.intent == "next-observation")
    told = _trace(made, record.id[:12])
    assert record.id in told
    assert f"{tmp_path / 'in' / 'calls.jsonl'}:" in told
    assert f'"tool":"{record.facts["tool"]}"' in told.replace("\n", "")


def test_everything_is_told_as_json(made: Made) -> None:
    record = made.records()[0]
    found = orjson.loads(_trace(made, record.id, "--json"))
    assert [event["id"] for event in found["events"]] == list(record.sources)
    assert [anchor["id"] for anchor in found["anchors"]] == list(record.evidence)


def test_a_recording_that_has_changed_is_told(made: Made, tmp_path: Path) -> None:
    (tmp_path / "in" / "calls.jsonl").write_text("gone")
    assert "gone or has changed" in _trace(made, made.records()[0].id)


def test_a_record_that_is_not_there_is_told(made: Made, tmp_path: Path) -> None:
    with pytest.raises(TrailError, match="has no record 'zzz'"):
        Trail(made.out).origin("zzz")
    with pytest.raises(TrailError, match="holds no data set"):
        Trail(tmp_path / "in")
