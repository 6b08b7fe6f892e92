"""The fault ledger: every step that went wrong, and whom that is owed to."""

from __future__ import annotations

from mcp_sim.contracts.calls import Seen, texts
from mcp_sim.contracts.perturbed import TRANSIENT
from schemas.types import PERTURB, Acted, Blame, LedgerEntry, Rule, Step

_OURS: frozenset[Rule] = frozenset({
    "output", "unknown-id", "unanswered", "unreadable", "out-of-role", "leak", "fault"
})  # fmt: skip
"""Rules whose violation says nothing of the agent, only of the simulation."""
_OUTAGES = frozenset({502, 503, 504})
_SILENCING = frozenset({
    "auth", "rate_limit", "permission", "unavailable", "error", "protocol_error", "timeout", "cancel", "batch", "stale"
})  # fmt: skip
_LONG = 200


class Ledger:
    """Follows the steps and says of each whether it went wrong, and by whose doing."""

    def __init__(self) -> None:
        self.entries: list[LedgerEntry] = []
        self._made_up: dict[str, int] = {}

    def take(self, seen: Seen) -> LedgerEntry | None:
        """The entry of a step, if it has one."""
        step = seen.step
        acted = step.perturbations
        entry = None
        if step.observation.is_error or acted:
            blame, message = self._blame(seen, acted)
            names = tuple(one.name or one.kind for one in acted)
            observation = step.observation
            entry = LedgerEntry(step.n, step.call.tool, observation.status, observation.is_error, blame, names, message)
            self.entries.append(entry)
        for one in acted:
            if one.kind == "distract":
                self._made_up.update((str(key), step.n) for key in one.did.get("records", ()))
        return entry

    def _blame(self, seen: Seen, acted: tuple[Acted, ...]) -> tuple[Blame, str]:
        step, observation = seen.step, seen.step.observation
        told = observation.text if len(observation.text) <= _LONG else f"{observation.text[: _LONG - 1]}…"
        if not observation.is_error:
            return "fault", "; ".join(_told(one) for one in acted)
        if acted and _is_injected(step, acted):
            return "fault", told
        if any(violation.rule in _OURS for attempt in step.attempts[-1:] for violation in attempt.violations):
            return "simulator", f"{told} ({step.attempts[-1].violations[0].message[:_LONG]})"
        if observation.status in TRANSIENT or observation.status in _OUTAGES:
            return "fault", told
        if observation.status >= 500:
            return "simulator", told
        for text in texts(step.call.arguments) if self._made_up else ():
            if text in self._made_up:
                return "fault", f"{told} ({text} is a record that step {self._made_up[text]} made up)"
        return "agent", told


def _is_injected(step: Step, acted: tuple[Acted, ...]) -> bool:
    """Whether an error is the work of perturbations: the world had refused nothing, or was never asked."""
    if step.responder == PERTURB:
        return True
    if step.answer is not None and not step.answer.is_error:
        return True
    return step.answer is None and not _SILENCING.isdisjoint(one.kind for one in acted)


def _told(one: Acted) -> str:
    return f"{one.name} ({one.kind})" if one.name and one.name != one.kind else one.kind
