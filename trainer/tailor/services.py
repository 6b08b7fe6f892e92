"""Services: which tools and rows recorded calls have to do with, and the world that stands for each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from mcp_sim.learn.data import read_data
from mcp_sim.learn.forms import json_kind
from mcp_sim.learn.tables import Table, tables_of
from schemas.types import TOOL_NAME, Tool, World
from trainer.tailor.census import ToolUse
from trainer.tailor.ids import is_moment

_SLUG = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Service:
    """One service behind recorded calls.

    Attributes:
        name: its name, after the domain that most of its calls have.
        domains: the domains that the recordings tell apart.
        tools: its tools as JSON.
        declared: the tools whose definition is known; of the others it is made from their calls.
        has_definitions: whether the recording came with definitions at all.
        data: files of its initial rows.
    """

    name: str
    domains: tuple[str, ...]
    tools: tuple[dict[str, Any], ...]
    declared: frozenset[str]
    has_definitions: bool
    data: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """One line."""
        return orjson.dumps(self, default=sorted, option=orjson.OPT_SORT_KEYS)


def decode_service(line: bytes) -> Service:
    """The service of one line."""
    found = orjson.loads(line)
    texts = {name: tuple(found[name]) for name in ("domains", "tools", "data")}
    return Service(**{**found, **texts, "declared": frozenset(found["declared"])})


@dataclass
class Groups:
    """Domains that belong together, because calls of one run have to do with both, or they have the same tools."""

    _parent: dict[str, str] = field(default_factory=dict)

    def join(self, one: str, other: str) -> None:
        """Put two domains together."""
        first, second = self.head(one), self.head(other)
        self._parent[max(first, second)] = min(first, second)

    def head(self, domain: str) -> str:
        """The first of the domains that this one belongs to."""
        self._parent.setdefault(domain, domain)
        while self._parent[domain] != domain:
            self._parent[domain] = self._parent[self._parent[domain]]
            domain = self._parent[domain]
        return domain

    def join_alike(self, tools: dict[str, set[str]]) -> None:
        """Put together those of which one has half of the other's tools, and at least three."""
        names = sorted(tools)
        for index, one in enumerate(names):
            for other in names[index + 1 :]:
                shared = len(tools[one] & tools[other])
                if shared >= 3 and 2 * shared >= min(len(tools[one]), len(tools[other])):
                    self.join(one, other)

    def all(self) -> dict[str, list[str]]:
        """The domains by the first of their group."""
        found: dict[str, list[str]] = {}
        for domain in sorted(self._parent):
            found.setdefault(self.head(domain), []).append(domain)
        return found


def service_name(calls: Counter[str]) -> str:
    """What a service of these domains is called, given the calls of each."""
    first = min(calls, key=lambda domain: (-calls[domain], domain))
    return f"{first}+{len(calls) - 1}" if len(calls) > 1 else first


def tool_body(tool: Tool, uses: ToolUse, *, has_answer: bool) -> dict[str, Any]:
    """A tool as JSON, with what its calls show of it: whether it writes; an answer that is not declared is open."""
    body: dict[str, Any] = tool.model_dump(mode="json", by_alias=False, exclude_defaults=True)
    if not has_answer:
        body.pop("output_schema", None)
    if tool.annotations.read_only is None and uses.reads is not None:
        body["annotations"] = {**body.get("annotations", {}), "read_only": uses.reads}
    return body


def induced(name: str, uses: ToolUse) -> Tool | None:
    """A definition made from recorded calls alone; None where the name can be none."""
    if not re.fullmatch(TOOL_NAME, name):
        return None
    properties = {arg: {"type": sorted(kinds)} for arg, kinds in sorted(uses.kinds.items())}
    schema: Any = {"type": "object", "properties": properties, "required": sorted(uses.always)}
    return Tool(name=name, input_schema=schema)


@lru_cache(maxsize=16)
def _tables(data: tuple[str, ...]) -> dict[str, Table]:
    return tables_of(read_data(map(Path, data))) if data else {}


@lru_cache(maxsize=16)
def _world(line: bytes) -> World:
    service = decode_service(line)
    tables = _tables(service.data)
    pack = {
        "entities": {name: _entity(table) for name, table in tables.items()},
        "seed": {name: list(table.rows.values()) for name, table in tables.items()},
    }
    slug = _SLUG.sub("-", service.name.lower()).strip("-")[:60]
    slug = slug if slug[:1].isalpha() else f"s-{slug}"
    return World.model_validate(
        {"name": slug, "packs": [{**pack, "name": slug, "tools": {tool["name"]: tool for tool in service.tools}}]}
    )


def world_of(service: Service) -> World:
    """The world that stands for a service: its tools, and its rows as entities."""
    return _world(service.encode())


def tables_of_service(service: Service) -> dict[str, Table]:
    """The initial rows of a service."""
    return _tables(service.data)


def _entity(table: Table) -> dict[str, Any]:
    """A table as an entity, its fields with the kinds of values that its rows hold, or null."""
    kinds: dict[str, set[str]] = {name: {"null"} for name in table.fields}
    for row in table.rows.values():
        for name, value in row.items():
            kinds[name].add(json_kind(value))
    properties: dict[str, Any] = {name: {"type": sorted(found)} for name, found in kinds.items()}
    whole = all(isinstance(row[table.key], int) for row in table.rows.values())
    properties[table.key] = {"type": "integer" if whole else "string"}
    row = {"type": "object", "required": [table.key], "properties": properties}
    return {"key": table.key, "schema": row, "references": _references(table)}


def _references(table: Table) -> dict[str, Any]:
    """The references of a table whose paths are plain fields, or fields of the items of a list."""
    paths = {".".join(part for part in path if part != "[]"): to for path, to in table.references.items()}
    return {path: {"to": to} for path, to in paths.items() if path and path.split(".")[0] in table.fields}


def fitting_data(values: set[str], files: Sequence[tuple[str, frozenset[str]]]) -> tuple[str, ...]:
    """The files of rows that calls with these values are about: enough of what they name stands there."""
    return tuple(path for path, held in files if _speaks_of(values, held))


def _speaks_of(values: set[str], held: frozenset[str]) -> bool:
    shared = len(values & held)
    return shared >= 5 and shared >= 0.02 * min(len(values), len(held))


def texts_of(path: Path) -> frozenset[str]:
    """The texts that rows of a file hold and that would not stand somewhere else by chance."""
    return frozenset(_telling(row for table in tables_of(read_data([path])).values() for row in table.rows.values()))


def _telling(rows: Iterable[dict[str, Any]]) -> Iterable[str]:
    for row in rows:
        for value in row.values():
            if isinstance(value, str) and is_telling(value):
                yield value


def is_telling(text: str) -> bool:
    """Whether a text is a name of something rather than a plain word."""
    return len(text) >= 5 and any(not c.isalpha() for c in text) and not is_moment(text)
