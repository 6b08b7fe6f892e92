"""What recorded traffic tells of every tool, put into the effects that its spec gave."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from mcp_sim.fidelity import leaves, overlap
from mcp_sim.learn.openapi.api import NOT_PLANNED, Api
from mcp_sim.learn.openapi.recorded.conditions import conditions
from mcp_sim.learn.openapi.recorded.forms import loosen_rows, release_references, rows_of
from mcp_sim.learn.openapi.recorded.habits import Habits
from mcp_sim.learn.openapi.recorded.history import Example, history
from mcp_sim.learn.openapi.recorded.malformed import Malformed
from mcp_sim.learn.openapi.recorded.openings import open_inputs
from mcp_sim.learn.openapi.recorded.refusals import (
    is_missing,
    learn_guards,
    learn_refusal,
    refuse_malformed,
    refuse_shared,
)
from mcp_sim.learn.openapi.recorded.templates import UNKNOWN, induced
from mcp_sim.learn.openapi.recorded.usual import Usual
from mcp_sim.learn.openapi.recorded.wordings import word_errors
from schemas.recorded import RecordedCall
from schemas.rows import key_text
from schemas.types import TOOL_NAME, Row

_MOST_EXAMPLES = 300
_GOOD = 0.5
"""The share of the leaves of answers from which on a template stands for the whole answer."""


def learn_recorded(api: Api, calls: Iterable[RecordedCall]) -> dict[str, list[Row]]:
    """Put into an API what recorded calls show; gives the rows that were there before any call."""
    calls = list(calls)
    _add_tools(api, calls)
    examples = history(api, calls)
    open_inputs(api, examples)
    shown = _shown(api, examples)
    loosen_rows(api, (one for rows in shown.values() for one in rows))
    release_references(api, shown.values())
    absent, malformed = word_errors(api, examples), Malformed.of(api, examples)
    by_entity: dict[str, list[Example]] = defaultdict(list)
    for tool, of in examples.items():
        plan = api.plans[tool]
        if plan.entity is not None and plan.role in ("read", "update", "delete"):
            by_entity[plan.entity] += [one for one in of if is_missing(one) and not malformed.knows(one)]
    usual = Usual(one for of in examples.values() for one in of)
    shared, habits = conditions(examples), Habits.of(api, examples)
    for tool in api.tools:
        of = examples.get(tool, [])[-_MOST_EXAMPLES:]
        if all(one.call.is_error for one in of):
            habits.assume(api, tool)
            learn_refusal(api, tool, of)
        _learn_answer(api, tool, [one for one in of if not one.call.is_error], usual)
        learn_guards(api, tool, [one for one in of if not malformed.knows(one)], by_entity, absent)
        refuse_malformed(api, tool, malformed)
        refuse_shared(api, tool, shared)
    return _initial(api, examples)


def _add_tools(api: Api, calls: list[RecordedCall]) -> None:
    """Operations that are recorded, and not in the spec: they answer as they were seen to."""
    for tool in dict.fromkeys(call.tool for call in calls if call.tool not in api.tools):
        of = [call for call in calls if call.tool == tool]
        names = dict.fromkeys(name for call in of for name in call.arguments)
        if re.fullmatch(TOOL_NAME, tool) and not all(call.is_error for call in of):
            api.tools[tool] = {
                "description": "Recorded; the spec does not have it.",
                "input": {"type": "object", "properties": {name: {} for name in names}},
                "output": {},
                "annotations": {"read_only": of[0].kind == "read", "destructive": False},
                "effect": {"steps": [], "returns": None, "confidence": 0.0},
            }
            api.plans[tool] = NOT_PLANNED
            api.note(f"/tools/{tool}", 0.9, f"{len(of)} recorded calls of it; the spec does not have it")


def _shown(api: Api, examples: dict[str, list[Example]]) -> dict[str, list[tuple[str, Row]]]:
    """The rows that answers show, by trajectory, in their order."""
    return {
        run[0].call.trajectory: [row for example in run for row in rows_of(api, example)] for run in _runs(examples)
    }


def _runs(examples: dict[str, list[Example]]) -> list[list[Example]]:
    """The examples of every trajectory, in their order."""
    found: dict[str, list[Example]] = defaultdict(list)
    for example in sorted((one for of in examples.values() for one in of), key=lambda one: one.call.index):
        found[example.call.trajectory].append(example)
    return list(found.values())


def _initial(api: Api, examples: dict[str, list[Example]]) -> dict[str, list[Row]]:
    """Rows that were read, listed or changed under keys that no earlier call had made known."""
    found: dict[str, dict[str, Row]] = defaultdict(dict)
    for run in _runs(examples):
        made: set[tuple[str, str]] = set()
        for example in run:
            role = api.plans[example.call.tool].role
            for entity, row in rows_of(api, example):
                name = api.entities[entity]["key"]
                key = key_text(row[name])
                is_there = (role in ("read", "update") and example.unknown) or role == "list"
                if is_there and (entity, key) not in made:
                    is_text = api.entities[entity]["schema"]["properties"][name]["type"] == "string"
                    found[entity][key] = {**row, name: key} if is_text else row
                made.update([(entity, key)] if role == "create" else [])
    return {entity: list(rows.values()) for entity, rows in found.items()}


def _learn_answer(api: Api, tool: str, fine: list[Example], usual: Usual) -> None:
    if not fine:
        return
    plan, effect = api.plans[tool], api.tools[tool]["effect"]
    statuses = Counter(one.status for one in fine if 200 <= one.status < 300)
    if statuses and "http" in effect:
        effect["http"]["status"] = statuses.most_common(1)[0][0]
    bodies = [one for one in fine if isinstance(one.body, dict | list)]
    if not bodies:
        _answer(api, tool, [step for step in effect.get("steps", []) if "imagine" not in step], None, 0.9)
        return
    rows = [(one.arguments, row) for one in bodies for _, row in list(rows_of(api, one))[:1]]
    if (
        plan.entity in api.entities
        and plan.role in ("create", "read", "update", "list")
        and len(rows) * 2 >= len(bodies)
    ):
        if plan.role == "create" and (learned := induced(rows, usual=usual)) is not UNKNOWN:
            _created(api, tool, learned, rows)
        _around(api, tool, bodies, usual)
        return
    if plan.role in ("read", "update", "list") and any(one.body == [] or _is_empty(one.body) for one in bodies):
        return
    template = induced([(one.arguments, one.body) for one in bodies], usual=usual)
    share = _share(template, bodies)
    steps = effect.get("steps", [])
    asked = [step for step in steps if "imagine" in step]
    known = template if template is not UNKNOWN else {}
    if share >= _GOOD or not asked or not isinstance(known, dict):
        _answer(api, tool, [step for step in steps if "imagine" not in step], known, max(0.05, share))
    else:
        steps = [*steps, {"compute": {"known": known}}]
        _answer(api, tool, steps, f"{{overlaid({asked[0]['imagine']}, known)}}", max(0.05, share))


def _answer(api: Api, tool: str, steps: list[Any], returns: Any, confidence: float) -> None:
    effect = api.tools[tool]["effect"]
    effect.pop("text", None)
    effect.update({"steps": steps, "returns": returns, "confidence": round(min(confidence, 0.99), 2)})
    api.note(f"/tools/{tool}/effect", effect["confidence"], "what recorded answers have in common")
    api.undecided = [one for one in api.undecided if one != tool]
    api.tools[tool]["output"] = {}


def _created(api: Api, tool: str, learned: Any, rows: list[Any]) -> None:
    """A new row: what all had in common, under what was given."""
    effect = api.rewritten(tool, learned)
    if effect is None:
        return
    effect["http"] = api.tools[tool]["effect"].get("http")
    effect["confidence"] = round(max(0.05, sum(overlap(row, learned).recall for _, row in rows) / len(rows)), 2)
    api.tools[tool]["effect"] = {name: part for name, part in effect.items() if part is not None}
    api.note(f"/tools/{tool}/effect", effect["confidence"], f"what {len(rows)} new rows have in common")


def _around(api: Api, tool: str, bodies: list[Example], usual: Usual) -> None:
    """What stands beside the rows of an answer."""
    plan, effect = api.plans[tool], api.tools[tool]["effect"]
    returns = effect.get("returns")
    if not plan.path or not isinstance(returns, dict):
        return
    beside = [
        (one.arguments, {name: part for name, part in one.body.items() if name not in returns})
        for one in bodies
        if isinstance(one.body, dict)
    ]
    template = induced(beside, usual=usual) if beside else UNKNOWN
    always = {name for name in returns if all(name in one.body for one in bodies if isinstance(one.body, dict))}
    if isinstance(template, dict):
        effect["returns"] = {name: part for name, part in returns.items() if name in always} | template
        api.tools[tool]["output"] = {}


def _share(template: Any, bodies: list[Example]) -> float:
    """Which part of the leaves of recorded answers a template has."""
    if template is UNKNOWN:
        return 0.0
    known = len(leaves(template)) if template not in ({}, []) else 0
    return min(1.0, known * len(bodies) / max(1, sum(len(leaves(one.body)) for one in bodies)))


def _is_empty(body: Any) -> bool:
    return isinstance(body, dict) and any(part == [] for part in body.values())
