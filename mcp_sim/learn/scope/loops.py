"""Lists of records that an effect goes through, and what the fields of each record lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mcp_sim.learn.language import column
from mcp_sim.learn.scope.items import is_name, item_of_list, item_of_map, same_item
from mcp_sim.learn.scope.rows import name_rows
from mcp_sim.learn.scope.scope import Loop, Scope
from mcp_sim.learn.shapes import scalar_paths, shape
from mcp_sim.learn.sources import at_path, literal, safe_path
from mcp_sim.learn.tables import Table, singular
from schemas.rows import key_text

ARGUMENTS = "each_"
"""How the lists of records begin that are made of arguments."""


def argument_loops(scope: Scope) -> Iterator[Loop]:
    """The lists that arguments give, and pairs of them."""
    lists = [
        name
        for name in dict.fromkeys(n for names in scope.examples for n in names["args"])
        if sum(isinstance(names["args"].get(name), list) for names in scope.examples) * 2 > len(scope.examples) * 0.5
        and all(isinstance(names["args"].get(name), list | None) for names in scope.examples)
    ]
    pairs: list[list[str]] = [[name] for name in lists]
    if len(lists) >= 2:
        sized = [names["args"] for names in scope.examples]
        for one in lists:
            for other in lists[lists.index(one) + 1 :]:
                both = [a for a in sized if a.get(one) is not None and a.get(other) is not None]
                if both and sum(len(a[one]) == len(a[other]) for a in both) >= 0.7 * len(both):
                    pairs.append([one, other])
    for names in pairs:
        yield _argument_loop(scope, names)


def _argument_loop(scope: Scope, names: list[str]) -> Loop:
    sources = [at_path("args", (name,)) for name in names]
    objects = all(isinstance(i, dict) for e in scope.examples for i in e["args"].get(names[0]) or [])
    fields = [re.sub(r"\W+", "_", singular(name)) for name in names]
    if len(names) == 1 and objects:
        made, of = f"[merge(i) for i in {sources[0]} or []]", sources[0]
    elif len(names) == 1:
        made, of = f"[{{{literal(fields[0])}: x}} for x in {sources[0]} or []]", sources[0]
    else:
        record = f"{{{literal(fields[0])}: x, {literal(fields[1])}: y}}"
        made, of = f"[{record} for x, y in zip({sources[0]} or [], {sources[1]} or [])]", sources[0]
    label = ARGUMENTS + "_and_".join(fields)
    return _loop(scope, label, made, of, fields)


def row_loops(scope: Scope) -> Iterator[Loop]:
    """The lists inside the rows of a scope."""
    for binding in [b for b in scope.bindings if b.depth <= 2]:
        here = scope.reached(binding)
        for path, kinds in shape(scope.trusted(scope.column(here))).items():
            if kinds["objects"] or kinds["list"]:
                of = safe_path(here, path)
                items = [i for v in scope.column(of) if isinstance(v, list) for i in v]
                if not items:
                    continue
                label = f"{binding.name}_{re.sub(r'[^A-Za-z0-9]+', '_', path[-1])}"
                if all(isinstance(i, dict) for i in items):
                    yield _loop(scope, label, f"[merge(i) for i in {of} or []]", of, [])
                elif all(isinstance(i, str | int) for i in items):
                    one = singular(re.sub(r"\W+", "_", path[-1]))
                    yield _loop(scope, label, f"[{{{literal(one)}: x}} for x in {of} or []]", of, [one])


def _loop(scope: Scope, name: str, source: str, of: str, fields: list[str]) -> Loop:
    lists = column(source, scope.examples)
    examples: list[dict[str, Any]] = []
    owners: list[int] = []
    for index, (names, records) in enumerate(zip(scope.examples, lists, strict=True)):
        names[name] = records if isinstance(records, list) else []
        for record in names[name]:
            examples.append({**names, "m": record})
            owners.append(index)
    sure_owner = set(scope.sure)
    sure = [index for index, owner in enumerate(owners) if owner in sure_owner]
    return Loop(name, source, Scope(examples, sure, variable="m", owners=owners), of, fields)


def name_records(tables: dict[str, Table], outer: Scope, loop: Loop) -> None:
    """Name what the fields of the records lead to."""
    scope = loop.scope
    records = [names["m"] for names in scope.examples]
    sources = [at_path("m", path) for path in scalar_paths(records)]
    for binding in [b for b in outer.bindings if b.depth <= 2]:
        form = shape(outer.trusted(outer.column(binding.name)))
        for path, kinds in form.items():
            if kinds["objects"] and safe_path(binding.name, path) != loop.of:
                same_item(scope, binding.name, path, sources, binding)
            for source in sources:
                if kinds["object"] * 2 > sum(kinds.values()):
                    item_of_map(scope, binding.name, path, source, binding)
                if kinds["objects"] and safe_path(binding.name, path) != loop.of:
                    item_of_list(scope, binding.name, path, source, binding)
    widest = sorted(outer.loops.values(), key=lambda other: -len(other.fields))
    for other in widest:
        if other.fields and other.of.startswith("args") and not loop.of.startswith("args"):
            _partner(scope, other, sources)
    name_rows(scope, tables, sources)
    _chosen_parts(outer, scope)


def _chosen_parts(outer: Scope, scope: Scope) -> None:
    """Name the items of maps inside the parts of records whose keys arguments give."""
    arguments = [at_path("args", path) for path in scalar_paths(names["args"] for names in outer.examples)]
    for binding in list(scope.bindings):
        here = scope.reached(binding)
        for path, kinds in shape(scope.trusted(scope.column(here))).items():
            if kinds["object"] * 2 > kinds.total():
                for source in arguments:
                    item_of_map(scope, here, path, source, binding)


def _partner(scope: Scope, other: Loop, sources: list[str]) -> None:
    """The record of another loop that stands for the same thing."""
    for name in other.fields:
        for source in sources:
            if not any(set(_texts(scope.column(source))) & set(_texts(other.scope.column(f"m.{name}")))):
                continue
            match = f"first([p for p in {other.name} if p.{name} == {source}])"
            if any(b.name == f"its_{name}" for b in scope.bindings):
                continue
            hits = [v for v in column(match, scope.examples) if isinstance(v, dict)]
            if len(hits) >= 0.2 * len(scope.examples):
                scope.bind(f"its_{name}", match, None, 2)


def _texts(values: list[Any]) -> Iterator[str]:
    return (key_text(v) for v in values if is_name(v))
