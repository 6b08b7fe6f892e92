"""Definitions of tools as they come beside recordings, found by name, by service, and by the calls that they fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from mcp_sim.learn.tools import Unusable, tool_of
from schemas.types import Tool
from store.traces.importers import Complaint, Tell
from store.traces.importers.lines import lines

_INPUTS = ("inputSchema", "input_schema", "parameters", "input")
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition: the words beside it that tell whose it is, the definition itself, and its file and line."""

    said: str
    body: dict[str, Any]
    where: str


@dataclass
class Definitions:
    """All that is known of tools, by name."""

    _found: dict[str, list[Definition]] = field(default_factory=dict)

    def read(self, path: Path, tell: Tell) -> None:
        """Take in the definitions of a file: one per line, a list, or the answer to `tools/list`."""
        for where, found in _objects(path, tell):
            one = _definition(found, where)
            if one is not None:
                self._found.setdefault(one.body["name"], []).append(one)

    def __iter__(self) -> Iterator[Definition]:
        return (one for name in sorted(self._found) for one in self._found[name])

    def tool(self, name: str, domains: Iterable[str], calls: Sequence[dict[str, Any]]) -> tuple[Tool, bool] | None:
        """The usable definition that fits best, and whether it declares its answer.

        Those that name one of the domains come first, then those that the arguments of recorded calls fit.
        """
        wanted = [domain.lower() for domain in domains]
        fitting: list[tuple[bool, float, Tool, bool]] = []
        for one in self._found.get(name, ()):
            try:
                tool, has_answer = tool_of(one.body)
            except Unusable:
                continue
            said = one.said.lower()
            held = sum(tool.arguments.holds(arguments) for arguments in calls)
            fitting.append((any(domain in said for domain in wanted), held / max(len(calls), 1), tool, has_answer))
        if not fitting:
            return None
        _, _, tool, has_answer = max(fitting, key=lambda one: one[:2])
        return tool, has_answer


def holds_definitions(path: Path) -> bool:
    """Whether a file begins with definitions of tools."""
    first = islice(_objects(path, _ignore), _LOOKED_AT)
    return any(_definition(found, where) is not None for where, found in first)


def _objects(path: Path, tell: Tell) -> Iterator[tuple[str, Any]]:
    for number, line in lines(path, tell):
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            return
        if isinstance(found, dict) and isinstance(found.get("result"), dict):
            found = found["result"]
        if isinstance(found, dict) and isinstance(found.get("tools"), list):
            found = found["tools"]
        for one in found if isinstance(found, list) else [found]:
            yield f"{path}:{number}", one


def _definition(found: Any, where: str) -> Definition | None:
    if not isinstance(found, dict):
        return None
    inner = found.get("schema")
    body = inner if isinstance(inner, dict) and "name" in inner else found
    given = next((body[word] for word in _INPUTS if word in body), None)
    if not isinstance(body.get("name"), str) or not isinstance(given, dict | list):
        return None
    said = " ".join(value for part in (found, body) for value in part.values() if isinstance(value, str))
    if isinstance(given, list):
        body = {**body, "parameters": _of_operation(given, body.get("body"))}
        body.pop("responses", None)
    return Definition(said[:2000], body, where)


def _of_operation(parameters: list[Any], body: Any) -> dict[str, Any]:
    """The input schema of an HTTP operation, whose parameters stand in a list; the fields of its body are open."""
    named: dict[str, Any] = {
        str(part["name"]): part.get("schema") if isinstance(part.get("schema"), dict) else {}
        for part in parameters
        if isinstance(part, dict) and "name" in part
    }
    needed = [str(part["name"]) for part in parameters if isinstance(part, dict) and part.get("required") is True]
    return {"type": "object", "properties": named, "required": needed, "additionalProperties": body is not None}


def _ignore(_: Complaint) -> None:
    pass
