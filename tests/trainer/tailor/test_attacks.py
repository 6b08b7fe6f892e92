"""What goes wrong around a run: another run, a full disk, files that are no whole files. Each is one clear sentence."""

from __future__ import annotations

import errno
import gzip
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from tests.trainer.tailor.conftest import Made, recipe
from tests.trainer.tailor.service import TOOLS, runs, written
from trainer.tailor.engines import Local
from trainer.tailor.kitchen import RecipeError
from trainer.tailor.recipe import Recipe
from trainer.tailor.tailoring import NoRoom, Tailoring
from trainer.tailor.workshop import Occupied, Workshop

PLAIN = [{"intent": "cpt-document"}]


def _small(folder: Path) -> Recipe:
    return recipe(folder, intents=PLAIN)


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    given = _small(written(tmp_path / "in", runs(2)))
    with Workshop(tmp_path / "out").alone(), pytest.raises(Occupied, match="another run is at work in"):
        Tailoring(given, tmp_path / "out", Local(1), report=False).run()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    given = _small(written(tmp_path / "in", runs(2)))
    with pytest.raises(RecipeError, match="holds something else"):
        Tailoring(given, tmp_path / "in", Local(1), report=False).run()
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == ["calls.jsonl", "tools.json"]


def test_a_full_disk_is_told_and_what_is_done_stays(
    tailored: Callable[..., Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, out = _small(written(tmp_path / "in", runs(12))), tmp_path / "out"

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("trainer.tailor.tailoring.write_shard", full)
        with pytest.raises(NoRoom, match="out: No space left on device; what is done stays, so make room"):
            tailored(given, out)
    (out / "facts" / ".0000.jsonl.gz.99.part").write_bytes(b"left by a run that was killed")
    assert tailored(given, out).records()
    assert not list(out.rglob(".*.part"))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"{}\n", b"\x1f\x8b", b"\x00\xff" * 400])
def test_a_source_without_calls_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "calls.jsonl").write_bytes(content)
    with pytest.raises(RecipeError, match=r"nothing in .* is a recording of calls"):
        Tailoring(_small(tmp_path / "in"), tmp_path / "out", Local(1), report=False).run()


def test_a_recording_is_read_as_far_as_it_can_be_whatever_its_encoding(
    tailored: Callable[..., Made], tmp_path: Path
) -> None:
    folder, recorded = tmp_path / "in", runs(12)
    folder.mkdir()
    lines = [orjson.dumps(one) + b"\n" for run in recorded for one in run]
    (folder / "tools.json").write_bytes(orjson.dumps({"tools": TOOLS}))
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(b"".join(lines[:28]))[:-30])
    (folder / "wide.jsonl").write_bytes(b"".join(lines[28:56]).decode().encode("utf-16"))
    (folder / "mixed.jsonl").write_bytes(b"".join(lines[56:]).replace(b'title\\":\\"', b'title\\":\\"\xe9'))
    made = tailored(_small(folder))
    told = " ".join(made.manifest["complaints"])
    assert ": the packed file ends early; what came before is read" in told
    assert "what is not is read as Latin-1" in told
    assert {Path(name).name for name in made.manifest["sources"]} >= {"cut.jsonl.gz", "wide.jsonl", "mixed.jsonl"}
    assert len({one.trajectory for one in made.records()}) >= 10
    assert "é" in " ".join(turn.content for one in made.records() for turn in one.turns)


@pytest.mark.slow
def test_a_disk_that_is_full_in_the_middle_ends_a_run_with_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_bytes(orjson.dumps(_small(written(tmp_path / "in", runs(300, calls=8))).model_dump(mode="json")))
    command = [sys.executable, "-m", "trainer", "tailor", "--recipe", str(path), "--out", str(tmp_path / "out")]

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    done = subprocess.run([*command, "--workers", "1"], capture_output=True, text=True, check=False, preexec_fn=little)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "out") in done.stderr
