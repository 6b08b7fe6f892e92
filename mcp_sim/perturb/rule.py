"""A perturbation made ready: whom it is for, whether it acts on this call, and what it has to remember of the past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf

from mcp_sim.perturb.occasion import Clock, Occasion
from mcp_sim.perturb.predicate import predicate
from schemas.perturbations import KINDS, Perturbation
from schemas.reach import matching, reached
from schemas.types import PERTURB, Step, World

Place = tuple[int, int, int]
Places = dict[str, Place]
"""When each perturbation acts on a call, by name."""


@dataclass(slots=True)
class Memory:
    """What one perturbation knows of the steps so far; folded from them, never kept anywhere.

    Attributes:
        meant: calls that its conditions count.
        acted: how often it acted.
        happened: how often the event happened that it waits for.
        level: what was in the bucket of a rate limit at `moment`, or how much of the window there is used up.
        moment: of virtual time; of credentials, when they were issued.
        refused: calls refused since the credentials expired.
    """

    meant: int = 0
    acted: int = 0
    happened: int = 0
    level: float = 0.0
    moment: float = 0.0
    refused: int = 0


class Rule:
    """A perturbation of a world.

    Attributes:
        tools: the tools that it may act on.
        watched: the tools whose calls it has to remember.
        place: when it acts on a call.
        is_always_there: whether no condition says when it may act on calls of its tools.
    """

    def __init__(self, perturbation: Perturbation, world: World, clock: Clock, place: Place, places: Places) -> None:
        where = perturbation.where
        self.perturbation = perturbation
        self.name = perturbation.name
        self.kind = perturbation.kind
        self.tools = {tool.name: tool for tool in reached(world, perturbation)}
        self.event = where.after
        self.place = place
        self._places = places
        self.reads_clock = where.from_ is not None or where.until is not None
        self._sleeps = self.reads_clock or self.event is not None
        self.is_always_there = not self._sleeps and where.when is None
        self._purpose = f"perturb:{self.name}".encode()
        self._threshold = None if where.probability >= 1 else int(where.probability * 2**64).to_bytes(8, "big")
        self._when = None if where.when is None else predicate(where.when)
        self._numbers = frozenset(where.numbers)
        self._every = where.every
        self._is_counted = bool(self._numbers) or where.every is not None
        self._times = inf if where.times is None else where.times
        self._from = _seconds(where.from_, clock, 0.0)
        self._until = _seconds(where.until, clock, inf)
        self._events = {tool.name for tool in matching(world, [self.event.tool])} if self.event else set()
        counts_itself = self._is_counted or where.times is not None
        self.watched = self._events | (self.tools.keys() if counts_itself else set())

    def begin(self) -> Memory:
        """What it knows before the first step."""
        return Memory()

    def acts(self, occasion: Occasion, memory: Memory) -> bool:
        """Whether it acts on this call of one of its tools."""
        if memory.acted >= self._times or (self._sleeps and not self.is_awake(occasion, memory)):
            return False
        if self._is_counted:
            if not self.is_meant(occasion):
                return False
            number = memory.meant + 1
            if (self._numbers and number not in self._numbers) or (self._every and number % self._every):
                return False
            return self._threshold is None or occasion.strikes(self._purpose, self._threshold)
        if self._threshold is not None and not occasion.strikes(self._purpose, self._threshold):
            return False
        return self.is_meant(occasion)

    def is_awake(self, occasion: Occasion, memory: Memory) -> bool:
        """Whether its time has come, and is not over."""
        if self.event is not None and memory.happened < self.event.times:
            return False
        return not self.reads_clock or self._from <= occasion.seconds < self._until

    def is_meant(self, occasion: Occasion) -> bool:
        """Whether the condition over the arguments holds."""
        return self._when is None or self._when(occasion.names)

    def remember(self, step: Step, occasion: Occasion, memory: Memory) -> None:
        """Take in a step that is recorded; its call is `occasion`."""
        if self._is_counted and step.call.tool in self.tools and self.is_meant(occasion):
            memory.meant += 1
        if step.perturbations and any(acted.name == self.name for acted in step.perturbations):
            memory.acted += 1
        if self.event is not None and step.call.tool in self._events:
            failed = step.observation.is_error
            memory.happened += self.event.outcome == "any" or (self.event.outcome == "error") == failed

    def was_reached(self, step: Step) -> bool:
        """Whether no perturbation before this one, nor it itself, refused the call of a step."""
        if step.responder != PERTURB:
            return True
        refuser = step.perturbations[-1]
        return self._places.get(refuser.name, (0, KINDS.index(refuser.kind), 0)) > self.place


def _seconds(moment: float | datetime | None, clock: Clock, otherwise: float) -> float:
    if moment is None:
        return otherwise
    return clock.seconds(moment) if isinstance(moment, datetime) else moment
