"""Rate limits and credentials: rules that work out by themselves which calls they refuse."""

from __future__ import annotations

from math import ceil, floor

from mcp_sim.perturb.occasion import Clock, Occasion
from mcp_sim.perturb.rule import Memory, Place, Places, Rule
from schemas.perturbations import Auth, Perturbation, RateLimit
from schemas.types import Step, World

_HAIR = 1e-6
"""What rounding may cost a call: whoever waits as long as told finds a token."""


class Limited(Rule):
    """A rate limit. Calls that it, or something before it, refused cost nothing."""

    def __init__(self, perturbation: Perturbation, world: World, clock: Clock, place: Place, places: Places) -> None:
        super().__init__(perturbation, world, clock, place, places)
        assert isinstance(perturbation.spec, RateLimit)
        self.spec = perturbation.spec
        self.reads_clock = True
        self.watched = self.watched | self.tools.keys()
        self._is_bucket = self.spec.style == "bucket"
        self._full = float(self.spec.burst or self.spec.calls)
        self._rate = self.spec.calls / self.spec.per
        quota = floor(self._full) if self._is_bucket else self.spec.calls
        self._quota = str(quota)
        self._policy = f'"default";q={quota};w={ceil(quota / self._rate)}'

    def begin(self) -> Memory:
        """A full bucket, an unused window."""
        return Memory(level=self._full if self._is_bucket else 0.0)

    def acts(self, occasion: Occasion, memory: Memory) -> bool:
        """Whether there is nothing left for this call."""
        if self._is_bucket and memory.level >= 1:
            return False
        return self.counts(occasion, memory) and self.left(occasion.seconds, memory) < 1

    def counts(self, occasion: Occasion, memory: Memory) -> bool:
        """Whether the limit is there for this call."""
        return self.is_always_there or (self.is_awake(occasion, memory) and self.is_meant(occasion))

    def left(self, seconds: float, memory: Memory) -> float:
        """How many calls are left at a moment."""
        if self._is_bucket:
            return self._filled(seconds, memory) + _HAIR
        used = memory.level if self._window(seconds) == memory.moment else 0.0
        return self.spec.calls - used

    def retry_after(self, seconds: float, memory: Memory) -> int:
        """Whole seconds until the next call is let through."""
        if self._is_bucket:
            return max(ceil((1 - self.left(seconds, memory)) / self._rate), 1)
        return max(ceil((self._window(seconds) + 1) * self.spec.per - seconds), 1)

    def headers(self, seconds: float, memory: Memory, *, taken: bool) -> dict[str, str]:
        """What is left, as HTTP says it: the fields of the IETF draft, and those in wide use."""
        left = self.left(seconds, memory) - taken
        spare = max(floor(left), 0)
        if not self._is_bucket:
            reset = ceil((self._window(seconds) + 1) * self.spec.per - seconds)
        elif spare:
            reset = ceil((self._full - left) / self._rate)
        else:
            reset = ceil((1 - left) / self._rate)
        reset = max(reset, 0)
        return {
            "RateLimit-Policy": self._policy,
            "RateLimit": f'"default";r={spare};t={reset}',
            "X-RateLimit-Limit": self._quota,
            "X-RateLimit-Remaining": str(spare),
            "X-RateLimit-Reset": str(reset),
        }

    def remember(self, step: Step, occasion: Occasion, memory: Memory) -> None:
        """Take in a step: a call that got through used one up."""
        if step.call.tool in self.tools and self.counts(occasion, memory) and self.was_reached(step):
            seconds = occasion.seconds
            if self._is_bucket:
                memory.level, memory.moment = max(self._filled(seconds, memory) - 1, 0.0), seconds
            else:
                memory.level = self.spec.calls - self.left(seconds, memory) + 1
                memory.moment = self._window(seconds)
        if step.perturbations or self.event is not None:
            super().remember(step, occasion, memory)

    def _filled(self, seconds: float, memory: Memory) -> float:
        passed = seconds - memory.moment
        level = memory.level + passed * self._rate if passed > 0 else memory.level
        return level if level < self._full else self._full

    def _window(self, seconds: float) -> float:
        return floor(seconds / self.spec.per + _HAIR)


class Expiring(Rule):
    """Credentials that expire. The calls that renew them are never refused."""

    def __init__(self, perturbation: Perturbation, world: World, clock: Clock, place: Place, places: Places) -> None:
        super().__init__(perturbation, world, clock, place, places)
        assert isinstance(perturbation.spec, Auth)
        self.spec = perturbation.spec
        self.reads_clock = True
        renewal = {self.spec.renewed_by} if self.spec.renewed_by else set()
        self.watched = self.watched | self.tools.keys() | renewal

    def acts(self, occasion: Occasion, memory: Memory) -> bool:
        """Whether the credentials have expired."""
        if not self.is_always_there and not (self.is_awake(occasion, memory) and self.is_meant(occasion)):
            return False
        return occasion.seconds >= memory.moment + self.spec.lifetime

    def remember(self, step: Step, occasion: Occasion, memory: Memory) -> None:
        """Take in a step: a renewal, or one more refused call."""
        if step.call.tool == self.spec.renewed_by:
            if not step.observation.is_error:
                memory.moment = occasion.seconds
        elif self.spec.renewed_by is None and any(acted.name == self.name for acted in step.perturbations):
            memory.refused += 1
            if memory.refused >= self.spec.refusals:
                memory.moment, memory.refused = occasion.seconds, 0
        if step.perturbations or self.event is not None:
            super().remember(step, occasion, memory)


def rule_of(perturbation: Perturbation, world: World, clock: Clock, place: Place, places: Places) -> Rule:
    """The perturbation, made ready."""
    match perturbation.spec:
        case RateLimit():
            return Limited(perturbation, world, clock, place, places)
        case Auth():
            return Expiring(perturbation, world, clock, place, places)
    return Rule(perturbation, world, clock, place, places)
