"""Obligations that forbid a partner: anywhere, after, right after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

from mcp_sim.contracts.calls import Seen
from mcp_sim.contracts.finding import where
from mcp_sim.contracts.obligation import Obligation, are_partners, latest, remember
from mcp_sim.contracts.pairs import Pairing


class NeverTogether(Obligation):
    """No a where there is another b."""

    SUBJECT = "ab"

    def __init__(self, roles: str, said: dict[str, str], pairing: Pairing) -> None:
        super().__init__(roles, said, pairing)
        self._a: dict[Hashable, list[Seen]] = defaultdict(list)
        self._b: dict[Hashable, list[Seen]] = defaultdict(list)

    def take(self, seen: Seen, is_a: bool, is_b: bool) -> None:
        """Whichever comes second is one too many."""
        self.activated += is_a or is_b
        partner = None
        if is_a:
            partner = latest(self, self._b.get(self.key(0, seen), ()), a=seen)
        if is_b and partner is None:
            partner = latest(self, self._a.get(self.key(1, seen), ()), b=seen)
        if partner is not None:
            message = f"{where(partner.step)} and {where(seen.step)} exclude each other{self.together}"
            self.failures.add(message, partner.n, seen.n)
        if is_a:
            remember(self, self._a[self.key(0, seen)], seen)
        if is_b:
            remember(self, self._b[self.key(1, seen)], seen)


class NeverAfter(Obligation):
    """No b after an a."""

    def __init__(self, roles: str, said: dict[str, str], pairing: Pairing) -> None:
        super().__init__(roles, said, pairing)
        self._before: dict[Hashable, list[Seen]] = defaultdict(list)

    def take(self, seen: Seen, is_a: bool, is_b: bool) -> None:
        """A b looks back."""
        if is_b:
            partner = latest(self, self._before.get(self.key(1, seen), ()), b=seen)
            if partner is not None:
                message = f"{where(seen.step)} comes after {where(partner.step)}{self.together}, where it may not"
                self.failures.add(message, partner.n, seen.n)
        if is_a:
            self.activated += 1
            remember(self, self._before[self.key(0, seen)], seen)


class NeverRightAfter(Obligation):
    """No b right after an a."""

    def __init__(self, roles: str, said: dict[str, str], pairing: Pairing) -> None:
        super().__init__(roles, said, pairing)
        self._last: Seen | None = None

    def take(self, seen: Seen, is_a: bool, is_b: bool) -> None:
        """The call before must not be it."""
        if is_b and self._last is not None and are_partners(self, self._last, seen):
            message = f"{where(seen.step)} comes right after {where(self._last.step)}{self.together}, where it may not"
            self.failures.add(message, self._last.n, seen.n)
        self._last = seen if is_a else None
        self.activated += is_a
