from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from trainer.checkpoint import Shape, load_tokenizer, make_model
from trainer.errors import TrainingError

SHAPE = Shape(hidden=128, layers=2, heads=4, key_value_heads=4, head=32, intermediate=64, vocabulary=768, primed=True)


def repeated(shape: Shape, start: Path) -> float:
    """The share of random tokens that a model without training says right when they come for the second time."""
    model = make_model(shape, load_tokenizer(start), seed=3)
    draw = torch.Generator().manual_seed(1)
    first, between = (torch.randint(5, 768, (4, length), generator=draw) for length in (80, 120))
    ids = torch.cat([first, between, first], dim=1)
    with torch.no_grad():
        said = model(input_ids=ids).logits[:, -80:-1].argmax(-1)
    return (said == ids[:, -79:]).float().mean().item()


def test_a_primed_model_copies_what_it_never_learned_and_another_does_not(start: Path) -> None:
    assert repeated(SHAPE, start) > 0.75
    assert repeated(replace(SHAPE, primed=False), start) < 0.05


@pytest.mark.parametrize(
    "small", [{"layers": 1}, {"key_value_heads": 2}, {"head": 8, "heads": 16, "key_value_heads": 16}]
)
def test_a_model_too_small_for_the_circuit_is_refused(small: dict[str, int], start: Path) -> None:
    with pytest.raises(TrainingError, match="needs two layers, four heads with keys of their own"):
        make_model(replace(SHAPE, **small), load_tokenizer(start), seed=0)  # type: ignore[arg-type]
