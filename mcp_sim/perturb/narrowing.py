"""Calls that are carried out in part, or asked for less: a part of a batch, a smaller page, rows of the past."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mcp_sim.perturb.history import History
from mcp_sim.perturb.occasion import Occasion
from mcp_sim.perturb.plan import Question
from mcp_sim.perturb.rule import Rule
from schemas import anatomy
from schemas.perturbations import Batch, Page, Stale
from schemas.types import Acted, Call, World


def part_of_batch(rule: Rule, call: Call, occasion: Occasion) -> tuple[Call, Acted, str] | None:
    """The call with fewer entries, what the ledger says, and what the agent is told; None where there are too few."""
    spec = rule.perturbation.spec
    assert isinstance(spec, Batch)
    name = anatomy.batch(rule.tools[call.tool], spec.argument)
    entries = call.arguments.get(name)
    if not isinstance(entries, list) or len(entries) < 2:
        return None
    failing = min(max(round(len(entries) * spec.share), 1), len(entries) - 1)
    left_out = sorted(occasion.order(f"perturb:{rule.name}:entries", len(entries))[:failing])
    kept = [entry for index, entry in enumerate(entries) if index not in left_out]
    narrowed = replace(call, arguments={**call.arguments, name: kept})
    did = {"argument": name, "left_out": left_out, "of": len(entries), "labelled": spec.labelled}
    which = ", ".join(str(index + 1) for index in left_out)
    notice = f"{failing} of {len(entries)} entries of {name} failed and were not processed: number {which}."
    return narrowed, Acted(rule.name, rule.kind, did), notice if spec.labelled else ""


def smaller_page(rule: Rule, call: Call, world: World, defaults: dict[str, Any]) -> Question | None:
    """The call, asking for a smaller page; None where the agent asks for no more than that itself."""
    spec = rule.perturbation.spec
    assert isinstance(spec, Page)
    argument = anatomy.paging(rule.tools[call.tool], world).argument
    asked = call.arguments.get(argument, defaults.get(argument))
    if isinstance(asked, int | float) and asked <= spec.items:
        return None
    narrowed = replace(call, arguments={**call.arguments, argument: spec.items})
    return Question(rule, narrowed, None, {"argument": argument, "asked": asked, "given": spec.items})


def from_the_past(rule: Rule, call: Call, occasion: Occasion, history: History) -> Question | None:
    """The call, answered by the rows of an earlier step; None where there is none."""
    spec = rule.perturbation.spec
    assert isinstance(spec, Stale)
    now = occasion.n - 1
    if spec.steps is not None:
        as_of = max(now - spec.steps, 0)
    else:
        assert spec.seconds is not None
        as_of = min(history.step_at(occasion.seconds - spec.seconds), now)
    return None if as_of == now else Question(rule, call, as_of, {"as_of": as_of})
