"""JSON Lines: a line for everything that a run holds. Nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.recorded import Part, RecordedCall, RecordedRun
from store.traces.exporters.format import Format


def _lines(run: RecordedRun) -> Iterator[dict[str, Any]]:
    about = {"task_id": run.task, "domain": run.domain, "facts": run.facts, "header": run.header}
    if run.tools or any(about.values()) or not run.parts:
        yield {"trajectory_id": run.trajectory, "tools": list(run.tools), **_told(about)}
    for part in run.parts:
        yield {"trajectory_id": run.trajectory, **_part(part)}


def _part(part: Part) -> dict[str, Any]:
    said: dict[str, Any] = {"at": part.at}
    together = {} if part.turn is None else {"together": part.turn}
    if not isinstance(part, RecordedCall):
        return {"role": part.role, "text": part.text, **_told({**said, "reasoning": part.reasoning}), **together}
    said |= {"task_id": part.task, "domain": part.domain, "schema_key": part.schema_key, "call_id": part.call_id}
    return {
        "call_index": part.index,
        "tool": part.tool,
        "kind": part.kind,
        "arguments": part.arguments,
        "observation": part.text,
        "structured": part.structured,
        "is_error": part.is_error,
        "status": part.status,
        **_told(said),
        **together,
    }


def _told(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


JSONL = Format("jsonl", _lines, lambda run: run)
