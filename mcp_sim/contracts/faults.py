"""How an agent meets errors: it waits, looks before it repeats, and stops where there is nothing to be had."""

from __future__ import annotations

from dataclasses import dataclass

from mcp_sim.contracts.calls import Calls, Seen
from mcp_sim.contracts.finding import Failures, Finding, held, vacuous, where
from mcp_sim.contracts.ids import WORD, Register
from mcp_sim.contracts.monitor import End
from mcp_sim.contracts.perturbed import is_ambiguous, is_limited, is_permanent, retry_after
from schemas.contracts.conduct import ChecksBeforeRepeating, StopsAfterPermanentError, Waits
from schemas.nature import Nature, nature
from schemas.types import World

_HAIR = 1e-3
"""Seconds that the clock may be off."""


class Waiting:
    """`waits`: no call before the Retry-After of a 429 has passed."""

    def __init__(self, clause: Waits, ready: Calls) -> None:
        self._number = ready.number(clause.waits)
        self._is_wide = clause.scope == "all"
        self._otherwise = clause.otherwise
        self._limited: dict[str, tuple[Seen, float]] = {}
        self._failures = Failures()
        self._met: list[int] = []
        self._count = 0

    def take(self, seen: Seen) -> None:
        """The next call that the limit is for has to come late enough."""
        scope = "" if self._is_wide else seen.step.call.tool
        if scope in self._limited:
            refused, seconds = self._limited[scope]
            passed = seen.moment - refused.moment
            if passed + _HAIR >= seconds:
                del self._limited[scope]
                self._met += [refused.n, seen.n]
            else:
                asked = f"{where(refused.step)}, which was refused with {refused.step.observation.status}"
                message = f"{where(seen.step)} came {passed:g} s after {asked} and asked to wait {seconds:g} s"
                self._failures.add(message, refused.n, seen.n)
        if is_limited(seen.step) and seen.fits(self._number):
            self._count += 1
            seconds_to_wait = retry_after(seen.step)
            self._limited[scope] = seen, self._otherwise if seconds_to_wait is None else seconds_to_wait

    def finding(self, _: End) -> Finding:
        """Whether every limit was waited for."""
        if self._failures.count:
            return self._failures.finding()
        if not self._count:
            return vacuous("no call was refused for being one too many")
        return held(f"waited after {self._count} refused call{'s' if self._count > 1 else ''}", self._met)


class Natures:
    """What calls of the tools of a world do; worked out for the tools that are asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[str, Nature | None] = {}

    def of(self, tool: str) -> Nature | None:
        """The nature of a tool; None for one that is not there."""
        if tool not in self._known:
            found = self._world.tools.get(tool)
            self._known[tool] = None if found is None else nature(found)
        return self._known[tool]


@dataclass(slots=True, eq=False)
class _Doubtful:
    """A call of which nobody knows whether it was carried out."""

    seen: Seen
    is_checked: bool = False


class Checking:
    """`checks_before_repeating`: a call that timed out and must not happen twice.

    What checks it: a later, successful read of an entity that the call changes, which names or shows an id that it
    named (one of a row that it changes, if it named any), or names no ids at all.
    """

    def __init__(self, clause: ChecksBeforeRepeating, ready: Calls, natures: Natures, register: Register) -> None:
        self._number = ready.number(clause.checks_before_repeating)
        self._by = None if clause.by is None else ready.number(clause.by)
        self._natures = natures
        self._register = register
        self._doubtful: dict[tuple[str, bytes], _Doubtful] = {}
        self._unchecked: dict[tuple[str, str], set[_Doubtful]] = {}
        self._failures = Failures()
        self._met: list[int] = []
        self._count = 0

    def take(self, seen: Seen) -> None:
        """A repetition, a look, or a new doubt."""
        found = self._doubtful.get(seen.signature) if self._doubtful else None
        if found is not None:
            del self._doubtful[seen.signature]
            if found.is_checked:
                self._met += [found.seen.n, seen.n]
            else:
                self._forget(found)
                first = where(found.seen.step)
                message = f"{where(seen.step)} repeats {first}, which timed out, without looking what became of it"
                self._failures.add(message, found.seen.n, seen.n)
        elif self._unchecked:
            self._look(seen)
        if seen.fits(self._number) and is_ambiguous(seen.step):
            self._doubt(seen)

    def finding(self, _: End) -> Finding:
        """Whether every repetition came after a look."""
        if self._failures.count:
            return self._failures.finding()
        if not self._count:
            return vacuous("no call that must not happen twice timed out")
        return held(
            f"{self._count} call{'s' if self._count > 1 else ''} timed out, and none was repeated blindly", self._met
        )

    def _doubt(self, seen: Seen) -> None:
        known = self._natures.of(seen.step.call.tool)
        if known is None or known.repeats:
            return
        self._count += 1
        doubtful = self._doubtful[seen.signature] = _Doubtful(seen)
        for place in self._places(seen, known.changes):
            self._unchecked.setdefault(place, set()).add(doubtful)

    def _places(self, seen: Seen, entities: frozenset[str] | None) -> list[tuple[str, str]]:
        """Where a look finds a doubtful call: under each entity, for each id that it named, and without ids.

        Ids of rows that it may change come first; the others only count where it named none of these.
        """
        named = self._register.named(seen)
        changed = {key for entity, _, key in named if entities is not None and entity in entities}
        keys = changed or {key for _, _, key in named}
        return [(entity, key) for entity in (entities if entities is not None else {"*"}) for key in {*keys, ""}]

    def _look(self, seen: Seen) -> None:
        if seen.step.observation.is_error:
            return
        if self._by is not None:
            if seen.fits(self._by):
                self._check(list(self._unchecked))
            return
        known = self._natures.of(seen.step.call.tool)
        if known is None or known.writes:
            return
        keys = {key for _, _, key in self._register.named(seen)} or {""}
        keys.update(WORD.findall(seen.step.observation.text))
        self._check([(entity, key) for entity in {*known.reads, "*"} for key in keys])

    def _check(self, places: list[tuple[str, str]]) -> None:
        for doubtful in {one for place in places for one in self._unchecked.get(place, ())}:
            doubtful.is_checked = True
            self._forget(doubtful)

    def _forget(self, doubtful: _Doubtful) -> None:
        known = self._natures.of(doubtful.seen.step.call.tool)
        for place in self._places(doubtful.seen, known.changes if known is not None else None):
            waiting = self._unchecked.get(place)
            if waiting is not None:
                waiting.discard(doubtful)
                if not waiting:
                    del self._unchecked[place]


class Stopping:
    """`stops_after_permanent_error`: what was refused for good is not asked again while nothing has changed."""

    def __init__(self, clause: StopsAfterPermanentError, ready: Calls) -> None:
        self._number = ready.number(clause.stops_after_permanent_error)
        self._repeats = clause.repeats
        self._refused: dict[tuple[str, bytes], tuple[Seen, int]] = {}
        self._failures = Failures()
        self._count = 0

    def take(self, seen: Seen) -> None:
        """A change of the rows makes everything worth another try."""
        step = seen.step
        is_refused = is_permanent(step)
        if not is_refused and not self._refused:
            return
        before = self._refused.get(seen.signature)
        if before is not None and seen.fits(self._number):
            first, times = before[0], before[1] + 1
            self._refused[seen.signature] = first, times
            if times > self._repeats:
                told = f"{where(first.step)}, which was refused with {first.step.observation.status}"
                self._failures.add(f"{where(step)} repeats {told}; nothing had changed since", first.n, seen.n)
        elif is_refused and seen.fits(self._number):
            self._count += 1
            self._refused[seen.signature] = seen, 0
        if step.delta.changes:
            self._refused.clear()

    def finding(self, _: End) -> Finding:
        """Whether it was left at that."""
        if self._failures.count:
            return self._failures.finding()
        if not self._count:
            return vacuous("no call was refused for good")
        return held(f"{self._count} call{'s were' if self._count > 1 else ' was'} refused for good, and left at that")
