"""A model says instructions in other words, inside the gate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.trainer.tailor.conftest import Made, recipe
from tests.trainer.tailor.service import initial, runs, written
from tests.worldmodel.adversary import Adversary
from trainer.tailor.phrases import PhraseError, keeps

PROMPT = "Say this in other words: {text}"


def _library(folder: Path) -> Path:
    """Recordings with the rows that they begin with."""
    written(folder, runs(12))
    (folder / "books.json").write_bytes(orjson.dumps(initial(12)))
    return folder


def _phrased(
    tailored: Callable[..., Made], folder: Path, answer: Callable[[str], str], model: str = "adversary"
) -> Made:
    def said(messages: list[dict[str, Any]]) -> str:
        return answer(messages[-1]["content"].removeprefix("Say this in other words: "))

    with Adversary(answer=said, scripted=True) as server:
        asked = {"urls": [server.url], "model": model, "prompt": PROMPT, "sampling": {"temperature": 0}}
        given = recipe(
            folder,
            intents=[{"intent": "state-query"}, {"intent": "cpt-document"}],
            phrasing={**asked, "intents": ["state-query"]},
        )
        return tailored(given)


def test_what_a_model_says_is_declared_and_keeps_every_value(tailored: Callable[..., Made], tmp_path: Path) -> None:
    folder = _library(tmp_path / "in")
    made = _phrased(tailored, folder, lambda text: f"Kindly tell me: {text}")
    questions = [one for one in made.records() if one.intent == "state-query"]
    assert questions
    for one in questions:
        assert one.turns[-2].content.startswith("Kindly tell me:")
        assert one.generated == (f"/turns/{len(one.turns) - 2}/content",)
    assert not [one for one in made.records() if one.intent == "cpt-document" and one.generated]


@pytest.mark.parametrize("spoilt", ["", "Tell me about BK-77777.", "What is it?"])
def test_words_that_lose_or_invent_a_value_are_not_used(
    spoilt: str, tailored: Callable[..., Made], tmp_path: Path
) -> None:
    made = _phrased(tailored, _library(tmp_path / "in"), lambda _: spoilt)
    assert [one for one in made.records() if one.intent == "state-query"]
    assert not [one for one in made.records() if one.generated]


def test_words_are_the_same_if_they_hold_the_same_values() -> None:
    assert keeps('Lend "BK-1" for 3 days', 'For 3 days, "BK-1" is wanted')
    assert not keeps('Lend "BK-1" for 3 days', 'For 4 days, "BK-1" is wanted')
    assert not keeps('Lend "BK-1" for 3 days', "For 3 days, BK-1 is wanted")


def test_a_model_that_does_not_answer_is_told(tailored: Callable[..., Made], tmp_path: Path) -> None:
    with pytest.raises(PhraseError, match=r"did not answer: .*The model `nobody` does not exist"):
        _phrased(tailored, _library(tmp_path / "in"), lambda text: text, model="nobody")
