"""What the mark of a test says: which worlds it runs in, and what goes wrong there."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.contracts.contract import Contract
from schemas.contracts.load import load_contract
from schemas.load import LoadError, load_profile, load_world, shipped_world, shipped_worlds
from schemas.perturbations import Perturbation
from schemas.types import World

if TYPE_CHECKING:
    import pytest


class BadMark(Exception):
    """A mark that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One sandbox.

    Attributes:
        name: tells it from the others of its test, such as `shop-flaky-3`.
        contract: by which it is judged, unless it is told otherwise.
        perturbations: what goes wrong; None for what the world itself declares.
        seed: None for the one of the world.
    """

    name: str
    world: World
    contract: Contract | None
    profile: str | None
    perturbations: tuple[Perturbation, ...] | None
    seed: int | None


def of_mark(mark: pytest.Mark | None) -> list[Terms]:
    """The sandboxes that a mark asks for: each of its contracts (or its world) under each profile, with each seed.

    Raises:
        BadMark: there is no mark, or it asks for what there is not.
    """
    if mark is None:
        raise BadMark('say which world: @pytest.mark.sandbox(world="shop"), or contract="shop/sell-a-cart"')
    try:
        return _terms(*mark.args, **mark.kwargs)
    except TypeError:
        given = ", ".join([*map(repr, mark.args), *mark.kwargs])
        known = ", ".join(inspect.signature(_terms).parameters)
        raise BadMark(f"sandbox({given}) is not how the mark is written; it takes {known}, each by name") from None
    except LoadError as error:
        raise BadMark(str(error)) from None


def _terms(
    *,
    world: World | str | Path | None = None,
    contract: Contract | str | Path | Sequence[Contract | str | Path] | None = None,
    profiles: str | Sequence[str | None] = (None,),
    seeds: int | Iterable[int | None] = (None,),
) -> list[Terms]:
    if (world is None) == (contract is None):
        raise BadMark("give the mark either a world or a contract, which names its world")
    places: list[tuple[World, Contract | None]]
    if world is not None:
        places = [(world if isinstance(world, World) else known_world(str(world)), None)]
    elif isinstance(contract, Contract | str | Path):
        places = [_place(contract)]
    else:
        places = [_place(one) for one in contract or ()]
    wanted = [profiles] if isinstance(profiles, str) else list(profiles)
    numbers = [seeds] if isinstance(seeds, int) else list(seeds)
    if not (places and wanted and numbers):
        raise BadMark("contract, profiles and seeds of the mark may be left out, but not be empty")
    for seed in numbers:
        if seed is not None and not (type(seed) is int and 0 <= seed <= 2**53):
            raise BadMark(f"a seed is a number from 0 to 2**53, not {seed!r}")
    return [
        Terms(_name(place, found, profile, seed), place, found, profile, faults, seed)
        for place, found in places
        for profile in wanted
        for faults in [None if profile is None else load_profile(profile, place)]
        for seed in numbers
    ]


def _place(contract: Contract | str | Path) -> tuple[World, Contract]:
    found = contract if isinstance(contract, Contract) else known_contract(str(contract))
    return found.world, found


@cache
def known_world(name: str) -> World:
    """A world by shipped name or path, read once in a run of tests.

    Raises:
        LoadError: no such world, or errors in its files.
    """
    return shipped_world(name) if name in shipped_worlds() else load_world(name)


@cache
def known_contract(name: str) -> Contract:
    """A contract by shipped name or path, read once in a run of tests.

    Raises:
        LoadError: no such contract, or errors in it or its world.
    """
    return load_contract(name)


def _name(world: World, contract: Contract | None, profile: str | None, seed: int | None) -> str:
    parts = [contract.name if contract else world.name]
    parts += [] if profile is None else [Path(profile).stem]
    parts += [] if seed is None else [str(seed)]
    return "-".join(parts)
