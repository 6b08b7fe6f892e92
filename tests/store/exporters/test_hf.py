"""Data sets of Hugging Face: parquet that its library reads, and that comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.recorded import RecordedCall, RecordedRun, gathered
from store.traces.exporters import FORMATS, write_hf
from store.traces.importers import read_runs
from tests.store.exporters.runs import runs

datasets = pytest.importorskip("datasets", reason="there is no `datasets` here: the extra `train` has it")
HF = FORMATS["hf"]


def back(folder: Path) -> list[RecordedRun]:
    (file,) = (folder / "data").iterdir()
    return read_runs(file, tell=lambda told: pytest.fail(str(told)))


@settings(max_examples=20)
@given(several=st.lists(runs(), min_size=1, max_size=3, unique_by=lambda run: run.trajectory))
def test_what_is_read_is_what_the_format_says_remains(tmp_path_factory, several: list[RecordedRun]) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("hf")
    write_hf(several, HF, folder, "runs")

    assert back(folder) == [HF.remains(run) for run in several]


def test_the_library_reads_arguments_of_different_shapes_as_they_are(tmp_path: Path) -> None:
    shapes = [{"x": 1}, {"y": [1, None, "2"]}, {"x": "one", "z": {"deep": {}}}, {}]
    run = gathered("t", [RecordedCall("t", 0, "look", shape, "42", n == 1) for n, shape in enumerate(shapes)])
    tool = {"name": "look", "inputSchema": {"type": "object", "properties": {"x": {}}}}
    write_hf([run, gathered("u", run.parts)], HF, tmp_path / "set", "A set")

    files = str(tmp_path / "set" / "data" / "*.parquet")
    data = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))

    asked = [call["function"]["arguments"] for message in data[0]["messages"] for call in message.get("tool_calls", [])]
    assert asked == ['{"x":1}', '{"y":[1,null,"2"]}', '{"x":"one","z":{"deep":{}}}', "{}"]
    assert [message.get("is_error") for message in data[0]["messages"] if message["role"] == "tool"] == [
        None,
        True,
        None,
        None,
    ]
    assert data["trajectory"] == ["t", "u"]
    assert "2 runs with 8 calls" in (tmp_path / "set" / "README.md").read_text()
    assert tool not in data[0]["tools"]


def test_a_data_set_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    run = gathered("t", [RecordedCall("t", 0, "look", {}, "sea", False)])
    write_hf([run], HF, tmp_path, "runs")
    bad = gathered("u", [RecordedCall("u", 0, "look", {"bad": object()}, "sea", False)])

    with pytest.raises(TypeError):
        write_hf([run, bad], HF, tmp_path, "runs")

    assert [one.trajectory for one in back(tmp_path)] == ["t"]


def test_a_file_that_is_cut_off_is_told(tmp_path: Path) -> None:
    write_hf([gathered("t", [RecordedCall("t", 0, "look", {}, "sea", False)])], HF, tmp_path, "runs")
    (file,) = (tmp_path / "data").iterdir()
    file.write_bytes(file.read_bytes()[:-40])
    told: list[str] = []

    assert read_runs(file, tell=lambda one: told.append(one.message)) == []
    assert told == ["the parquet file is damaged or not whole; left out"]
