"""Which operations are about the same kind of thing, what a row of it looks like, and what identifies it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.openapi.operations import Operation
from mcp_sim.learn.openapi.schemas import Schemas
from mcp_sim.learn.openapi.words import entity_name, singular_words, words

_KEYS = ("id", "uuid", "guid", "uid", "key", "slug", "handle", "login", "code", "name")
_LISTS = ("data", "items", "results", "values", "entries", "records", "list", "content")
_ONES = ("data", "result", "item", "attributes")
_NOISE = {
    "response", "resource", "dto", "model", "out", "output", "read", "result", "schema", "object", "full", "details",
    "data", "attributes", "payload", "info",
}  # fmt: skip


_VERBS = {"get", "list", "create", "update", "delete", "full", "partial", "single", "the"}


@dataclass(slots=True)
class Shape:
    """Where the rows stand in an answer: the names that lead to them, and whether there are many."""

    path: tuple[str, ...]
    many: bool
    row: Any


@dataclass(slots=True)
class Resource:
    """One kind of thing.

    Attributes:
        name: of its entity.
        component: the schema component of its rows, if it has a name.
        row: the schema of a row.
        key: the field that identifies a row; `kind` its JSON type.
        collections: the paths of its collections, with `{}` for parameters; the first is the shortest.
        roles: what operations do to it, by tool: create, read, list, update or delete.
        adopted: the roles of operations that only their answer shows to be about it.
        shapes: where the rows stand in the answers, by tool.
        references: the fields of its rows that hold keys of others, and whose.
        confidence: that it is one.
        why: the evidence for that.
    """

    name: str
    component: str | None
    row: Any
    key: str = ""
    kind: str = "string"
    collections: list[str] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    adopted: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    confidence: float = 0.9
    why: list[str] = field(default_factory=list)

    @property
    def words(self) -> tuple[str, ...]:
        """The words of its name."""
        return tuple(self.name.split("_"))


def resources(operations: list[Operation], schemas: Schemas) -> list[Resource]:
    """The kinds of things that the operations are about; those with no rows or no key are left out."""
    by_path: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        by_path[_shape(operation.path)].append(operation)
    found: list[Resource] = []
    known: dict[str, Resource] = {}
    for item in sorted((path for path in by_path if path.endswith("/{}")), key=lambda path: (path.count("/"), path)):
        collection = item.removesuffix("/{}")
        drafted = _drafted(collection, by_path.get(item, []), by_path.get(collection, []), schemas)
        if drafted is None:
            continue
        same = known.get(drafted.component) if drafted.component else None
        if same is not None and same.key == drafted.key:
            same.collections += drafted.collections
            same.roles |= drafted.roles
            same.shapes |= drafted.shapes
            continue
        found.append(drafted)
        if drafted.component:
            known[drafted.component] = drafted
    _adopt(operations, found, schemas)
    return _named(found)


def _adopt(operations: list[Operation], found: list[Resource], schemas: Schemas) -> None:
    """Give a role to the other operations that answer with rows of these: by what they answer with alone."""
    taken = {tool for resource in found for tool in resource.roles}
    components = {resource.component: resource for resource in found if resource.component}
    for operation in operations:
        if operation.tool in taken:
            continue
        segment = next((part for part in reversed(operation.path.split("/")) if part and part[0] != "{"), "")
        shape = _rows(operation.answer, operation.method == "GET", singular_words(segment), words(segment), schemas)
        component = schemas.name(shape.row) if shape is not None else None
        resource = components.get(component) if component else None
        if shape is None or resource is None:
            continue
        acts_on_one = any(
            re.fullmatch(re.escape(f"{collection}/{{}}") + r"/[^/{}]+", _shape(operation.path))
            for collection in resource.collections
        )
        if operation.method == "GET" and shape.many:
            resource.adopted[operation.tool] = "list"
        elif operation.method in ("POST", "PUT", "PATCH") and not shape.many and acts_on_one:
            resource.adopted[operation.tool] = "update"
        elif operation.method == "POST" and not shape.many and operation.status == 201:
            resource.adopted[operation.tool] = "create"
        else:
            continue
        resource.shapes[operation.tool] = shape


def _shape(path: str) -> str:
    return re.sub(r"{[^{}]*}", "{}", path.rstrip("/")) or "/"


def _drafted(
    collection: str, at_item: list[Operation], at_collection: list[Operation], schemas: Schemas
) -> Resource | None:
    segment = collection.rsplit("/", 1)[1]
    if not segment or segment == "{}" or not at_item:
        return None
    singular = singular_words(segment)
    shapes: dict[str, Shape] = {}
    for operation in (*at_item, *at_collection):
        want_many = operation.method == "GET" and operation in at_collection
        shape = _rows(operation.answer, want_many, singular, words(segment), schemas)
        if shape is not None:
            shapes[operation.tool] = shape
    roles = _roles(at_item, at_collection)
    order = ("read", "create", "list", "update")
    row_of = next((tool for role in order for tool, played in roles.items() if played == role and tool in shapes), None)
    if row_of is None:
        return None
    row = _main(shapes[row_of].row, singular, schemas)
    component = schemas.name(row)
    parameter = at_item[0].parameters[-1]
    key = _key(parameter, singular, row, schemas)
    if key is None:
        return None
    shapes = {tool: shape for tool, shape in shapes.items() if _same_row(shape.row, row, key, schemas)}
    kinds = schemas.types(schemas.fields(row)[0][key])
    return Resource(
        name=entity_name(_name(component, singular)),
        component=component,
        row=row,
        key=key,
        kind="integer" if kinds == {"integer"} else "string",
        collections=[collection],
        roles=roles,
        shapes=shapes,
        confidence=0.95 if component else 0.85,
        why=[f"{collection}/{{{parameter}}} names one of {collection}", f"'{key}' of its rows identifies it"],
    )


def _roles(at_item: list[Operation], at_collection: list[Operation]) -> dict[str, str]:
    roles: dict[str, str] = {}
    plain = {"GET": "read", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
    updates = any(operation.method in ("PUT", "PATCH") for operation in at_item)
    for operation in at_item:
        role = plain.get(operation.method) or ("" if updates else "update")
        if role:
            roles[operation.tool] = role
    for operation in at_collection:
        role = {"GET": "list", "POST": "create"}.get(operation.method, "")
        if role:
            roles[operation.tool] = role
    return roles


def _rows(
    answer: Any, want_many: bool, one: tuple[str, ...], several: tuple[str, ...], schemas: Schemas
) -> Shape | None:
    """Where the rows stand in an answer: itself, or inside an envelope."""
    if answer is None:
        return None
    item = schemas.item(answer)
    if item is not None:
        return Shape((), True, item) if want_many and schemas.fields(item)[0] else None
    properties, _ = schemas.fields(answer)
    if not properties:
        return None
    if want_many:
        lists = {name: item for name, part in properties.items() if (item := _objects(part, schemas)) is not None}
        named = [name for name in lists if name in _LISTS or words(name) == several or singular_words(name) == one]
        chosen = named[0] if named else next(iter(lists)) if len(lists) == 1 else None
        return None if chosen is None else Shape((chosen,), True, lists[chosen])
    if any(name in properties for name in _KEYS[:4]):
        return Shape((), False, answer)
    inside = [name for name in properties if name in _ONES or words(name) == one]
    inside = [name for name in inside if schemas.fields(properties[name])[0] and schemas.item(properties[name]) is None]
    if inside:
        return Shape((inside[0],), False, properties[inside[0]])
    only = [name for name in properties if name in _LISTS or words(name) == several]
    if only and (item := _objects(properties[only[0]], schemas)) is not None:
        return Shape((only[0],), True, item)  # one row, in a list
    return Shape((), False, answer)


def _objects(part: Any, schemas: Schemas) -> Any:
    item = schemas.item(part)
    return item if item is not None and schemas.fields(item)[0] else None


def _key(parameter: str, singular: tuple[str, ...], row: Any, schemas: Schemas) -> str | None:
    """The field of a row that the parameter of its path holds."""
    properties, _ = schemas.fields(row)
    by_words = {words(name): name for name in reversed(list(properties))}
    named = words(parameter)
    rest = named[len(singular) :] if named[: len(singular)] == singular else ()
    wanted = [named, rest, ("id",), (*named, "id"), *((*singular, last) for last in _KEYS)]
    candidates = [by_words[one] for one in wanted if one in by_words]
    candidates += [name for name in _KEYS if name in properties]
    return next((name for name in candidates if _identifies(properties[name], schemas)), None)


def _identifies(part: Any, schemas: Schemas) -> bool:
    return schemas.types(part) in ({"string"}, {"integer"}) and not schemas.resolved(part).get("enum")


def _main(row: Any, singular: tuple[str, ...], schemas: Schemas) -> Any:
    """The alternative that is the thing itself, where a row may also be what is left of it."""
    named = [one for one in schemas.branches(row) if schemas.name(one)]
    if schemas.name(row) or not named:
        return row
    own = [one for one in named if _trimmed(str(schemas.name(one)))[-len(singular) :] == singular]
    return max(own or named, key=lambda one: len(schemas.fields(one)[0]))


def _same_row(one: Any, other: Any, key: str, schemas: Schemas) -> bool:
    """Whether two schemas describe the same rows: one component, or mostly the same fields."""
    left, right = schemas.name(one), schemas.name(other)
    if left is not None and left == right:
        return True
    ours, theirs = set(schemas.fields(one)[0]), set(schemas.fields(other)[0])
    return key in ours and key in theirs and 2 * len(ours & theirs) >= min(len(ours), len(theirs))


def _trimmed(component: str) -> tuple[str, ...]:
    """The words of a component's name without those that say nothing of the thing."""
    found = list(singular_words(component))
    while len(found) > 1 and found[-1] in _NOISE:
        found.pop()
        found[-1:] = singular_words(found[-1])
    return tuple(found)


def _name(component: str | None, singular: tuple[str, ...]) -> tuple[str, ...]:
    """The words of the component, without what stands behind the name that the path gives."""
    found = list(_trimmed(component)) if component else list(singular)
    for end in range(len(found), len(singular) - 1, -1):
        if tuple(found[end - len(singular) : end]) == singular:
            found = found[:end]
    while len(found) > len(singular) and found[0] in _VERBS:
        found.pop(0)
    return tuple(found) or singular


def _named(found: list[Resource]) -> list[Resource]:
    """The same, each under a name of its own: the path above it tells two of one name apart."""
    taken: set[str] = set()
    for resource in found:
        if resource.name in taken:
            above = [part for part in resource.collections[0].split("/")[:-1] if part not in ("", "{}")]
            parts = list(resource.words)
            for part in reversed(above):
                parts = [*singular_words(part), *parts]
                if entity_name(tuple(parts)) not in taken:
                    break
            resource.name = entity_name(tuple(parts))
        while resource.name in taken:
            resource.name = f"{resource.name[:60]}_2"
        taken.add(resource.name)
    return found
