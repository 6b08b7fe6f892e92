"""`python -m trainer bench`, from files and servers to one page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from schemas.load import load_world
from tests.runner.reports.browser import Window, chromium
from tests.trainer.played import shipped
from tests.worldmodel.adversary import Adversary
from trainer.__main__ import app
from trainer.bench.errors import BenchError
from trainer.play import Play, play
from trainer.record import write_records
from trainer.rewards import DIMENSIONS, RewardError

RECORDS = shipped()[:12]
NASTY = '<script>alert("x")</script>'


def bench(*arguments: object) -> Any:
    found = CliRunner().invoke(app, ["bench", *map(str, arguments)])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("bench")
    write_records(tmp_path / "held-out.jsonl.gz", RECORDS)
    for name in ("real", "nasty"):
        said = [one.turns[-1].content if name == "real" else NASTY for one in RECORDS]
        lines = [orjson.dumps({"id": one.id, "answer": text}) + b"\n" for one, text in zip(RECORDS, said, strict=True)]
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(lines))
    row = {"task": "x/mcp", "system_str": "s", "prompt": ["a"], "response": ["b"], "current_prompt": "a", "turn_idx": 1}
    (tmp_path / "awb.jsonl").write_bytes(orjson.dumps(row) + b"\n" + orjson.dumps({**row, "task": "x/web"}))
    list(play(load_world("shop"), Play(1, 6), tmp_path))
    next(tmp_path.glob("shop-*.jsonl")).rename(tmp_path / "trace.jsonl")
    (tmp_path / "empty.jsonl").write_text("")
    return tmp_path


def judging(messages: list[dict[str, Any]]) -> str:
    """A script that likes answers with an id, as a judge; as a world model it has one answer to everything."""
    if "<final_evaluation>" not in messages[0]["content"]:
        return '{"id": "nobody"}'
    said = messages[1]["content"].rpartition("<simulated-")[2]
    return f"<final_evaluation>{orjson.dumps({'scores': dict.fromkeys(DIMENSIONS, 1 if 'as you wish' in said else 4)}).decode()}</final_evaluation>"


def test_files_servers_judges_drift_and_rows_end_in_one_page(files: Path) -> None:
    page, numbers = files / "report.html", files / "report.json"
    with Adversary(answer=judging, scripted=True) as server:
        arguments = (
            "--records", files / "held-out.jsonl.gz", "--answers", f"real={files / 'real.jsonl'}",
            "--answers", f"nasty={files / 'nasty.jsonl'}", "--url", f"served={server.url}", "--judge", server.url,
            "--drift", files / "trace.jsonl", "--awb", files / "awb.jsonl", "--out", files / "kept",
            "--html", page, "--json", numbers,
        )  # fmt: skip
        told = bench(*arguments)
        asked = len(server.requests)
        again = orjson.loads(numbers.read_bytes())
        bench(*arguments[: arguments.index("--drift")], "--out", files / "kept", "--json", numbers)
    assert all(part in told for part in ("Next observation", "Differences", "Closed-loop drift", "AgentWorldBench"))
    assert asked > 20
    assert again["prediction"]["checkpoints"]["real"]["slices"]["all"]["exact"]["mean"] == 1
    assert again["prediction"]["checkpoints"]["real"]["slices"]["all"]["rubric"]["mean"] == 0.75
    assert again["awb"]["served"]["macro"]["score"] == 75
    assert again["drift"]["served"]["with"]["6"]["exact"] < 1
    text = page.read_text()
    assert "<svg" in text
    assert NASTY not in text
    with chromium() as browser:
        for scheme, size in (("light", {"width": 1440, "height": 1000}), ("dark", {"width": 390, "height": 844})):
            window = Window(browser, color_scheme=scheme, viewport=size)
            window.open(page)
            assert window.complaints == []
            assert window.requests == [page.as_uri()]
            assert window.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_a_server_said_is_kept_and_not_asked_again(files: Path, tmp_path: Path) -> None:
    with Adversary(answer=judging, scripted=True) as server:
        arguments = ("--records", files / "held-out.jsonl.gz", "--url", f"served={server.url}", "--out", tmp_path)
        bench(*arguments)
        before = server.counts.total()
        bench(*arguments)
        assert server.counts.total() == before > 0


WRONG: list[tuple[Callable[[Path], list[object]], type[Exception], str]] = [
    (lambda _: [], BenchError, "there is nothing to do: give --records, --awb or --drift"),
    (lambda at: ["--records", at / "none.jsonl"], BenchError, "none.jsonl cannot be read: No such file"),
    (lambda at: ["--records", at / "empty.jsonl"], BenchError, "there is no record in"),
    (lambda at: ["--records", at / "held-out.jsonl.gz"], BenchError, "there are no answers to measure; give some with"),
    (
        lambda at: ["--records", at / "held-out.jsonl.gz", "--answers", "sft"],
        BenchError,
        "--answers 'sft' is not NAME=",
    ),
    (
        lambda at: ["--records", at / "held-out.jsonl.gz", "--answers", f"a={at / 'empty.jsonl'}"],
        BenchError,
        "empty.jsonl holds 0 answers, and there are 12 records",
    ),
    (lambda at: ["--awb", at / "awb.jsonl"], BenchError, "--awb and --drift ask a served checkpoint: name one"),
    (
        lambda at: ["--awb", at / "awb.jsonl", "--url", "a=http://127.0.0.1:9"],
        BenchError,
        "--awb is scored by a judge: name one with --judge URL",
    ),
    (
        lambda at: ["--drift", at / "awb.jsonl", "--url", "a=http://127.0.0.1:9"],
        BenchError,
        "awb.jsonl: ",
    ),
    (lambda at: ["--records", at / "x", "--html", at], BenchError, "cannot be written: it is a folder"),
    (
        lambda at: [
            "--records",
            at / "held-out.jsonl.gz",
            "--answers",
            f"a={at / 'real.jsonl'}",
            "--judge",
            "http://127.0.0.1:9",
        ],
        RewardError,
        "the judge does not answer: http://127.0.0.1:9",
    ),
]


@pytest.mark.parametrize(("arguments", "kind", "said"), WRONG)
def test_what_cannot_be_done_is_told_in_one_sentence(
    arguments: Callable[[Path], list[object]], kind: type[Exception], said: str, files: Path
) -> None:
    with pytest.raises(kind) as caught:
        bench(*arguments(files), "--out", files / "kept")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_heavy_is_imported_for_rewards_and_bench() -> None:
    heavy = "torch transformers trl datasets numpy matplotlib"
    code = (
        f"import sys, trainer.rewards, trainer.bench.command; print(*sorted(set('{heavy}'.split()) & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == ""
