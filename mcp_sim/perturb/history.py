"""What the perturbations of a session remember: a state folded from its steps, so that it is exact after every branch,
rewind and restart, and kept nowhere."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping

from mcp_sim.perturb.occasion import Occasion
from mcp_sim.perturb.rule import Memory, Rule
from schemas.types import Step


class History:
    """The memories of rules, up to the last step that was taken in.

    Attributes:
        n: the number of that step.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        watching: Mapping[str, tuple[Rule, ...]],
        occasion: Callable[[Step], Occasion],
        *,
        keeps_times: bool,
    ) -> None:
        self.n = 0
        self._memories = {rule.name: rule.begin() for rule in rules}
        self._watching = watching
        self._occasion = occasion
        self._times: list[float] | None = [] if keeps_times else None

    def __getitem__(self, name: str) -> Memory:
        return self._memories[name]

    def take(self, step: Step) -> None:
        """Take in the next step. A call that never fitted its tool counts for nothing but its time."""
        self.n = step.n
        if self._times is not None:
            self._times.append(self._occasion(step).seconds)
        if step.responder == "validate":
            return
        watching = self._watching.get(step.call.tool)
        if watching:
            occasion = self._occasion(step)
            for rule in watching:
                rule.remember(step, occasion, self._memories[rule.name])

    def step_at(self, seconds: float) -> int:
        """The last step that had happened by then; 0 before the first."""
        assert self._times is not None
        return bisect_right(self._times, seconds)
