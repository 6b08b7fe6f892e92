"""What the perturbations of a session remember: a state folded from its steps, so that it is exact after every branch,
rewind and restart, and kept nowhere."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping

from mcp_sim.perturb.occasion import Occasion, Setting
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
        setting: Setting,
        *,
        keeps_times: bool,
    ) -> None:
        self.n = 0
        self._memories = {rule.name: rule.begin() for rule in rules}
        self._watching = watching
        self._setting = setting
        self._times: list[float] | None = [] if keeps_times else None

    def __getitem__(self, name: str) -> Memory:
        return self._memories[name]

    def take(self, step: Step, asked: Occasion | None = None) -> None:
        """Take in the next step. A call that never fitted its tool counts for nothing but its time.

        Args:
            step: the step.
            asked: its call, if that was looked at already.
        """
        self.n = step.n
        watching = self._watching.get(step.call.tool, ()) if step.responder != "validate" else ()
        if not watching and self._times is None:
            return
        if asked is None or asked.n != step.n:
            asked = Occasion(step.call, step.n, step.at, _no_chance, self._setting)
        if self._times is not None:
            self._times.append(asked.seconds)
        for rule in watching:
            rule.remember(step, asked, self._memories[rule.name])

    def step_at(self, seconds: float) -> int:
        """The last step that had happened by then; 0 before the first."""
        assert self._times is not None
        return bisect_right(self._times, seconds)


def _no_chance(_: str) -> int:
    raise AssertionError("the past is remembered without chance")
