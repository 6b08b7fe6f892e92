from __future__ import annotations

from pathlib import Path

import pytest

from schemas.load import load_world
from trainer.bench.baselines import synthesized
from trainer.bench.scoring import bench
from trainer.cases import Case, Cases
from trainer.errors import TrainingError
from trainer.play import Play, play
from trainer.recipes import LENDING


def test_the_synthesizer_answers_in_the_words_of_a_world_model_and_is_mostly_wrong(tmp_path: Path) -> None:
    records = list(play(load_world(LENDING), Play(2, 15, prompt_tokens=2000), tmp_path))
    cases = [Cases(tmp_path).of(record) for record in records]
    result = bench(cases, {"synthesizer": synthesized(cases)})
    whole = result.slices()["all"]
    invalid, exact = (result.mean("synthesizer", name, whole) for name in ("invalid", "exact"))
    assert invalid is not None
    assert invalid.mean == 0.0
    assert exact is not None
    assert exact.mean < 0.5


def test_without_rows_nothing_is_made_up(tmp_path: Path) -> None:
    record = next(iter(play(load_world(LENDING), Play(1, 2), tmp_path)))
    with pytest.raises(TrainingError, match="has no trace, so nothing can be made up from its rows"):
        synthesized([Case(record)])
