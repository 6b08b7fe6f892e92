"""What ought to be reached, beside what was: met, or missed by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcp_sim.fidelity import wilson
from tests.fidelity.definitions import Loaded
from tests.fidelity.learning import Learning
from tests.fidelity.measure import Measured
from tests.fidelity.references import Agreement
from tests.fidelity.sets import SETS, Aim

SECONDS, MIB = 300, 2048
"""Processor time and memory that learning from very many calls may take."""
ASIDE = 0.01
RIGHT, FOUND = 0.95, 0.8


@dataclass(frozen=True)
class Outcome:
    """One aim, and what became of it.

    Attributes:
        interval: of 95 % confidence, where it is a share.
        missed_by: how far it is missed; nothing where it is met.
    """

    set: str
    what: str
    aim: str
    found: str
    interval: str = ""
    missed_by: str = ""

    @property
    def is_met(self) -> bool:
        """Whether it is reached."""
        return not self.missed_by


def of_set(one: Measured) -> Iterator[Outcome]:
    """The aims of one set."""
    for aim in one.set.aims:
        numbers = one.numbers[aim.mode]
        part: dict[str, Any] = numbers.get(aim.part, {}) if aim.part else numbers
        share, of = part.get(aim.measure), part.get("counts", {}).get(aim.measure, 0)
        yield _share(one.set.name, _what(aim), aim.least, share, of)


def not_measured(name: str) -> Iterator[Outcome]:
    """The aims of a part that could not be run."""
    aims = next((one.aims for one in SETS if one.name == name), None)
    for what, aim in [(name, "")] if aims is None else [(_what(aim), f"≥ {aim.least:.0%}") for aim in aims]:
        yield Outcome(name, what, aim, "–", missed_by="not measured")


def of_definitions(found: Loaded) -> Iterator[Outcome]:
    """At most one of a hundred real definitions is set aside."""
    of = found.loaded + found.set_aside
    yield _share("definitions", "set aside", ASIDE, found.share, of, at_most=True)


def of_references(found: Agreement) -> Iterator[Outcome]:
    """References are right, and most are found."""
    yield _share("references", "precision", RIGHT, found.precision, found.right + found.wrong)
    yield _share("references", "recall", FOUND, found.recall, found.right + found.wrong + found.missed)


def of_learning(found: Learning) -> Iterator[Outcome]:
    """Learning from very many calls takes bounded time and memory."""
    for what, most, took, unit in (
        ("processor time", SECONDS, found.run.processor, "s"),
        ("memory", MIB, found.run.memory, "MiB"),
    ):
        over = f"{took - most:,.0f} {unit}" if took > most else ""
        yield Outcome("learning", what, f"≤ {most:,} {unit}", f"{took:,.0f} {unit}", missed_by=over)


def _share(name: str, what: str, aim: float, share: float | None, of: int, *, at_most: bool = False) -> Outcome:
    wanted = f"{'≤' if at_most else '≥'} {aim:.0%}"
    if share is None:
        return Outcome(name, what, wanted, "–", missed_by="nothing to measure")
    low, high = wilson(share, of)
    lacking = share - aim if at_most else aim - share
    by = f"{lacking * 100:.1f} points" if lacking > 0 else ""
    return Outcome(name, what, wanted, f"{share:.1%}", f"{low * 100:.0f}–{high * 100:.0f}", by)


def _what(aim: Aim) -> str:
    mode, part = aim.mode.replace("_", "-"), aim.part.replace("_", " ")
    return f"{aim.measure.replace('_', ' ')}, {part or 'all calls'}, {mode}"
