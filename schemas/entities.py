"""What a schema cannot say about an entity: names that exist, keys and references that the database can guard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from schemas.document import Finding
from schemas.rows import id_error, schema_at
from schemas.types import ENTITY_NAME, Entity, Pack, Reference
from schemas.validate import SchemaError, nearest, part_validator, validator


def check_entity(pack: Pack, name: str, entity: Entity) -> Iterator[Finding]:
    """Every error of one entity."""
    at = ("entities", name)
    if not re.match(ENTITY_NAME, name):
        yield Finding(at, f"'{name}' is not an entity name: lower-case letters, digits and _, a letter first")
    try:
        validator(entity.row)
    except SchemaError as error:
        yield Finding((*at, "schema"), f"not a JSON Schema: {error}")
        return
    properties = entity.properties
    for field in properties:
        if not field.isprintable() or field[:1] in "!=?" or set(field) & set('"\\.'):
            message = "a field name holds no quote, backslash, dot or control character, and begins with none of !=?"
            yield Finding((*at, "schema", "properties", field), message)
    for message in _key_errors(name, entity):
        yield Finding((*at, "key"), message)
    if wrong_id := id_error(name, entity):
        yield Finding((*at, "id"), wrong_id)
    for path, reference in entity.references.items():
        here = (*at, "references", path)
        if reference.to not in pack.entities:
            yield Finding(here, f"refers to '{reference.to}', which is no entity{nearest(reference.to, pack.entities)}")
        for message in _reference_errors(entity, path, reference):
            yield Finding(here, message)
    for index, group in enumerate(entity.unique):
        if not group:
            yield Finding((*at, "unique", index), "a group names at least one field")
        for field in group:
            if field not in properties:
                yield Finding((*at, "unique", index), f"'{field}' is not a property{nearest(field, properties)}")
            elif _holds_more(properties[field], entity):
                yield Finding((*at, "unique", index), f"'{field}' is unique, so say its type: text, number or boolean")
    for field in entity.immutable:
        if field not in properties:
            yield Finding((*at, "immutable"), f"'{field}' is not a property{nearest(field, properties)}")


def _key_errors(name: str, entity: Entity) -> Iterator[str]:
    if entity.key not in entity.properties:
        yield f"the key '{entity.key}' is not a property{nearest(entity.key, entity.properties)}"
    elif not _is_scalar(entity.properties[entity.key], entity):
        yield f"'{entity.key}' identifies a {name}: say `type: string` or `type: integer`"


def _reference_errors(entity: Entity, path: str, reference: Reference) -> Iterator[str]:
    target = schema_at(entity.row, path)
    if target is None:
        yield f"'{path}' is not a property{nearest(path, entity.properties)}"
        return
    if not _is_scalar(target, entity):
        yield f"'{path}' holds keys: say `type: string` or `type: integer`, in a list under `items`"
    if _lists(entity.row, path) > 1:
        yield f"'{path}' leads through more than one list of objects; make the inner objects an entity"
    if reference.on_delete == "set-null":
        first = path.partition(".")[0]
        if first in (entity.key, *entity.immutable):
            yield f"set-null cannot change '{first}', which is immutable: take restrict or cascade"
        if not _is_list(entity, path) and not part_validator(target, entity.row).holds(None):
            yield f"set-null needs '{path}' to allow null: type: [string, \"null\"]"


def _is_scalar(part: Any, entity: Entity) -> bool:
    allowed = part_validator(part, entity.row)
    return not (_holds_more(part, entity) or allowed.holds(True) or allowed.holds(0.5))


def _holds_more(part: Any, entity: Entity) -> bool:
    """Whether a value may be a list or an object."""
    allowed = part_validator(part, entity.row)
    return allowed.holds([]) or allowed.holds({})


def _lists(schema: Any, path: str) -> int:
    """How many lists stand before the last part of a path, and lists of lists anywhere in it."""
    found = 0
    parts = path.split(".")
    for index, part in enumerate(parts):
        schema = schema["properties"][part]
        depth = 0
        while isinstance(schema.get("items"), dict):
            schema, depth = schema["items"], depth + 1
        found += depth if index < len(parts) - 1 else max(0, depth - 1) * 2
    return found


def _is_list(entity: Entity, path: str) -> bool:
    parent, _, last = path.rpartition(".")
    schema: Any = schema_at(entity.row, parent) if parent else entity.row
    return "items" in schema["properties"][last]
