"""Recipes: what they leave open is told with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from trainer.tailor.kitchen import RecipeError, recipe_of
from trainer.tailor.lint import lint
from trainer.tailor.recipes import RECIPES

WHOLE: dict[str, Any] = {
    "name": "mine",
    "sources": [{"name": "ours", "origin": "ours", "paths": ["calls"]}],
    "intents": [{"intent": "next-observation"}],
}


def _told(path: Path, **parts: Any) -> str:
    path.write_text(yaml.safe_dump(WHOLE | parts, sort_keys=False))
    with pytest.raises(RecipeError) as caught:
        recipe_of(str(path))
    return str(caught.value)


def test_a_whole_recipe_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(yaml.safe_dump(WHOLE))
    assert recipe_of(str(path)).name == "mine"


@pytest.mark.parametrize("name", RECIPES)
def test_the_recipes_that_come_along_leave_nothing_open(name: str) -> None:
    assert lint(RECIPES[name]()) == []


OPEN: list[tuple[dict[str, Any], str]] = [
    ({"sources": [{"name": "x", "origin": "y"}]}, "/sources/0: source 'x' has no generator: name the `paths`"),
    ({"sources": [{"name": "x", "paths": ["y"]}]}, "give its `origin`"),
    ({"sources": [{"name": "x", "kind": "play", "sessions": 2}]}, "name the `worlds`"),
    ({"sources": [{"name": "x", "kind": "play", "worlds": ["shop"]}]}, "how many `sessions`"),
    ({"sources": [*WHOLE["sources"], *WHOLE["sources"]]}, "there is a source 'ours' already"),
    ({"intents": [{"intent": "next-observatoin"}]}, "(did you mean 'next-observation'?)"),
    ({"intents": [{"intent": "cpt-document", "template": "v9"}]}, "'cpt-document' has no template 'v9'; it has v1"),
    ({"intents": [{"intent": "cpt-document", "sample": {"share": 0.1}}]}, "a sampling without its rule"),
    ({"intents": [{"intent": "cpt-document", "sample": {"rule": "share"}}]}, "needs its `share`"),
    ({"intents": [{"intent": "cpt-document", "sample": {"rule": "per-run"}}]}, "needs its `count`"),
    ({"phrasing": {"model": "m", "prompt": "{text}", "sampling": {"seed": 1}}}, "a model step without its server"),
    ({"phrasing": {"urls": ["http://x"], "prompt": "{text}", "sampling": {"seed": 1}}}, "without its model"),
    ({"phrasing": {"urls": ["http://x"], "model": "m", "sampling": {"seed": 1}}}, "without its prompt"),
    ({"phrasing": {"urls": ["http://x"], "model": "m", "prompt": "{text}"}}, "a sampling without its rule"),
    ({"contamination": {"ids": False}}, "the check of ids is off: say `why`"),
    ({"duplicates": {"near": None}}, "a check for duplicates is off: say `why`"),
    ({"filters": {"off": {"retry": ""}}}, "the filter 'retry' is off: say why"),
    ({"arm": "random:retyr"}, "(did you mean 'retry'?)"),
    ({"mix": {"oder": "shuffled"}}, "'oder' is not a field here (did you mean 'order'?)"),
    ({"sources": []}, "must have at least 1 entry"),
]


@pytest.mark.parametrize(("parts", "said"), OPEN)
def test_what_is_left_open_is_told_with_its_place(parts: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    told = _told(path, **parts)
    assert told.startswith(f"{path}:")
    assert said in told


def test_a_recipe_that_is_not_there_is_told_with_the_nearest_one() -> None:
    with pytest.raises(RecipeError, match=r"neither a recipe .did you mean 'debug'.. nor a file"):
        recipe_of("debgu")
