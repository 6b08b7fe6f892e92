"""A case as plain data for a page: its clauses, its steps with what they changed, its faults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcp_sim.runner.report import CaseResult
from mcp_sim.runner.reports.findings import contract_name, deciding
from mcp_sim.runner.reports.words import BLAMED, acted, answered, arguments, as_json, brief, printable, shortened
from schemas.types import Acted, Change, ClauseResult, LedgerEntry, Observation, Row, Step

Json = dict[str, Any]

_HEAD, _TAIL, _FAULTY = 150, 50, 100
"""How many steps are kept of a long session: the first, the last, those that went wrong; besides those that decide."""
_ENTRIES = 200
_OUTPUT = 100_000
"""How many characters of what the agent wrote."""


def account(result: CaseResult, room: int) -> Json:
    """The case. A text longer than `room` characters loses its middle."""
    case, verdict = result.case, result.verdict
    ledger = verdict.ledger if verdict else ()
    return {
        "name": case.name,
        "contract": contract_name(result),
        "title": printable(case.contract.title or case.contract.name),
        "instruction": printable(case.contract.instruction),
        "profile": case.profile or "as declared",
        "seed": case.seed,
        "outcome": result.outcome,
        "trouble": result.trouble,
        "told": printable(result.told),
        "seconds": round(result.seconds, 2),
        "status": result.status,
        "clauses": [_clause(clause) for clause in (verdict.clauses if verdict else ())],
        "steps": _steps(result, ledger, room),
        "calls": len(result.trace.steps),
        "ledger": [_entry(entry) for entry in ledger[:_ENTRIES]],
        "entries": len(ledger),
        "output": shortened(result.output, _OUTPUT),
    }


def _clause(clause: ClauseResult) -> Json:
    return {
        "clause": printable(clause.clause),
        "verb": clause.verb,
        "severity": clause.severity,
        "outcome": clause.outcome,
        "message": shortened(clause.message, 2000),
        "why": printable(clause.why),
        "steps": clause.steps,
        "failures": [{"message": shortened(one.message, 2000), "steps": one.steps} for one in clause.failures],
        "parts": [_clause(part) for part in clause.parts],
    }


def _entry(entry: LedgerEntry) -> Json:
    return {
        "step": entry.step,
        "tool": brief(entry.tool),
        "status": entry.status,
        "error": entry.is_error,
        "blame": entry.blame,
        "owed": BLAMED[entry.blame],
        "perturbations": [brief(name) for name in entry.perturbations],
        "message": printable(entry.message),
    }


def _steps(result: CaseResult, ledger: Sequence[LedgerEntry], room: int) -> list[Json]:
    """The steps that are kept, and where some are not, how many."""
    steps = result.trace.steps
    blames = {entry.step: entry.blame for entry in ledger}
    kept = {step.n for step in (*steps[:_HEAD], *steps[max(len(steps) - _TAIL, 0) :])}
    kept |= deciding(result.verdict) | set(list(blames)[:_FAULTY])
    told: list[Json] = []
    for step in steps:
        if step.n in kept:
            told.append(_step(step, blames.get(step.n, "ok"), room))
        elif told and "left_out" in told[-1]:
            told[-1]["left_out"] += 1
        else:
            told.append({"left_out": 1})
    return told


def _step(step: Step, tone: str, room: int) -> Json:
    return {
        "n": step.n,
        "at": step.at,
        "tone": tone,
        "tool": brief(step.call.tool),
        "brief": arguments(step.call),
        "waited": step.call.waited,
        "arguments": shortened(as_json(step.call.arguments, 2), room),
        "answered": answered(step.observation, 200),
        "saw": _observation(step.observation, room),
        "world": None if step.answer is None else _observation(step.answer, room),
        "acted": [_acted(one, room) for one in step.perturbations],
        "changes": [_change(change, room) for change in step.delta.changes[:200]],
        "changed": len(step.delta.changes),
        "responder": step.responder,
        "reason": printable(step.reason),
        "attempts": [
            "; ".join(brief(violation.message, 300) for violation in attempt.violations) for attempt in step.attempts
        ],
    }


def _observation(observation: Observation, room: int) -> Json:
    wire = observation.wire
    return {
        "text": shortened(observation.text, room),
        "error": observation.is_error,
        "status": observation.status,
        "headers": {} if wire is None else {brief(name): brief(given) for name, given in wire.headers.items()},
        "notice": "" if wire is None else shortened(wire.notice, room),
    }


def _acted(one: Acted, room: int) -> Json:
    did = shortened(as_json(one.did, 2), room)
    return {"name": brief(acted(one)), "did": did if one.did else "", "seconds": one.seconds}


def _change(change: Change, room: int) -> Json:
    before, after = change.before or {}, change.after or {}
    fields = [
        {"field": brief(name), "before": _cell(before, name, room), "after": _cell(after, name, room)}
        for name in before | after
    ]
    return {"op": change.op, "entity": change.entity, "key": brief(change.key), "fields": fields}


def _cell(row: Row, name: str, room: int) -> str | None:
    """A field as text, None where the row has none."""
    if name not in row:
        return None
    given = row[name]
    return shortened(given if isinstance(given, str) else as_json(given), min(room, 2000))
