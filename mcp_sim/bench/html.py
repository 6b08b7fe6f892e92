"""A result as one web page that needs nothing else: the shares, tool by tool, and what is wrong, side by side."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mcp_sim import pages
from mcp_sim.bench.families import Family
from mcp_sim.bench.result import Part, Result
from mcp_sim.fidelity import NOT_JSON, Leaf, Tally, leaves, parsed, wilson

_FOLDER = Path(__file__).parent / "page"
_FAMILIES = 60
_LINES = 120
_WIDTH = 400
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SLICES = {
    "reads": "Reads",
    "writes": "Writes",
    "successful_writes": "Successful writes",
    "changed_reads": "Reads of changed state",
    "unseen_arguments": "Arguments never seen in training",
}
Line = tuple[str, bool]
"""A line, and whether it differs from the other side."""


def html(result: Result) -> str:
    """The page."""
    style = pages.style(_FOLDER)
    modes = [
        _mode("Teacher-forced", "forced", "each earlier real answer merged into the rows", result.teacher_forced),
        _mode("Closed loop", "closed", "the twin's own rows alone", result.closed_loop),
    ]
    return pages.template(_FOLDER).render(result=result, modes=modes, tools=_tools(result), style=style)


def _mode(title: str, name: str, about: str, part: Part) -> dict[str, Any]:
    slices = [(_SLICES[key], _numbers(tally)) for key, tally in part.slices.items() if tally.calls]
    wrong = part.total.calls - round((part.total.share("exact") or 0.0) * part.total.calls)
    worst = part.lost.worst(_FAMILIES)
    return {
        "title": title,
        "name": name,
        "about": about,
        "total": _numbers(part.total),
        "slices": slices,
        "wrong": wrong,
        "shown": sum(family.count for family in worst),
        "families": [_family(family) for family in worst],
    }


def _numbers(tally: Tally) -> dict[str, Any]:
    exact = tally.share("exact")
    low, high = wilson(exact or 0.0, tally.calls)
    return {
        "calls": tally.calls,
        "exact": exact,
        "low": low,
        "high": high,
        "leaf_f1": tally.share("leaf_f1"),
        "status": tally.share("status"),
        "code": tally.share("code"),
        "error_text": tally.share("error_text"),
        "declined": tally.declined,
    }


def _tools(result: Result) -> list[dict[str, Any]]:
    forced, closed = result.teacher_forced, result.closed_loop
    return [
        {
            "name": tool,
            "kind": forced.kinds[tool],
            "forced": _numbers(forced.by_tool[tool]),
            "closed": _numbers(closed.by_tool[tool]),
        }
        for tool in sorted(forced.by_tool, key=lambda name: (-forced.by_tool[name].calls, name))
    ]


def _family(family: Family) -> dict[str, Any]:
    call, answer = family.call, family.answer
    real, given = _sides(call.text, answer.text if answer is not None else None)
    return {
        "tool": family.tool,
        "what": _printable(family.what),
        "count": family.count,
        "arguments": _printable(_pretty(call.arguments)),
        "where": f"{call.trajectory} · call {call.index}",
        "source": call.source,
        "real": {"error": call.is_error, "status": call.status, "lines": real},
        "given": None
        if answer is None
        else {"error": answer.is_error, "status": answer.status if call.status else None, "lines": given},
    }


def _sides(real: str, given: str | None) -> tuple[list[Line], list[Line]]:
    """Both texts as lines; a line is marked that holds a leaf which the other side has not."""
    left = parsed(real)
    right = NOT_JSON if given is None else parsed(given)
    if isinstance(left, dict | list) and isinstance(right, dict | list):
        theirs, ours = leaves(left), leaves(right)
        return _cut(_lines(left, ours)), _cut(_lines(right, theirs))
    return tuple(  # type: ignore[return-value]
        _cut([(line, False) for line in (_pretty(value) if isinstance(value, dict | list) else said).split("\n")])
        for value, said in ((left, real), (right, given or ""))
    )


def _lines(value: Any, other: frozenset[Leaf]) -> list[Line]:
    found: list[Line] = []

    def put(part: Any, path: tuple[str | int, ...], before: str, after: str, depth: int) -> None:
        if len(found) > 4 * _LINES:
            return
        indent = "  " * depth
        if isinstance(part, dict | list) and part:
            opening, closing = "{}" if isinstance(part, dict) else "[]"
            found.append((f"{indent}{before}{opening}", False))
            entries = list(part.items() if isinstance(part, dict) else enumerate(part))
            for n, (name, inner) in enumerate(entries):
                label = f"{json.dumps(name, ensure_ascii=False)}: " if isinstance(part, dict) else ""
                put(inner, (*path, name), label, "," if n + 1 < len(entries) else "", depth + 1)
            found.append((f"{indent}{closing}{after}", False))
        else:
            ((_, kind, leaf),) = leaves(part)
            text = json.dumps(part, ensure_ascii=False)
            found.append((f"{indent}{before}{text}{after}", (path, kind, leaf) not in other))

    put(value, (), "", "", 0)
    return found


def _cut(lines: list[Line]) -> list[Line]:
    """The lines, long ones and long runs of them shortened; those that differ are kept, with their surroundings."""
    if len(lines) > _LINES:
        near = {m for n, (_, differs) in enumerate(lines) if differs for m in range(n - 3, n + 4)}
        kept: list[Line] = []
        for n, line in enumerate(lines):
            if (n in near or n < 10) and len(kept) < _LINES:
                kept.append(line)
            elif kept and kept[-1][0] != "…":
                kept.append(("…", False))
        lines = kept
    return [(_printable(line if len(line) <= _WIDTH else f"{line[:_WIDTH]}…"), differs) for line, differs in lines]


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _printable(text: str) -> str:
    """The text without characters that a page cannot hold."""
    shown = _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return shown.encode("utf-8", "backslashreplace").decode()
