"""Obligations that demand a partner: somewhere, after, before, right after, right before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator

from mcp_sim.contracts.calls import Seen
from mcp_sim.contracts.finding import where
from mcp_sim.contracts.monitor import End
from mcp_sim.contracts.obligation import Obligation, are_partners, in_order, latest, remember, serve
from mcp_sim.contracts.pairs import Pairing
from schemas.types import Failure


class Anywhere(Obligation):
    """With every a there is another b, before or after."""

    def __init__(self, roles: str, said: dict[str, str], pairing: Pairing) -> None:
        super().__init__(roles, said, pairing)
        self._before: dict[Hashable, list[Seen]] = defaultdict(list)
        self._owed: dict[Hashable, list[Seen]] = defaultdict(list)

    def take(self, seen: Seen, is_a: bool, is_b: bool) -> None:
        """A b serves those that wait; an a waits unless one came before."""
        b_key = self.key(1, seen) if is_b else None
        if is_b and b_key in self._owed:
            serve(self, self._owed, b_key, seen)
        if is_a:
            self.activated += 1
            key = self.key(0, seen)
            partner = latest(self, self._before.get(key, ()), a=seen)
            if partner is None:
                self._owed[key].append(seen)
            else:
                self.met(partner, seen)
        if is_b:
            remember(self, self._before[b_key], seen)

    def owed(self, end: End, /) -> Iterator[Failure]:
        """An a that found none."""
        for seen in in_order(self._owed):
            message = f"{where(seen.step)} is {self.a}, and there is no {self.b}{self.together}; {end.length}"
            yield Failure(message, (seen.n,))

    def is_settled(self) -> bool:
        """Whether a b is there for all that may come."""
        return self.pairing.is_free and bool(self._before) and not any(self._owed.values())


class After(Obligation):
    """After every a comes a b."""

    def __init__(self, roles: str, said: dict[str, str], pairing: Pairing) -> None:
        super().__init__(roles, said, pairing)
        self._owed: dict[Hashable, list[Seen]] = defaultdict(list)

    def take(self, seen: Seen, is_a: bool, is_b: bool) -> None:
        """A b serves all that wait for it."""
        if is_b and self._owed:
            serve(self, self._owed, self.key(1, seen), seen)
        if is_a:
            self.activated += 1
            self._owed[self.key(0, seen)].append(seen)

    def owed(self, end: End, /) -> Iterator[Failure]:
        """An a that still waits."""
        for seen in in_order(self._owed):
            message = f"after {where(seen.step)} comes no {self.b}{self.together}; {end.length}"
            yield Failure(message, (seen.n,))


class Before(Obligation):
    """Before every b came an a."""

    SUBJECT = "b"

    def __init__(self, roles: str, said: dict[str, str], pairing: Pairing) -> None:
        super().__init__(roles, said, pairing)
        self._before: dict[Hashable, list[Seen]] = defaultdict(list)

    def take(self, seen: Seen, is_a: bool, is_b: bool) -> None:
        """A b looks back."""
        if is_b:
            self.activated += 1
            partner = latest(self, self._before.get(self.key(1, seen), ()), b=seen)
            if partner is None:
                self.failures.add(f"{where(seen.step)} comes without {self.a} before it{self.together}", seen.n)
            else:
                self.met(partner, seen)
        if is_a:
            remember(self, self._before[self.key(0, seen)], seen)

    def is_settled(self) -> bool:
        """Whether an a came for all that may come."""
        return self.pairing.is_free and bool(self._before) and not self.failures.count


class AfterAlternately(Obligation):
    """After every a comes a b, with no other a that goes with it between them."""

    def __init__(self, roles: str, said: dict[str, str], pairing: Pairing) -> None:
        super().__init__(roles, said, pairing)
        self._all: dict[Hashable, list[Seen]] = defaultdict(list)
        self._owed: dict[int, Seen] = {}

    def take(self, seen: Seen, is_a: bool, is_b: bool) -> None:
        """A b serves the latest a that goes with it; where only keys count, an a before that waits in vain."""
        if is_b:
            partner = latest(self, self._all.get(self.key(1, seen), ()), b=seen)
            if partner is not None and self._owed.pop(partner.n, None) is not None:
                self.met(partner, seen)
        if is_a:
            self.activated += 1
            kept = self._all[self.key(0, seen)]
            if self.pairing.is_plain and kept:
                last = kept.pop()
                if self._owed.pop(last.n, None) is not None:
                    message = f"after {where(last.step)} comes {where(seen.step)} before any {self.b}{self.together}"
                    self.failures.add(message, last.n, seen.n)
            kept.append(seen)
            self._owed[seen.n] = seen

    def owed(self, end: End, /) -> Iterator[Failure]:
        """An a that still waits."""
        for seen in self._owed.values():
            before = f" before another {self.a}" if not self.pairing.is_plain else ""
            message = f"after {where(seen.step)} comes no {self.b}{self.together}{before}; {end.length}"
            yield Failure(message, (seen.n,))


class BeforeAlternately(Obligation):
    """Before every b came an a, with no other b that goes with it between them."""

    SUBJECT = "b"

    def __init__(self, roles: str, said: dict[str, str], pairing: Pairing) -> None:
        super().__init__(roles, said, pairing)
        self._unused: dict[Hashable, list[Seen]] = defaultdict(list)

    def take(self, seen: Seen, is_a: bool, is_b: bool) -> None:
        """A b uses up every a that goes with it."""
        if is_b:
            self.activated += 1
            key = self.key(1, seen)
            waiting = self._unused.get(key, [])
            used = [a for a in waiting if self.go_together(a, seen)]
            if used:
                self._unused[key] = [] if len(used) == len(waiting) else [a for a in waiting if a not in used]
                self.met(used[-1], seen)
            else:
                message = f"{where(seen.step)} comes without {self.a}{self.together} since the last such call"
                self.failures.add(message, seen.n)
        if is_a:
            remember(self, self._unused[self.key(0, seen)], seen)


class RightAfter(Obligation):
    """Right after every a comes a b."""

    def __init__(self, roles: str, said: dict[str, str], pairing: Pairing) -> None:
        super().__init__(roles, said, pairing)
        self._due: Seen | None = None

    def take(self, seen: Seen, is_a: bool, is_b: bool) -> None:
        """The next call has to be it."""
        if self._due is not None:
            if is_b and are_partners(self, self._due, seen):
                self.met(self._due, seen)
            else:
                message = f"right after {where(self._due.step)} comes {where(seen.step)}, not {self.b}{self.together}"
                self.failures.add(message, self._due.n, seen.n)
        self._due = seen if is_a else None
        self.activated += is_a

    def owed(self, end: End, /) -> Iterator[Failure]:
        """An a that was the last call."""
        if self._due is not None:
            message = f"after {where(self._due.step)} comes no {self.b}{self.together}; {end.length}"
            yield Failure(message, (self._due.n,))


class RightBefore(Obligation):
    """Right before every b came an a."""

    SUBJECT = "b"

    def __init__(self, roles: str, said: dict[str, str], pairing: Pairing) -> None:
        super().__init__(roles, said, pairing)
        self._last: tuple[Seen, bool] | None = None

    def take(self, seen: Seen, is_a: bool, is_b: bool) -> None:
        """The call before has to be it."""
        if is_b:
            self.activated += 1
            if self._last is not None and self._last[1] and are_partners(self, self._last[0], seen):
                self.met(self._last[0], seen)
            elif self._last is None:
                self.failures.add(f"{where(seen.step)} is the first call, with no {self.a} right before it", seen.n)
            else:
                before = self._last[0]
                message = f"right before {where(seen.step)} comes {where(before.step)}, not {self.a}{self.together}"
                self.failures.add(message, before.n, seen.n)
        self._last = seen, is_a
