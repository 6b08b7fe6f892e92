"""Clauses over the order of two kinds of calls: DECLARE, each template as one or two obligations."""

from __future__ import annotations

from mcp_sim.contracts.calls import Calls, Seen
from mcp_sim.contracts.demands import (
    After,
    AfterAlternately,
    Anywhere,
    Before,
    BeforeAlternately,
    RightAfter,
    RightBefore,
)
from mcp_sim.contracts.finding import SHOWN, Failures, Finding, held, vacuous
from mcp_sim.contracts.monitor import End
from mcp_sim.contracts.obligation import Obligation
from mcp_sim.contracts.pairs import Pairing
from mcp_sim.contracts.prohibitions import NeverAfter, NeverRightAfter, NeverTogether
from schemas.contracts.order import (
    AlternatePrecedence,
    AlternateResponse,
    AlternateSuccession,
    Between,
    ChainPrecedence,
    ChainResponse,
    ChainSuccession,
    Coexistence,
    NotChainSuccession,
    NotCoexistence,
    NotSuccession,
    Precedence,
    RespondedExistence,
    Response,
    Succession,
)
from schemas.contracts.wording import calls

_OBLIGATIONS: dict[type[Between], tuple[tuple[type[Obligation], str], ...]] = {
    RespondedExistence: ((Anywhere, "ab"),),
    Coexistence: ((Anywhere, "ab"), (Anywhere, "ba")),
    Response: ((After, "ab"),),
    Precedence: ((Before, "ab"),),
    Succession: ((After, "ab"), (Before, "ab")),
    AlternateResponse: ((AfterAlternately, "ab"),),
    AlternatePrecedence: ((BeforeAlternately, "ab"),),
    AlternateSuccession: ((AfterAlternately, "ab"), (BeforeAlternately, "ab")),
    ChainResponse: ((RightAfter, "ab"),),
    ChainPrecedence: ((RightBefore, "ab"),),
    ChainSuccession: ((RightAfter, "ab"), (RightBefore, "ab")),
    NotCoexistence: ((NeverTogether, "ab"),),
    NotSuccession: ((NeverAfter, "ab"),),
    NotChainSuccession: ((NeverRightAfter, "ab"),),
}


class Template:
    """A clause over two kinds of calls."""

    def __init__(self, clause: Between, ready: Calls) -> None:
        one, other = clause.pair
        self._one, self._other = ready.number(one), ready.number(other)
        self._said = {"a": calls(one), "b": calls(other)}
        pairing = Pairing(clause.match, ready.conditions)
        self._obligations = [
            (kind(roles, self._said, pairing), roles == "ba") for kind, roles in _OBLIGATIONS[type(clause)]
        ]
        self._looks_at_all = isinstance(clause, ChainResponse | ChainPrecedence | ChainSuccession | NotChainSuccession)

    def take(self, seen: Seen) -> None:
        """Let every obligation follow the call, if it is any of its business."""
        is_a, is_b = seen.fits(self._one), seen.fits(self._other)
        if is_a or is_b or self._looks_at_all:
            for obligation, is_swapped in self._obligations:
                obligation.take(seen, *((is_b, is_a) if is_swapped else (is_a, is_b)))

    def finding(self, end: End) -> Finding:
        """All obligations together."""
        obligations = [obligation for obligation, _ in self._obligations]
        found = [_broken(obligation, end) for obligation in obligations]
        broken = [failures.finding() for failures in found if failures.count]
        if broken:
            return Finding(
                "broken",
                "; ".join(one.message for one in broken),
                any(one.settled for one in broken),
                tuple(sorted({n for one in broken for n in one.steps}))[:SHOWN],
                tuple(failure for one in broken for failure in one.failures)[:SHOWN],
            )
        is_settled = all(obligation.is_settled() for obligation in obligations)
        activated = sum(obligation.activated for obligation in obligations)
        if not activated:
            subjects = dict.fromkeys(obligation.subject for obligation in obligations)
            return vacuous(f"no {' or '.join(subjects)} came", settled=is_settled)
        witnesses = sorted({n for obligation in obligations for n in obligation.witnesses})
        message = f"obeyed all of the {activated} times that it applied" if activated > 1 else "obeyed"
        return held(message, witnesses, settled=is_settled)


def _broken(obligation: Obligation, end: End) -> Failures:
    """What is wrong if the session ends here."""
    failures = obligation.failures.copy()
    for failure in obligation.owed(end):
        failures.add(failure.message, *failure.steps, settled=False)
    return failures
