"""What a check is: a claim about a server, and a positive control without which the claim proves nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from tests.benchmarks.checks.api import Api

Outcome = Literal["right", "wrong", "unproven"]


class Unproven(Exception):
    """The positive control did not hold: whatever comes after it would be vacuous."""


class Wrong(Exception):
    """The claim does not hold."""


def control(holds: object, what: str) -> None:
    """Go on only if this holds."""
    if not holds:
        raise Unproven(what)


def claim(holds: object, what: str) -> None:
    """What the check is about."""
    if not holds:
        raise Wrong(what)


@dataclass(frozen=True)
class Result:
    """How a check ended at one server; `why` is empty when it is right."""

    check: str
    outcome: Outcome
    why: str = ""


@dataclass(frozen=True)
class Check:
    """One claim, named by a sentence."""

    name: str
    sentence: str
    run: Callable[[Api], Awaitable[None]]

    async def at(self, api: Api) -> Result:
        """Try it at a server."""
        try:
            await self.run(api)
        except Unproven as error:
            return Result(self.name, "unproven", str(error))
        except Wrong as error:
            return Result(self.name, "wrong", str(error))
        return Result(self.name, "right")


def check(run: Callable[[Api], Awaitable[None]]) -> Check:
    """The check that a function carries out; its docstring is the sentence."""
    return Check(run.__name__, (run.__doc__ or "").strip(), run)
