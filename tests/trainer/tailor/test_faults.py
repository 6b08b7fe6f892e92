"""Faults that are planted, and have to be found: all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from tests.trainer.tailor.conftest import Made, recipe
from tests.trainer.tailor.service import TOOLS, line, runs, written
from trainer.tailor.workshop import read_lines

HUNDRED = 100
PLAIN = [{"intent": "next-observation"}]
DOCUMENTS = [{"intent": "cpt-document"}, {"intent": "agent-sft"}]


def _facts(made: Made) -> list[dict[str, Any]]:
    return [orjson.loads(one) for path in sorted((made.out / "facts").glob("*")) for one in read_lines(path)]


def test_a_hundred_contradictions_are_found_and_nothing_else_is(tailored: Callable[..., Made], tmp_path: Path) -> None:
    recorded = runs(HUNDRED, calls=4)
    for number, run in enumerate(recorded):
        book = f"BK-{number:03}00"
        shown = {"book_id": book, "title": "Grey", "reader": None, "days": 0}
        first = line(f"library-{number}", 4, "get_book", {"book_id": book}, orjson.dumps(shown).decode())
        later = orjson.dumps(shown | {"title": "Green"}).decode()
        second = {**first, "call_index": 5, "observation": later}
        run += [first, second]
    made = tailored(recipe(written(tmp_path / "in", recorded), intents=PLAIN))
    lost = [one for one in _facts(made) if any(loss["filter"] == "contradiction" for loss in one["losses"])]
    assert sum(one["at"] == 5 for one in lost) == HUNDRED
    assert {one["at"] for one in lost} <= {4, 5}  # the first planted answer may contradict an earlier one as well


def test_a_hundred_secrets_reach_no_record(tailored: Callable[..., Made], tmp_path: Path) -> None:
    recorded = runs(HUNDRED, calls=2)
    secrets = [f"sk-live-{number:03}aZ9kQ2mX7vB4nL8pR1tY6wE3" for number in range(HUNDRED)]
    for run, secret in zip(recorded, secrets, strict=True):
        shown = orjson.dumps({"book_id": "BK-1", "api_key": secret}).decode()
        run.append(line(run[0]["trajectory_id"], 2, "get_book", {"book_id": "BK-1"}, shown))
    made = tailored(recipe(written(tmp_path / "in", recorded), intents=DOCUMENTS))
    everything = b"".join(path.read_bytes() for path in made.out.rglob("*") if path.is_file() and path.suffix != ".gz")
    everything += b"".join(one for path in made.out.rglob("*.gz") for one in read_lines(path))
    assert [secret for secret in secrets if secret.encode() in everything] == []
    assert len(made.records()) > HUNDRED // 2


def test_a_hundred_duplicates_are_found(tailored: Callable[..., Made], tmp_path: Path) -> None:
    recorded = runs(HUNDRED, calls=3)
    again = [[{**one, "trajectory_id": f"again-{number}"} for one in run] for number, run in enumerate(recorded)]
    same = {"near": None, "why": "only exact ones are planted"}
    once = tailored(recipe(written(tmp_path / "once", recorded), intents=PLAIN, duplicates=same))
    twice = tailored(recipe(written(tmp_path / "twice", recorded + again), intents=PLAIN, duplicates=same))
    assert {one.turns for one in once.records()} == {one.turns for one in twice.records()}
    assert len([one for one in twice.dropped() if one[1] == "duplicate"]) >= HUNDRED


def test_records_that_differ_in_a_word_are_near_duplicates(tailored: Callable[..., Made], tmp_path: Path) -> None:
    text = " ".join(f"word{number}" for number in range(300))
    recorded = [
        [line(f"run-{number}", at, "get_book", {"book_id": f"BK-{at}"}, f"{text} {number}") for at in range(2)]
        for number in range(HUNDRED)
    ]
    made = tailored(recipe(written(tmp_path / "in", recorded), intents=[{"intent": "cpt-document"}]))
    assert len(made.records()) == 1
    assert sum(one[1] == "near-duplicate" for one in made.dropped()) == HUNDRED - 1


def _named(tmp_path: Path, held: list[Any]) -> dict[str, Any]:
    path = tmp_path / "held.jsonl"
    path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in held))
    return {"against": [str(path)], "schemas": False, "ids": False, "bodies": False, "why": "one at a time"}


def _leaks(made: Made, kind: str) -> int:
    return sum(one[1] == f"leak-{kind}" for one in made.dropped())


def test_a_hundred_leaked_ids_are_found(tailored: Callable[..., Made], tmp_path: Path) -> None:
    recorded = runs(HUNDRED, calls=3)
    for number, run in enumerate(recorded):
        run.append(line(f"library-{number}", 3, "get_book", {"book_id": f"held-{number:05}"}, "There is no such book"))
    held = [{"question": f"Where is held-{number:05}?"} for number in range(HUNDRED)]
    checks = _named(tmp_path, held) | {"ids": True}
    split = {"by": "session", "validation": 0, "disjoint": ["session"]}
    same = {"near": None, "why": "they are alike on purpose"}
    given = recipe(
        written(tmp_path / "in", recorded), intents=PLAIN, contamination=checks, split=split, duplicates=same
    )
    made = tailored(given)
    assert _leaks(made, "id") >= HUNDRED
    assert not [one for one in made.records() if "held-" in one.turns[-2].content.rpartition("### Turn")[2]]


def test_a_hundred_leaked_bodies_are_found_in_the_same_and_in_nearly_the_same_words(
    tailored: Callable[..., Made], tmp_path: Path
) -> None:
    bodies = [" ".join(f"leaf{number}x{at}" for at in range(40)) for number in range(HUNDRED)]
    recorded = runs(HUNDRED, calls=3)
    for number, run in enumerate(recorded):
        said = bodies[number].upper() if number % 2 else f"{bodies[number]} indeed"
        run.append(line(f"library-{number}", 3, "get_book", {"book_id": f"BK-{number}"}, said))
    exact = _named(tmp_path, [{"answer": body} for body in bodies]) | {"bodies": True}
    split = {"by": "session", "validation": 0, "disjoint": ["session"]}
    folder = written(tmp_path / "in", recorded)
    found = tailored(recipe(folder, intents=PLAIN, contamination=exact, split=split))
    assert _leaks(found, "body") + _leaks(found, "near-body") == HUNDRED


def test_a_tool_that_is_held_out_leaks_under_any_name(tailored: Callable[..., Made], tmp_path: Path) -> None:
    held = [{"name": "renamed", "parameters": TOOLS[1]["inputSchema"]}]
    checks = _named(tmp_path, held) | {"schemas": True}
    split = {"by": "session", "validation": 0, "disjoint": ["session"]}
    given = recipe(written(tmp_path / "in", runs(HUNDRED)), intents=PLAIN, contamination=checks, split=split)
    made = tailored(given)
    assert _leaks(made, "schema") >= HUNDRED
    assert "lend_book" not in {one.facts["tool"] for one in made.records()}
