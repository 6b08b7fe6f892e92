"""What a schema cannot say about a pack: names that exist, references that hold, expressions that parse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from schemas.document import Finding, Pointer
from schemas.effects import ForEach, Imagine
from schemas.entities import check_entity
from schemas.marks import MARK
from schemas.reach import check_perturbations
from schemas.rows import MAX_KEY, is_normal, key_text, values_at
from schemas.scope import Scope
from schemas.types import Pack, Tool, World
from schemas.validate import SchemaError, nearest, validator


def check_pack(pack: Pack, unsure: frozenset[str] = frozenset()) -> list[Finding]:
    """Every error of a pack whose shape is right already.

    Args:
        pack: the pack.
        unsure: entities whose rows cannot be judged.
    """
    found = [finding for name, entity in pack.entities.items() for finding in check_entity(pack, name, entity)]
    unsure |= {str(finding.at[1]) for finding in found}
    for tool in pack.tools.values():
        found += _check_tool(pack, tool)
    return [*found, *_check_seed(pack, unsure), *_check_routes(pack.tools)]


def check_world(world: World, *, is_whole: bool = True) -> list[Finding]:
    """Every error of a world.

    Args:
        world: the world, of packs that are right already.
        is_whole: whether these are all its packs; else nothing is said about what is not there.
    """
    found: list[Finding] = []
    for kind in ("entities", "tools"):
        owners: dict[str, str] = {}
        for at, pack in enumerate(world.packs):
            for name in getattr(pack, kind):
                if name in owners:
                    what = "tool" if kind == "tools" else "entity"
                    found.append(Finding(("packs", at), f"{what} '{name}' stands in pack '{owners[name]}' too"))
                owners.setdefault(name, pack.name)
    if not found:
        packs = {name: at for at, pack in enumerate(world.packs) for name in pack.tools}
        found += [Finding(("packs", packs[str(at[1])]), message) for at, message in _check_routes(world.tools)]
    if is_whole and not world.tools:
        found.append(Finding(("packs",), "the packs of this world hold no tool"))
    for at, example in enumerate(world.examples):
        tool = world.tools.get(example.tool)
        if tool is not None:
            for fault in validator(tool.input_schema).faults(example.arguments):
                found.append(Finding(("examples", at, "arguments"), f"{fault.pointer or 'arguments'}: {fault.message}"))
        elif is_whole:
            message = f"no tool '{example.tool}'{nearest(example.tool, world.tools)}"
            found.append(Finding(("examples", at, "tool"), message))
    if is_whole:
        found += check_perturbations(world, world.perturbations)
    return found


def _check_tool(pack: Pack, tool: Tool) -> Iterator[Finding]:
    at = ("tools", tool.name)
    for word, schema in _schemas(tool):
        try:
            validator(schema)
        except SchemaError as error:
            yield Finding((*at, *word), f"not a JSON Schema: {error}")
        for where, name in _marked(schema, (*at, *word)):
            if not isinstance(name, str) or name not in pack.entities:
                yield Finding(where, f"{MARK} names '{name}', which is no entity{nearest(str(name), pack.entities)}")
    if tool.input_schema.get("type") != "object":
        yield Finding((*at, "input"), "the root of an input schema is `type: object`")
    if tool.effect is None and tool.output_schema is None:
        yield Finding(at, "a tool needs an effect, or an output schema to make up an answer from")
    if tool.effect is not None:
        yield from Scope(pack, tool).check(tool.effect, (*at, "effect"))


def _schemas(tool: Tool) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    yield ("input",), tool.input_schema
    if tool.output_schema is not None:
        yield ("output",), tool.output_schema
    if tool.effect is not None:
        yield from _imagined(tool.effect.steps, ("effect", "steps"))


def _imagined(steps: list[Any], at: Pointer) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    for index, step in enumerate(steps):
        if isinstance(step, Imagine):
            yield (*at, index, "schema"), step.form
        if isinstance(step, ForEach):
            yield from _imagined(step.steps, (*at, index, "steps"))


def _marked(schema: Any, at: Pointer) -> Iterator[tuple[Pointer, Any]]:
    if isinstance(schema, dict):
        if MARK in schema:
            yield (*at, MARK), schema[MARK]
        for key, value in schema.items():
            yield from _marked(value, (*at, key))
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _marked(value, (*at, index))


def _check_seed(pack: Pack, unsure: frozenset[str]) -> Iterator[Finding]:
    keys: dict[str, set[str]] = {}
    for name, rows in pack.seed.items():
        entity = pack.entities.get(name)
        if entity is None:
            yield Finding(("seed", name), f"no entity '{name}'{nearest(name, pack.entities)}")
        if entity is None or name in unsure:
            continue
        keys[name] = set()
        seen: dict[tuple[Any, ...], int] = {}
        for index, row in enumerate(rows):
            at = ("seed", name, index)
            for fault in entity.validator.faults(row):
                yield Finding((*at, *fault.pointer.split("/")[1:2]), f"{fault.pointer or name}: {fault.message}")
            if row.get(entity.key) is None:
                yield Finding(at, f"no value for the key '{entity.key}'")
                continue
            key = key_text(row[entity.key])
            if key in keys[name]:
                yield Finding((*at, entity.key), f"{name} '{key}' stands twice")
            if not 1 <= len(key) <= MAX_KEY:
                yield Finding((*at, entity.key), f"a key has 1 to {MAX_KEY} characters, this one {len(key)}")
            if not is_normal(key):
                message = f"a key is in Unicode normal form C, '{key}' is not; write its letters composed"
                yield Finding((*at, entity.key), message)
            keys[name].add(key)
            for group in entity.unique:
                values = (group, *(key_text(row.get(field)) for field in group))
                if all(row.get(field) is not None for field in group) and values in seen:
                    message = f"{', '.join(group)} must be unique: row {seen[values]} holds the same"
                    yield Finding((*at, group[0]), message)
                seen.setdefault(values, index)
    for name, rows in pack.seed.items():
        for path, reference in pack.entities[name].references.items() if name in keys else ():
            if reference.to in unsure:
                continue
            targets = keys.get(reference.to, set())
            for index, row in enumerate(rows):
                for pointer, value in values_at(row, path):
                    if key_text(value) not in targets:
                        message = f"refers to {reference.to} '{value}', which is not in the seed"
                        message += nearest(key_text(value), targets)
                        yield Finding(("seed", name, index, *pointer.split("/")[1:2]), message)


def _check_routes(tools: Mapping[str, Tool]) -> Iterator[Finding]:
    routes: dict[tuple[str, str], str] = {}
    for tool in tools.values():
        if tool.effect is None or tool.effect.http is None:
            continue
        http = tool.effect.http
        at = ("tools", tool.name, "effect", "http")
        shape = re.sub(r"{\w+}", "{}", http.path)
        names = re.findall(r"{(\w+)}", http.path)
        if re.search(r"[{}?#]", shape.replace("{}", "")):
            message = f"'{http.path}' is no path: braces hold a name alone, and ? and # have no place"
            yield Finding((*at, "path"), message)
        if len(set(names)) < len(names):
            yield Finding((*at, "path"), f"'{http.path}' names the same argument twice")
        if (http.method, shape) in routes:
            other = routes[http.method, shape]
            yield Finding(at, f"{http.method} {http.path} is the route of '{other}' as well as of '{tool.name}'")
        routes.setdefault((http.method, shape), tool.name)
