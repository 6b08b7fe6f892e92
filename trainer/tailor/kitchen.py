"""Recipes by name or file, read and checked."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcp_sim.errors import McpSimError
from schemas.document import Document, DocumentError, Finding
from schemas.shape import formed
from schemas.validate import nearest, pointer
from trainer.tailor.lint import lint
from trainer.tailor.recipe import Recipe
from trainer.tailor.recipes import RECIPES

_VARIABLE = re.compile(r"\$(\w+|\{\w+\})")


class RecipeError(McpSimError):
    """A recipe that cannot be followed; the message names file, line and what is missing."""


def recipe_of(given: str) -> Recipe:
    """The recipe of this name, or in this file of YAML or JSON.

    Raises:
        RecipeError: there is none, or it leaves something open.
    """
    if given in RECIPES:
        return checked(RECIPES[given](), lambda found: f"recipe '{given}': {pointer(found.at) or '/'}")
    path = Path(given)
    if not path.exists():
        raise RecipeError(
            f"'{given}' is neither a recipe{nearest(given, RECIPES)} nor a file; there are {', '.join(RECIPES)}"
        )
    try:
        document = Document(path)
    except DocumentError as error:
        raise RecipeError(str(error)) from None

    def where(found: Finding) -> str:
        return f"{path}:{document.line(found.at)}: {pointer(found.at) or '/'}"

    if not isinstance(document.data, dict):
        raise RecipeError(f"{path}: a recipe is a mapping with name, sources and intents")
    recipe, problems = formed(Recipe, document.data)
    if recipe is None:
        raise RecipeError("\n".join(f"{where(found)}: {found.message}" for found in problems))
    return checked(recipe, where)


def checked(recipe: Recipe, where: Callable[[Finding], str]) -> Recipe:
    """The recipe, if it leaves nothing open.

    Raises:
        RecipeError: it does.
    """
    open_ends = lint(recipe)
    if open_ends:
        raise RecipeError("\n".join(f"{where(found)}: {found.message}" for found in open_ends))
    return recipe


def place(given: str) -> Path:
    """A path of a recipe, its environment variables filled in.

    Raises:
        RecipeError: a variable is not set.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1].strip("{}")
        if name not in os.environ:
            raise RecipeError(
                f"'{given}': the environment variable {name} is not set; set it to the folder of the data"
            )
        return os.environ[name]

    return Path(_VARIABLE.sub(value, given))


def resolved(recipe: Recipe) -> dict[str, Any]:
    """The recipe as plain JSON, everything that it leaves to defaults said."""
    body: dict[str, Any] = recipe.model_dump(mode="json")
    return body
