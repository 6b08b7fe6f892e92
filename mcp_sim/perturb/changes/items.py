"""Changes to the lists in an answer: items missing, doubled, in another order, or made up."""

from __future__ import annotations

from math import ceil
from typing import Any

from mcp_sim.perturb.changes.answer import Answer, Scene
from mcp_sim.perturb.places import at, put
from mcp_sim.perturb.predicate import predicate
from schemas.anatomy import Listing, NotHere, listing
from schemas.canonical import canonical
from schemas.perturbations import Distract, Duplicate, Partial, Reorder, Withhold
from schemas.rows import key_text
from schemas.types import Row
from schemas.validate import part_validator
from store.view import id_pattern

_FAR = 900_000
"""Where the keys of records begin that do not exist; no session mints so many."""
_DONORS = 20


def partial(answer: Answer, spec: Partial, scene: Scene) -> dict[str, Any] | None:
    """The list breaks off."""
    found = listing(scene.tool, spec.list)
    items = _items(answer, found)
    if not items:
        return None
    kept = min(ceil(len(items) * spec.keep), len(items) - 1)
    lost = len(items) - kept
    _replace(answer, found, items[:kept], 0 if spec.labelled else -lost)
    if spec.labelled:
        answer.notices.append(f"Partial result: {lost} of {len(items)} items could not be loaded. Try again for all.")
    return {"kept": kept, "of": len(items), "labelled": spec.labelled}


def withhold(answer: Answer, spec: Withhold, scene: Scene) -> dict[str, Any] | None:
    """Items, or fields of them, are kept back."""
    try:
        found = listing(scene.tool, spec.list)
    except NotHere:
        return _withhold_fields(answer, [answer.content], spec, scene)
    items = _items(answer, found)
    if not items:
        return None
    holds = predicate(spec.where) if spec.where is not None else None
    meant = [
        index
        for index, item in enumerate(items)
        if (holds is None or holds({**scene.occasion.names, "item": item}))
        and (spec.share == 1 or _lasting_share(scene, _identity(item, found, scene)) < spec.share)
    ]
    if not meant:
        return None
    if spec.fields:
        fresh = [_without(item, spec, found.item) if index in meant else item for index, item in enumerate(items)]
        if fresh == items:
            return None
        _replace(answer, found, fresh)
    else:
        fresh = [item for index, item in enumerate(items) if index not in meant]
        _replace(answer, found, fresh, 0 if spec.labelled else -len(meant))
    if spec.labelled:
        what = f"the fields {', '.join(spec.fields)} of " if spec.fields else ""
        answer.notices.append(f"Not shown: {what}{len(meant)} of {len(items)} items, for lack of permission.")
    keys = [_identity(items[index], found, scene) for index in meant]
    return {"items": keys, "fields": list(spec.fields), "labelled": spec.labelled}


def distract(answer: Answer, spec: Distract, scene: Scene) -> dict[str, Any] | None:
    """Records that do not exist stand among the others."""
    found = listing(scene.tool, spec.list)
    items = _items(answer, found)
    if not items or found.entity is None:
        return None
    made = []
    for number in range(spec.records):
        record = _made_up(items, found, scene, number)
        if record is None:
            break
        place = scene.pick(f"place:{number}", len(items) + 1)
        items = [*items[:place], record, *items[place:]]
        made.append(_identity(record, found, scene))
    if not made:
        return None
    _replace(answer, found, items, len(made))
    return {"entity": found.entity, "records": made}


def duplicate(answer: Answer, spec: Duplicate, scene: Scene) -> dict[str, Any] | None:
    """Items stand twice, the second time further down."""
    found = listing(scene.tool, spec.list)
    items = _items(answer, found)
    if not items:
        return None
    chosen = sorted(scene.order("items", len(items))[: spec.items])
    fresh = list(items)
    for index in reversed(chosen):
        fresh.insert(index + 1 + scene.pick(f"place:{index}", len(fresh) - index), items[index])
    _replace(answer, found, fresh)
    return {"items": [_identity(items[index], found, scene) for index in chosen]}


def reorder(answer: Answer, spec: Reorder, scene: Scene) -> dict[str, Any] | None:
    """Another order."""
    found = listing(scene.tool, spec.list)
    items = _items(answer, found)
    if not items or len(items) < 2:
        return None
    order = list(range(len(items)))[::-1] if spec.how == "reverse" else scene.order("order", len(items))
    if order == sorted(order):
        order = [*order[1:], order[0]]
    fresh = [items[index] for index in order]
    if fresh == items:
        return None
    _replace(answer, found, fresh)
    return {"order": order}


def _items(answer: Answer, found: Listing) -> list[Any] | None:
    items = at(answer.content, found.path)
    return items if isinstance(items, list) else None


def _replace(answer: Answer, found: Listing, items: list[Any], change: int = 0) -> None:
    """Put other items there; where the answer counts them, the count goes with it."""
    content = put(answer.content, found.path, items)
    total = None if found.total is None else at(content, found.total)
    if change and found.total is not None and isinstance(total, int):
        content = put(content, found.total, max(total + change, 0))
    answer.say(content)


def _identity(item: Any, found: Listing, scene: Scene) -> str:
    """The key of an item that is a row; the item itself as a text where it is not."""
    if found.entity is not None and isinstance(item, dict):
        key = item.get(scene.world.entities[found.entity].key)
        if key is not None:
            return key_text(key)
    return canonical(item).decode()


def _lasting_share(scene: Scene, identity: str) -> float:
    return scene.occasion.lasting(scene.purpose(identity)) / 2**64


def _without(item: Any, spec: Withhold, schema: dict[str, Any]) -> Any:
    if not isinstance(item, dict):
        return item
    required = schema.get("required", ())
    return {
        name: None if name in spec.fields else value
        for name, value in item.items()
        if name not in spec.fields or name in required
    }


def _withhold_fields(answer: Answer, records: list[Any], spec: Withhold, scene: Scene) -> dict[str, Any] | None:
    (record,) = records
    fresh = _without(record, spec, scene.tool.output_schema or {})
    if fresh == record or (spec.where and not predicate(spec.where)({**scene.occasion.names, "item": record})):
        return None
    answer.say(fresh)
    if spec.labelled:
        answer.notices.append(f"Not shown: the fields {', '.join(spec.fields)}, for lack of permission.")
    return {"items": [], "fields": list(spec.fields), "labelled": spec.labelled}


def _made_up(items: list[Row], found: Listing, scene: Scene, number: int) -> Row | None:
    """A record like the others, of a key that no row has: each field as one of them has it."""
    assert found.entity is not None
    entity = scene.world.entities[found.entity]
    key = _fresh_key(found.entity, items, scene, number)
    base = items[scene.pick(f"base:{number}", len(items))]
    donors = [row for row in items[:_DONORS] if row.keys() == base.keys()]
    mixed = {
        name: donors[scene.pick(f"{name}:{number}", len(donors))].get(name) if donors else value
        for name, value in base.items()
    }
    holds = part_validator(found.item, scene.tool.output_schema or {}).holds
    return next((one for record in (mixed, base) if holds(one := {**record, entity.key: key})), None)


def _fresh_key(entity: str, items: list[Row], scene: Scene, number: int) -> Any:
    pattern = id_pattern(scene.world, entity)
    field = scene.world.entities[entity].key
    taken = {key_text(item.get(field)) for item in items}
    attempt = 0
    while True:
        n = _FAR + scene.pick(f"key:{number}:{attempt}", 90_000)
        key = pattern.mint(n, scene.occasion.seed, entity)
        if key_text(key) not in taken and not scene.view.exists(entity, key_text(key)):
            return key
        attempt += 1
