"""Lists are read to their end before something is taken for absent.

What a trace can show: a list is a series of calls of one tool with the same arguments, save those that say which page
is wanted and how long a page is. It is read to its end when its first page was answered, and so was every page that an
answer pointed to, until one pointed no further, or until what was looked for had been found.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from mcp_sim.contracts.calls import Calls, Seen
from mcp_sim.contracts.finding import Failures, Finding, held, vacuous, where
from mcp_sim.contracts.monitor import End
from mcp_sim.contracts.pairs import Pairing, frozen
from mcp_sim.contracts.perturbed import in_own_form
from schemas.contracts.conduct import PagesToTheEnd
from schemas.contracts.wording import shown
from schemas.expressions import parse
from schemas.nature import NEXT, PAGE_ARGUMENTS, PAGE_SIZES
from schemas.rows import key_text

_FIRST = ("", "0", "1")
"""Where a list begins, however it counts."""


class _Listing:
    """One list, as far as it was read."""

    def __init__(self) -> None:
        self.open: dict[str, Seen] = {}
        self.is_begun = False
        self.is_found = False
        self.last: Seen | None = None
        self.key: Hashable = None

    @property
    def is_complete(self) -> bool:
        """Whether nothing of it is left to read."""
        return self.is_found or (self.is_begun and not self.open)

    def take(self, seen: Seen, is_found: bool) -> None:
        """One more page."""
        wanted = _wanted(seen)
        if wanted is None or wanted in _FIRST:
            self.open, self.is_begun, self.is_found = {}, True, False
        else:
            for place in [place for place in self.open if place == wanted or _covers(wanted, place)]:
                del self.open[place]
        following = _following(seen)
        if following is not None:
            self.open[following] = seen
        self.is_found = self.is_found or is_found
        self.last = seen


class Paging:
    """`pages_to_the_end`."""

    def __init__(self, clause: PagesToTheEnd, ready: Calls) -> None:
        self._number = ready.number(clause.pages_to_the_end)
        self._before = None if clause.before is None else ready.number(clause.before)
        self._until = None if clause.until is None else parse(clause.until)
        self._pairing = Pairing(clause.match, ready.conditions)
        self._conditions = ready.conditions
        self._listings: dict[Hashable, _Listing] = {}
        self._open: dict[Hashable, dict[Hashable, _Listing]] = {}
        self._failures = Failures()
        self._lists = 0
        self._concluded: list[int] = []

    def take(self, seen: Seen) -> None:
        """A conclusion from what was listed, or one more page."""
        if self._before is not None and seen.fits(self._before):
            self._conclude(seen)
        if seen.fits(self._number) and not seen.step.observation.is_error:
            self._list(seen)

    def finding(self, _: End) -> Finding:
        """Whether every list was read to its end in time."""
        failures = self._failures.copy()
        if self._before is None:
            for listing in _all(self._open):
                failures.add(_unread(listing, "not "), *_steps(listing), settled=False)
        if failures.count:
            return failures.finding()
        if not self._lists:
            return vacuous("nothing was listed")
        if self._before is not None and not self._concluded:
            return vacuous("nothing was concluded from a list")
        return held("every list was read to its end", self._concluded)

    def _list(self, seen: Seen) -> None:
        self._lists += 1
        identity = seen.step.call.tool, _identity(seen)
        listing = self._listings.get(identity)
        if listing is None:
            listing = self._listings[identity] = _Listing()
        if listing.last is not None:
            self._open.get(listing.key, {}).pop(identity, None)
        listing.take(seen, self._until is not None and self._conditions.holds(self._until, seen.facts))
        listing.key = self._pairing.key("a", seen)
        if not listing.is_complete:
            self._open.setdefault(listing.key, {})[identity] = listing

    def _conclude(self, seen: Seen) -> None:
        self._concluded.append(seen.n)
        unread = self._open.get(self._pairing.key("b", seen), {})
        for identity, listing in list(unread.items()):
            if listing.last is not None and self._pairing.fits(listing.last, seen):
                del unread[identity]
                self._failures.add(f"{where(seen.step)} came before {_unread(listing)}", *_steps(listing), seen.n)


def _identity(seen: Seen) -> Hashable:
    paging = PAGE_ARGUMENTS | PAGE_SIZES
    return frozen({name: value for name, value in seen.args.items() if name not in paging})


def _wanted(seen: Seen) -> str | None:
    """Which page was asked for."""
    found = (seen.args.get(name) for name in sorted(PAGE_ARGUMENTS))
    return next((key_text(value) for value in found if value is not None), None)


def _content(seen: Seen) -> Any:
    return in_own_form(seen.step).structured_content


def _following(seen: Seen) -> str | None:
    """Where the next page begins, as the answer says; None on the last."""
    content = _content(seen)
    if not isinstance(content, dict):
        return None
    for part in (content, *(inner for inner in content.values() if isinstance(inner, dict))):
        for name in NEXT:
            if part.get(name) not in (None, "", False):
                return key_text(part[name])
    return "?" if content.get("has_more") is True else None


def _covers(wanted: str, place: str) -> bool:
    """Whether a page that begins earlier was asked for: then the two overlap, or it will point on."""
    return place == "?" or (wanted.isdigit() and place.isdigit() and int(wanted) <= int(place))


def _unread(listing: _Listing, negation: str = "") -> str:
    assert listing.last is not None
    if not listing.is_begun:
        return f"the first page of the list of {where(listing.last.step)} was {negation}read"
    place, seen = next(iter(listing.open.items()))
    left = f"its next page ({shown(place)}) was not asked for"
    return f"the list of {where(seen.step)} was {negation}read to its end: {left}"


def _steps(listing: _Listing) -> list[int]:
    return [seen.n for seen in listing.open.values()][:3] or ([listing.last.n] if listing.last is not None else [])


def _all(unread: dict[Hashable, dict[Hashable, _Listing]]) -> Iterator[_Listing]:
    found = [listing for group in unread.values() for listing in group.values() if listing.last is not None]
    return iter(sorted(found, key=lambda listing: listing.last.index if listing.last is not None else 0))
