"""Definitions of tools as they come beside recordings, found by key, by name, and by the calls that they fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from mcp_sim.learn.tools import Unusable, tool_of
from schemas.definitions import INPUTS, as_listed
from schemas.types import Tool
from store.traces.importers import Complaint, Tell
from store.traces.importers.lines import lines

_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition: the key by which calls name it, the words beside it that tell whose it is, and itself."""

    key: str
    said: str
    body: dict[str, Any]


@dataclass
class Definitions:
    """All that is known of tools, by name."""

    _found: dict[str, list[Definition]] = field(default_factory=dict)

    def read(self, path: Path, tell: Tell) -> None:
        """Take in the definitions of a file: one per line, a list, or the answer to `tools/list`."""
        for found in _objects(path, tell):
            self.take(found)

    def take(self, found: Any, key: str = "") -> None:
        """Take in one definition, if it is one."""
        one = _definition(found, key)
        if one is not None:
            self._found.setdefault(one.body["name"], []).append(one)

    def tool(
        self, name: str, keys: Iterable[str], domains: Iterable[str], calls: Sequence[dict[str, Any]]
    ) -> tuple[Tool, bool] | None:
        """The usable definition that fits best, and whether it declares its answer.

        The one whose key calls give comes first, then those that name one of the domains, then those that the
        arguments of recorded calls fit.
        """
        wanted, known = [domain.lower() for domain in domains], set(keys)
        fitting: list[tuple[bool, bool, float, Tool, bool]] = []
        for one in self._found.get(name, ()):
            try:
                tool, has_answer = tool_of(one.body)
            except Unusable:
                continue
            held = sum(tool.arguments.holds(arguments) for arguments in calls) / max(len(calls), 1)
            is_near = any(domain in one.said.lower() for domain in wanted)
            fitting.append((one.key in known, is_near, held, tool, has_answer))
        if not fitting:
            return None
        best = max(fitting, key=lambda one: one[:3])
        return best[3], best[4]


def holds_definitions(path: Path) -> bool:
    """Whether a file begins with definitions of tools."""
    return any(_definition(found, "") is not None for found in islice(_objects(path, _ignore), _LOOKED_AT))


def _objects(path: Path, tell: Tell) -> Iterator[Any]:
    for line in lines(path, tell):
        try:
            found = orjson.loads(line.text)
        except orjson.JSONDecodeError:
            return
        if isinstance(found, dict) and isinstance(found.get("result"), dict):
            found = found["result"]
        if isinstance(found, dict) and isinstance(found.get("tools"), list):
            found = found["tools"]
        yield from found if isinstance(found, list) else [found]


def _definition(found: Any, key: str) -> Definition | None:
    if not isinstance(found, dict):
        return None
    inner = found.get("schema")
    body = inner if isinstance(inner, dict) and "name" in inner else found
    body = body["function"] if isinstance(body.get("function"), dict) else body
    given = next((body[word] for word in INPUTS if word in body), None)
    if not isinstance(body.get("name"), str) or not isinstance(given, dict | list):
        return None
    said = " ".join(value for part in (found, body) for value in part.values() if isinstance(value, str))
    known = key or str(found.get("schema_key", ""))
    if isinstance(given, list):
        operation = _of_operation(given, body.get("body"))
        return Definition(known, said[:2000], {**_named(body), "inputSchema": operation})
    return Definition(known, said[:2000], {**as_listed(body), "name": body["name"]})


def _named(body: dict[str, Any]) -> dict[str, Any]:
    return {word: body[word] for word in ("name", "description") if word in body}


def _of_operation(parameters: list[Any], body: Any) -> dict[str, Any]:
    """The input schema of an HTTP operation, whose parameters stand in a list; the fields of its body are open."""
    parts = [part for part in parameters if isinstance(part, dict) and "name" in part]
    named: dict[str, Any] = {}
    for part in parts:
        schema = part.get("schema")
        named[str(part["name"])] = schema if isinstance(schema, dict) else {}
    needed = [str(part["name"]) for part in parts if part.get("required") is True]
    return {"type": "object", "properties": named, "required": needed, "additionalProperties": body is not None}


def _ignore(_: Complaint) -> None:
    pass
