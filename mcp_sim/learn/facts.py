"""What is known of a service, as plain JSON: what was learned, what speaks for and against it, what is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcp_sim.learn.answers import place
from mcp_sim.learn.blind import blind_spots
from mcp_sim.learn.learner import Lesson
from mcp_sim.learn.search import Found
from mcp_sim.learn.support import ANSWER, Evidence, Support
from mcp_sim.learn.tables import Table
from mcp_sim.learn.teach import Taught, chosen

_PLACES = 3
_WORD = re.compile(r"[A-Za-z_]\w*")


def facts_of(
    taught: Taught, evidence: Evidence, sure: Mapping[str, float], doubts: Mapping[str, str]
) -> dict[str, Any]:
    """Everything that is known of tables and tools.

    Args:
        evidence: what calls say that a twin did not learn from.
        sure: the confidence of each tool.
        doubts: the tools of which what was learned is not used, and why.
    """
    return {
        "tables": {
            table.name: {
                "rows": len(table.rows),
                "key": table.key,
                "key_is": _key(table),
                "fields": len(table.fields),
                "references": {one.name: one.facts() for one in taught.references[table.name]},
            }
            for table in taught.tables.values()
        },
        "tools": {
            tool: {
                "confidence": sure[tool],
                "doubt": doubts.get(tool),
                **_lesson(lesson, taught, evidence),
            }
            for tool, lesson in taught.lessons.items()
        },
    }


def unrecorded(confidence: float, why: str) -> dict[str, Any]:
    """What is known of a tool without any recorded call, because what declares it says so."""
    return {
        "confidence": confidence,
        "doubt": None,
        "why": why,
        "calls": 0,
        "errors": 0,
        "writes": False,
        "looked_at": 0,
        "explained": 0,
        "held_out": Support().facts(),
        "answer": {"expression": why, "support": 0, "of": 0, "rivals": [], "held_out": Support().facts()},
        "form": "JSON",
        "where": {},
        "guards": [],
        "changes": [],
        "silent": None,
        "undecided": [],
        "unexplained": [],
        "contradictory": None,
        "blind": {"rows": {}, "tables": []},
    }


def _lesson(lesson: Lesson, taught: Taught, evidence: Evidence) -> dict[str, Any]:
    tool = lesson.tool
    examples = taught.examples[tool]
    looked_at = chosen(examples)
    return {
        "calls": len(examples),
        "errors": sum(one.call.is_error for one in examples),
        "writes": any(one.call.kind == "write" for one in examples),
        "looked_at": lesson.calls,
        "explained": lesson.explained,
        "held_out": evidence.of(tool).facts(),
        "answer": None if lesson.answer is None else _found(lesson.answer) | _seen(evidence, tool, ANSWER),
        "form": "text" if lesson.is_text else "JSON",
        "where": _where(lesson),
        "guards": [
            {"when": one.condition, "error": one.error, "support": one.support, "of": one.total, "wrong": one.wrong}
            | {"rivals": [{"when": rival} for rival in one.rivals]}
            | _seen(evidence, tool, "error", one.error)
            for one in lesson.guards
        ],
        "changes": [
            {"entity": change.binding.table, "row": change.binding.name, "field": name, "shown": change.shown}
            | _found(found)
            | _seen(evidence, tool, "field", str(change.binding.table), name)
            for change in lesson.changes
            for name, found in change.sets.items()
        ],
        "silent": _silent(lesson),
        "undecided": [
            {"entity": change.binding.table, "row": change.binding.name, "field": name, "times": times}
            for change in lesson.changes
            for name, times in change.undecided.items()
        ],
        "unexplained": [
            {
                "text": one.text,
                "times": len(one.examples),
                "where": [place(looked_at[k].call) for k in one.examples[:_PLACES]],
            }
            for one in lesson.unexplained
        ],
        "contradictory": None,
        "blind": blind_spots(lesson, examples, taught.tables),
    }


def _key(table: Table) -> str:
    """Where the key of a table comes from."""
    if not table.own_key:
        return "made from the place of each row"
    return "the name of each row in the data" if table.keyed else "a field that differs in all rows"


def _where(lesson: Lesson) -> dict[str, str]:
    """The names that the expressions of a lesson use, each with what it stands for, in the order of their making."""
    said = [found.source for change in lesson.changes for found in change.sets.values()]
    said += [guard.condition + guard.error for guard in lesson.guards]
    said += [] if lesson.answer is None else [lesson.answer.source]
    words = set(_WORD.findall(" ".join(said)))
    kept: dict[str, str] = {}
    for binding in reversed(lesson.scope.bindings):
        if binding.name in words:
            kept[binding.name] = binding.source
            words |= set(_WORD.findall(binding.source))
    return dict(reversed(kept.items()))


def _found(found: Found) -> dict[str, Any]:
    return {
        "expression": found.source,
        "support": found.hits,
        "of": found.total,
        "rivals": [{"expression": rival, "support": found.hits} for rival in found.rivals],
    }


def _seen(evidence: Evidence, tool: str, *item: str) -> dict[str, Any]:
    return {"held_out": evidence.of(tool, *item).facts()}


def _silent(lesson: Lesson) -> dict[str, Any] | None:
    """What happens to a whole row: it is made, or gone, or the call itself says which field of it changes."""
    for make in lesson.makes:
        sets = {name: found.source for name, found in make.values.items()}
        key = make.values[make.key]
        return _whole("create", make.table, key.source, sets, key.hits, key.total)
    for drop in lesson.drops:
        return _whole("delete", drop.table, drop.key, {}, *drop.support)
    for change in lesson.changes:
        if change.chosen is not None:
            name, found = change.chosen
            key_of = f"{change.binding.name}.{change.key}"
            return _whole(
                "update", str(change.binding.table), key_of, {f"{{{name}}}": found.source}, found.hits, found.total
            )
    return None


def _whole(kind: str, entity: str, key: str, sets: dict[str, str], support: int, of: int) -> dict[str, Any]:
    return {"kind": kind, "entity": entity, "key": key, "sets": sets, "support": support, "of": of}
