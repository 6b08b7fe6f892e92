"""Whether a tool can be perturbed in a way: read from what it declares, so that no answer is broken by accident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas import anatomy
from schemas.anatomy import NotHere
from schemas.perturbations import (
    Batch,
    Distract,
    Drift,
    Duplicate,
    Format,
    Hostile,
    Malform,
    Page,
    Partial,
    Perturbation,
    Reorder,
    Stale,
    Where,
    Withhold,
)
from schemas.rows import schema_at
from schemas.types import Tool, World
from schemas.validate import nearest, part_validator

SHORTEST_BAIT = 60
"""Characters that the shortest of our own hostile texts needs."""


def why_not(world: World, perturbation: Perturbation, tool: Tool) -> str | None:
    """Why a tool cannot be perturbed so, as words that go on after its name; None: it can."""
    try:
        _FITS.get(type(perturbation.spec), _always)(world, tool, perturbation.spec, perturbation.where)
    except NotHere as reason:
        return str(reason)
    return None


def arguments(tool: Tool) -> dict[str, Any]:
    """The arguments of a tool, each with its JSON Schema."""
    properties = tool.input_schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _always(_world: World, _tool: Tool, _spec: Any, _where: Where) -> None:
    pass


def _fits_batch(_world: World, tool: Tool, spec: Batch, _where: Where) -> None:
    name = anatomy.batch(tool, spec.argument)
    schema = arguments(tool).get(name, {})
    if isinstance(schema, dict) and schema.get("minItems", 0) > 1:
        raise NotHere(f"wants at least {schema['minItems']} entries in '{name}'")


def _fits_page(world: World, tool: Tool, spec: Page, where: Where) -> None:
    paging = anatomy.paging(tool, world)
    if paging.is_counted and not where.is_certain:
        raise NotHere("counts pages, which then all have to be of one size: leave out all conditions but the tool")
    schema = arguments(tool).get(paging.argument, {})
    faults = part_validator(schema, tool.input_schema).faults(spec.items)
    if faults:
        raise NotHere(f"takes no such '{paging.argument}': {faults[0].message}")


def _fits_stale(world: World, tool: Tool, _spec: Stale, _where: Where) -> None:
    anatomy.check_repeatable(tool, world)
    if not anatomy.entities_of(tool):
        raise NotHere("reads no rows")


def _fits_list(_world: World, tool: Tool, spec: Partial | Reorder, _where: Where) -> None:
    found = anatomy.listing(tool, spec.list)
    if isinstance(spec, Partial) and (least := _bounds(tool, found).get("minItems", 0)):
        raise NotHere(f"always gives at least {least} items")


def _fits_duplicate(_world: World, tool: Tool, spec: Duplicate, _where: Where) -> None:
    bounds = _bounds(tool, anatomy.listing(tool, spec.list))
    if bounds.get("uniqueItems"):
        raise NotHere("gives a list whose items its output schema says are unique")
    if "maxItems" in bounds:
        raise NotHere(f"gives a list of at most {bounds['maxItems']} items")


def _fits_distract(world: World, tool: Tool, spec: Distract, _where: Where) -> None:
    found = anatomy.listing(tool, spec.list)
    if found.entity is None or found.entity not in world.entities:
        raise NotHere("gives a list of something other than whole rows")
    if "maxItems" in (bounds := _bounds(tool, found)):
        raise NotHere(f"gives a list of at most {bounds['maxItems']} items")
    entity = world.entities[found.entity]
    key = schema_at(entity.row, entity.key) or {}
    if key.keys() & {"enum", "const", "format", "pattern", "maximum"}:
        raise NotHere(f"gives rows whose key '{entity.key}' cannot be made up")


def _fits_withhold(_world: World, tool: Tool, spec: Withhold, _where: Where) -> None:
    try:
        found = anatomy.listing(tool, spec.list)
    except NotHere:
        if spec.list is not None or not spec.fields:
            raise
        record = tool.output_schema or {}
    else:
        record = found.item
        if not spec.fields and (least := _bounds(tool, found).get("minItems", 0)):
            raise NotHere(f"always gives at least {least} items")
    properties = record.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    for field in spec.fields:
        if field not in properties:
            raise NotHere(f"shows no field '{field}'{nearest(field, properties)}")
        required = record.get("required")
        is_needed = isinstance(required, list) and field in required
        if is_needed and not part_validator(properties[field], record).holds(None):
            raise NotHere(f"always shows '{field}', which its schema requires; `drift` may drop it all the same")


def _fits_hostile(_world: World, tool: Tool, spec: Hostile, _where: Where) -> None:
    found = anatomy.texts(tool)
    if spec.field is not None:
        paths = {".".join(part for part in path if part != anatomy.EACH): longest for path, longest in found}
        if spec.field not in paths:
            raise NotHere(f"has no free text '{spec.field}'{nearest(spec.field, paths)}; there is {', '.join(paths)}")
        found = [((), paths[spec.field])]
    room = max((10**6 if longest is None else longest) for _, longest in found)
    needed = len(spec.text) if spec.text is not None else SHORTEST_BAIT
    if room < needed:
        raise NotHere(f"has room for {room} characters there, and the text needs {needed}")


def _fits_drift(_world: World, tool: Tool, spec: Drift, _where: Where) -> None:
    known = anatomy.fields(tool)
    wanted = [*spec.rename, *spec.drop]
    missing = [name for name in wanted if name not in known]
    for old, new in spec.rename.items():
        if old in known and new in known:
            raise NotHere(f"has a field '{new}' besides '{old}'")
    if wanted and len(missing) == len(wanted):
        raise NotHere(f"shows no field '{missing[0]}'{nearest(missing[0], known)}")


def _fits_format(_world: World, tool: Tool, _spec: Format, _where: Where) -> None:
    if tool.effect is not None and tool.effect.is_text:
        raise NotHere("answers in plain text, which has no other form")


def _fits_malform(_world: World, tool: Tool, _spec: Malform, _where: Where) -> None:
    if not any(part.get("required") or "type" in part for _, part in anatomy.leaves(tool.output_schema or {})):
        raise NotHere("has no output schema that an answer could break")


def _bounds(tool: Tool, found: anatomy.Listing) -> dict[str, Any]:
    parts = anatomy.leaves(tool.output_schema or {}, inner=True)
    return next((part for path, part in parts if path == found.path), {})


_FITS: dict[type[Any], Callable[[World, Tool, Any, Where], None]] = {
    Batch: _fits_batch,
    Page: _fits_page,
    Stale: _fits_stale,
    Partial: _fits_list,
    Reorder: _fits_list,
    Duplicate: _fits_duplicate,
    Distract: _fits_distract,
    Withhold: _fits_withhold,
    Hostile: _fits_hostile,
    Drift: _fits_drift,
    Format: _fits_format,
    Malform: _fits_malform,
}
