"""Packs with a fault, and what the loader says about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.load import LoadError, Problem, load_pack, load_world
from tests.running import write_pack


def problems(path: Path) -> list[Problem]:
    """Every problem of a file that cannot be used."""
    with pytest.raises(LoadError) as caught:
        load_world(path)
    assert all(isinstance(problem, Problem) for problem in caught.value.problems), str(caught.value)
    return [problem for problem in caught.value.problems if isinstance(problem, Problem)]


def said(folder: Path, **parts: Any) -> list[str]:
    """`pointer: message` for every problem of the harbour with other parts."""
    return [f"{problem.pointer}: {problem.message}" for problem in problems(write_pack(folder, **parts))]


def sentence(path: Path) -> str:
    """The one sentence about a file that cannot even be read, with the folder cut off."""
    with pytest.raises(LoadError) as caught:
        load_pack(path)
    (found,) = caught.value.problems
    return str(found).replace(f"{path.parent}/", "")
