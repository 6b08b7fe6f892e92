"""Recipes: what a run is made of, from the data to the bench."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.validate import nearest
from trainer.errors import TrainingError

if TYPE_CHECKING:
    from trainer.recipes.recipe import Recipe

LENDING = Path(__file__).with_name("lending.yaml")
"""A world of six tools and three entities, small enough to be learned in minutes."""

RECIPES = {
    "debug": "small",
    "cpu": "small",
    "h200": "large",
    "qwen3-8b-lora": "large",
    "agentworld-35b-lora": "large",
    "multi-node": "large",
}
"""In which module each recipe is; the function has its name, with `_` for `-`."""


def find_recipe(name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        TrainingError: there is none; the message names the nearest.
    """
    if name not in RECIPES:
        raise TrainingError(f"no recipe '{name}'{nearest(name, RECIPES)}: give one of {', '.join(RECIPES)}")
    found: Recipe = getattr(import_module(f"trainer.recipes.{RECIPES[name]}"), name.replace("-", "_"))()
    return found
