"""What two kinds of calls owe each other, followed call by call.

Only what may still be needed is kept, under the key by which calls go together, so that a trace costs what it is long.
Where a call fits both patterns, it first serves those before it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from mcp_sim.contracts.calls import Seen
from mcp_sim.contracts.finding import SHOWN, Failures
from mcp_sim.contracts.monitor import End
from mcp_sim.contracts.pairs import Pairing
from schemas.types import Failure


class Obligation:
    """What two kinds of calls owe each other.

    Attributes:
        SUBJECT: which of the two it speaks of, if they are there.
        activated: how many calls it speaks of.
        witnesses: pairs of steps that show that it was met.
        failures: where it was not, so far.
    """

    SUBJECT = "a"

    def __init__(self, roles: str, said: dict[str, str], pairing: Pairing) -> None:
        self.a, self.b = said[roles[0]], said[roles[1]]
        self.pairing = pairing
        self.roles = roles
        self.activated = 0
        self.witnesses: list[int] = []
        self.failures = Failures()

    def take(self, seen: Seen, is_a: bool, is_b: bool) -> None:
        """Follow one call."""
        raise NotImplementedError

    def owed(self, _: End, /) -> Iterator[Failure]:
        """What is still owed when the session ends."""
        yield from ()

    def is_settled(self) -> bool:
        """Whether it holds whatever comes."""
        return False

    def key(self, side: int, seen: Seen) -> Hashable:
        """The key of a call as a (0) or b (1)."""
        return self.pairing.key(self.roles[side], seen)

    def go_together(self, a: Seen, b: Seen) -> bool:
        """Whether two calls with equal keys go together."""
        return self.pairing.fits(a, b) if self.roles == "ab" else self.pairing.fits(b, a)

    def met(self, *seen: Seen) -> None:
        """Note calls that show that it was met."""
        if len(self.witnesses) < SHOWN:
            self.witnesses += [one.n for one in seen]

    @property
    def subject(self) -> str:
        """What it speaks of, in words."""
        return " or ".join({"a": self.a, "b": self.b}[role] for role in self.SUBJECT)

    @property
    def together(self) -> str:
        """Which partner is meant, in words."""
        return "" if self.pairing.match is None else f" with {self.pairing.match}"


def latest(
    obligation: Obligation, candidates: Sequence[Seen], *, a: Seen | None = None, b: Seen | None = None
) -> Seen | None:
    """The latest candidate that goes with a call."""
    for candidate in reversed(candidates):
        if obligation.go_together(a or candidate, b or candidate):
            return candidate
    return None


def serve(obligation: Obligation, owed: dict[Hashable, list[Seen]], key: Hashable, b: Seen) -> None:
    """Let a b serve all that wait under its key and go with it."""
    waiting = owed.get(key)
    if not waiting:
        return
    left = []
    for a in waiting:
        if obligation.go_together(a, b):
            obligation.met(a, b)
        else:
            left.append(a)
    owed[key] = left


def remember(obligation: Obligation, kept: list[Seen], seen: Seen) -> None:
    """Keep a call as a partner for later ones; only the last where one is as good as another."""
    if obligation.pairing.is_plain:
        kept.clear()
    kept.append(seen)


def are_partners(obligation: Obligation, a: Seen, b: Seen) -> bool:
    """Whether an a and a b go together."""
    return obligation.key(0, a) == obligation.key(1, b) and obligation.go_together(a, b)


def in_order(owed: dict[Hashable, list[Seen]]) -> Iterator[Seen]:
    """The calls that wait, in the order in which they came."""
    return iter(sorted((seen for waiting in owed.values() for seen in waiting), key=lambda seen: seen.index))
