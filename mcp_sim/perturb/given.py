"""Perturbations given for one session, checked against its world like those in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mcp_sim.errors import BadPerturbation
from schemas.perturbations import Perturbation, Profile
from schemas.profiles import profile, profiles
from schemas.reach import check_perturbations
from schemas.shape import formed
from schemas.types import World
from schemas.validate import nearest, pointer

Given = Sequence[Perturbation | Mapping[str, Any]]
"""Perturbations, or what stands in a file for them."""
_TOLD = 5


def perturbations_of(world: World, given: Given) -> tuple[Perturbation, ...]:
    """What was given, each with a name.

    Raises:
        BadPerturbation: not perturbations, or none that this world can have; each with its place and the reason.
    """
    found, findings = formed(Profile, {"about": "", "perturbations": list(given)})
    if found is not None:
        findings = check_perturbations(world, found.perturbations)
    if found is None or findings:
        told = [f"{pointer(finding.at)}: {finding.message}" for finding in findings[:_TOLD]]
        raise BadPerturbation("; ".join(told))
    return found.perturbations


def of_profile(name: str) -> tuple[Perturbation, ...]:
    """The perturbations of a shipped profile.

    Raises:
        BadPerturbation: there is none of this name.
    """
    if name not in profiles():
        raise BadPerturbation(
            f"no profile '{name[:80]}'{nearest(name[:80], profiles())}; there are {', '.join(profiles())}"
        )
    return profile(name).perturbations


def without(perturbations: tuple[Perturbation, ...], names: Sequence[str]) -> tuple[Perturbation, ...]:
    """The others.

    Raises:
        BadPerturbation: there is none of one of these names.
    """
    known = [one.name for one in perturbations]
    for name in names:
        if name not in known:
            hint = nearest(name[:80], known) or (f"; there are {', '.join(known)}" if known else "; there is none")
            raise BadPerturbation(f"no perturbation '{name[:80]}'{hint}")
    return tuple(one for one in perturbations if one.name not in names)
