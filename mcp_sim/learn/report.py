"""What was learned as one web page that needs nothing else: what is known, what is guessed, what is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcp_sim import pages
from mcp_sim.fidelity import wilson

_FOLDER = Path(__file__).parent / "page"
_SURE = 0.8
_TOLD = 200
_NAMES = 30
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STATES = {
    "known": "Known",
    "partly": "Known in part",
    "inferred": "Inferred from the spec",
    "unknown": "Not understood",
    "declared": "Declared only",
}


def html(name: str, facts: Mapping[str, Any]) -> str:
    """The page of a twin called `name`."""
    tools = [_tool(tool, known) for tool, known in facts["tools"].items()]
    tools += [{"name": tool, "state": "declared"} for tool in facts["not_called"]]
    tools.sort(key=lambda tool: (list(_STATES).index(tool["state"]), -tool.get("calls", 0)))
    states = {state: [tool for tool in tools if tool["state"] == state] for state in _STATES}
    return pages.template(_FOLDER).render(
        name=name,
        facts=_printable(facts),
        judged=_share(facts["judged"]),
        tools=_printable(tools),
        states=[(state, shown, len(of), _names(of)) for state, shown in _STATES.items() if (of := states[state])],
        told=_printable(facts["told"][:_TOLD]),
        gaps=_printable(list(_gaps(tools))),
        style=pages.part(_FOLDER, "page.css"),
    )


def _names(tools: list[dict[str, Any]]) -> str:
    """The names of a few tools."""
    shown = ", ".join(str(_printable(tool["name"])) for tool in tools[:_NAMES])
    return shown if len(tools) <= _NAMES else f"{shown} and {len(tools) - _NAMES:,} more"


def _tool(name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    answer = known["answer"]
    return {
        **known,
        "name": name,
        "state": state(known),
        "share": _share(known["held_out"]),
        "answer": None if answer is None else {**answer, "words": _answer(answer["expression"], known)},
        "changes": [{**one, "words": _change(one)} for one in known["changes"]],
        "blind": {**known["blind"], "rows": [_seen(row, one) for row, one in known["blind"]["rows"].items()]},
    }


def state(known: Mapping[str, Any]) -> str:
    """How well a tool is known: `known`, `partly`, `inferred` or `unknown`."""
    if known["answer"] is None or known["doubt"] is not None:
        return "unknown"
    if known["calls"] == 0:
        return "inferred"
    is_whole = not known["undecided"] and not known["unexplained"] and known["contradictory"] is None
    return "known" if is_whole and known["confidence"] >= _SURE else "partly"


def _share(support: Mapping[str, Any]) -> dict[str, Any] | None:
    """A share with its interval; None where nothing was held out."""
    if not support["of"]:
        return None
    share = support["right"] / support["of"]
    low, high = wilson(share, support["of"])
    return {"share": share, "low": low, "high": high, "right": support["right"], "of": support["of"]}


def _answer(expression: str, known: Mapping[str, Any]) -> str:
    """What an answer is, in words, where they say more than the expression."""
    changed = {change["row"] for change in known["changes"] if change["shown"]}
    if expression in changed:
        return f"the {expression}, as it is after the changes"
    if expression.isidentifier() and expression in known["where"]:
        return f"the {expression}"
    if re.fullmatch(r'"[^"]*"', expression):
        return "always the same text"
    if expression.startswith("[") and " for " in expression:
        return "a list"
    if expression.startswith("{"):
        return "an object made of"
    return ""


def _change(change: Mapping[str, Any]) -> str:
    expression, field, row = change["expression"], change["field"], change["row"]
    if expression.startswith((f"{row}.{field} + [", f"({row}.{field} or []) + [")):
        return "appends to"
    if re.match(rf"merge\((at\()?{re.escape(row)}\b", expression):
        return "changes a part of"
    return "sets"


def _seen(row: str, one: Mapping[str, Any]) -> dict[str, Any]:
    return {"row": row, **one}


def _gaps(tools: list[dict[str, Any]]) -> Any:
    """(tool, what is missing) for everything that is not known, in one clause each."""
    for tool in tools:
        for one in tool.get("unexplained", ()):
            yield tool["name"], "error without a condition", one["text"], one["times"]
        for one in tool.get("undecided", ()):
            yield tool["name"], "change without a rule", f"{one['row']}.{one['field']}", one["times"]


def _printable(value: Any) -> Any:
    """The same without characters that a page cannot hold."""
    match value:
        case str():
            shown = _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), value)
            return shown.encode("utf-8", "backslashreplace").decode()
        case Mapping():
            return {name: _printable(part) for name, part in value.items()}
        case list() | tuple():
            return [_printable(part) for part in value]
    return value
