"""Data sets made in a moment: recordings of a small service, and recipes that say little."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from trainer.record import Record, read_records
from trainer.tailor.engines import Local
from trainer.tailor.intents import REGISTRY
from trainer.tailor.recipe import Recipe
from trainer.tailor.tailoring import Tailoring
from trainer.tailor.workshop import read_lines


class Made:
    """A data set."""

    def __init__(self, out: Path, manifest: dict[str, Any]) -> None:
        self.out = out
        self.manifest = manifest

    def records(self, side: str = "*") -> list[Record]:
        return [one for path in sorted((self.out / "data").glob(f"{side}/*.gz")) for one in read_records(path)]

    def dropped(self) -> list[list[str]]:
        return [orjson.loads(line) for line in read_lines(self.out / "dropped.jsonl.gz")]


def recipe(folder: Path, **parts: Any) -> Recipe:
    """A recipe that reads a folder; split by session, so that there is something to check with one service."""
    base: dict[str, Any] = {
        "name": "small",
        "sources": [{"name": "recordings", "origin": "made up", "paths": [str(folder)]}],
        "intents": [{"intent": name} for name in REGISTRY],
        "prompt_tokens": 1500,
        "split": {"by": "session", "validation": 0.2, "disjoint": ["session"]},
        "contamination": {"schemas": False, "ids": False, "bodies": False, "why": "one service"},
    }
    return Recipe.model_validate(base | parts)


@pytest.fixture
def tailored(tmp_path: Path) -> Callable[..., Made]:
    """Follow a recipe."""
    count = iter(range(100))

    def make(found: Recipe, out: Path | None = None, workers: int = 1, report: bool = False) -> Made:
        place = out or tmp_path / f"out-{next(count)}"
        return Made(place, Tailoring(found, place, Local(workers), report=report).run())

    return make
