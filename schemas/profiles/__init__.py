"""The shipped profiles: perturbations that go together, one file each."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic_core import PydanticCustomError

from schemas.document import Document
from schemas.perturbations import Profile
from schemas.validate import nearest

_FOLDER = Path(__file__).parent


@lru_cache(maxsize=1)
def profiles() -> tuple[str, ...]:
    """The names of the shipped profiles."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@lru_cache(maxsize=16)
def profile(name: str) -> Profile:
    """A shipped profile."""
    return Profile.model_validate(Document(_FOLDER / f"{name}.yaml").data)


def known_profile(name: str) -> str:
    """The name, if there is such a profile.

    Raises:
        PydanticCustomError: there is none; the text names the nearest.
    """
    if name not in profiles():
        told = {"name": name[:80], "hint": nearest(name[:80], profiles()), "known": ", ".join(profiles())}
        raise PydanticCustomError("unknown_profile", "no profile '{name}'{hint}; there are {known}", told)
    return name
