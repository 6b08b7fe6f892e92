"""Training records, in the formats of others: what they cannot hold is counted."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.cli import run
from store.traces.parquet import read_parquet
from trainer.__main__ import app
from trainer.export import FORMATS, write
from trainer.record import Record, Turn, identified, read_records, write_records

TURNS = st.builds(
    Turn, role=st.sampled_from(["system", "user", "assistant", "tool"]), content=st.text(max_size=8), loss=st.booleans()
)
RECORDS = st.builds(
    Record,
    id=st.just(""),
    intent=st.sampled_from(["next-observation", "agent-sft"]),
    template=st.just("v1"),
    turns=st.lists(TURNS, max_size=4).map(tuple),
    domain=st.sampled_from(["", "boats"]),
    facts=st.dictionaries(st.text(max_size=3), st.integers(0, 9) | st.text(max_size=3), max_size=2),
    sources=st.lists(st.text(max_size=3), max_size=2).map(tuple),
).map(identified)
RECORD = identified(
    Record(
        "",
        "next-observation",
        "v1",
        (Turn("system", "You are a service."), Turn("user", "look {}"), Turn("assistant", "sea", loss=True)),
        domain="boats",
        at=3,
        facts={"tool": "look", "arguments": {"x": 1}},
        sources=("e1",),
    )
)


def test_openai_learns_what_the_record_learns(tmp_path: Path) -> None:
    written = write([RECORD], "openai", tmp_path / "out")

    document = orjson.loads((tmp_path / "out").read_bytes())
    assert document["messages"] == [
        {"role": "system", "content": "You are a service."},
        {"role": "user", "content": "look {}"},
        {"role": "assistant", "content": "sea", "weight": 1},
    ]
    assert document["metadata"] == {"record": RECORD.id, "intent": "next-observation", "domain": "boats"}
    assert written.losses == {"record.template": 1, "record.at": 1, "record.facts": 1, "record.sources": 1}


def test_sharegpt_cannot_say_what_is_not_learned(tmp_path: Path) -> None:
    shown = identified(Record("", "x", "v1", (Turn("user", "a"), Turn("assistant", "b"), Turn("tool", "c"))))
    written = write([RECORD, shown], "sharegpt", tmp_path / "out")

    speakers = [
        [said["from"] for said in orjson.loads(line)["conversations"]]
        for line in (tmp_path / "out").read_bytes().splitlines()
    ]
    assert speakers == [["system", "human", "gpt"], ["human", "gpt", "observation"]]
    assert written.losses["turn.loss"] == 1


@given(records=st.lists(RECORDS, max_size=4))
def test_json_lines_come_back_whole(tmp_path_factory, records: list[Record]) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path_factory.mktemp("out") / "records.jsonl"

    assert write(records, "jsonl", out).losses == {}
    assert list(read_records(out)) == records


def test_parquet_holds_everything(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="there is no `datasets` here: the extra `train` has it")
    written = write([RECORD], "hf", tmp_path / "set")

    (row,) = read_parquet(tmp_path / "set" / "data" / "train-00000.parquet")
    assert row["facts"] == {"tool": "look", "arguments": {"x": 1}}
    assert (row["id"], row["at"], row["sources"], row["loss"]) == (RECORD.id, 3, ["e1"], [False, False, True])
    assert (written.records, written.losses) == (1, {})
    assert "1 training records" in (tmp_path / "set" / "README.md").read_text()


@given(RECORDS)
def test_what_is_lost_is_what_a_document_does_not_say(record: Record) -> None:
    for form in FORMATS.values():
        text = json.dumps(form.document(record), ensure_ascii=False)
        told = form.lost(record)
        assert record.domain in text or told["record.domain"]
        assert all(json.dumps(turn.content, ensure_ascii=False) in text for turn in record.turns)


def test_the_command_tells_what_is_lost_and_refuses_its_own_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_records(tmp_path / "records.jsonl.gz", [RECORD])

    def export(name: str, to: str, out: str) -> tuple[int, str]:
        arguments = ["export", str(tmp_path / name), "--to", to, "--out", str(tmp_path / out)]
        monkeypatch.setattr(sys, "argv", ["trainer", *arguments])
        with pytest.raises(SystemExit) as ended:
            run(app, "python -m trainer")
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    status, told = export("records.jsonl.gz", "openai", "out")
    assert (status, "1 records in" in told, "record.facts" in told) == (0, True, True)
    status, told = export("records.jsonl.gz", "jsonl", "records.jsonl.gz")
    assert (status, "name another file with --out" in told) == (1, True)
    status, told = export("gone", "jsonl", "out")
    assert (status, "No such file" in told, "Traceback" in told) == (1, True, False)
