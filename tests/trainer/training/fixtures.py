"""A small world's records and a tiny model that has learned nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.load import load_world
from trainer.checkpoint import Shape, make_model, make_tokenizer, save
from trainer.play import Play, play
from trainer.recipes import LENDING
from trainer.record import Record, write_records

__all__ = ["folder", "played", "records", "start", "traces"]

SHAPE = Shape(hidden=32, layers=2, heads=2, key_value_heads=1, head=16, intermediate=96, vocabulary=768, positions=2048)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="session")
def traces(folder: Path) -> Path:
    return folder / "traces"


@pytest.fixture(scope="session")
def played(traces: Path) -> list[Record]:
    return list(play(load_world(LENDING), Play(3, 16, prompt_tokens=1500), traces))


@pytest.fixture(scope="session")
def records(folder: Path, played: list[Record]) -> Path:
    path = folder / "records.jsonl.gz"
    write_records(path, played)
    return path


@pytest.fixture(scope="session")
def start(folder: Path, played: list[Record]) -> Path:
    tokenizer = make_tokenizer([turn.content for record in played for turn in record.turns], SHAPE.vocabulary)
    save(make_model(SHAPE, tokenizer, seed=0), tokenizer, folder / "start")
    return folder / "start"
