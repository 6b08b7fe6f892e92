"""Which values of an instance are ids: the positions that a JSON Schema marks with `x-entity`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

MARK = "x-entity"
"""On a key: the entity that it is a key of."""

ROW_MARK = "x-row"
"""On an object: the entity that it is a whole row of."""

Known = Callable[[Any], bool]


class Marks(Protocol):
    """Finds the marked values of an instance of one schema."""

    def __call__(self, value: Any, pointer: str = "", known: Known | None = None) -> Iterator[tuple[str, str, Any]]:
        """(entity, JSON Pointer, value) for every marked value; rows that are `known` as a whole are passed over."""
        ...


def marks(schema: Any) -> Marks | None:
    """What finds the marked values of instances of a schema; None if there can be none."""
    return _Finder(schema).of(schema)


class _Finder:
    """Builds the functions for one schema and the definitions that it refers to."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._followed: dict[str, Marks | None] = {}

    def of(self, schema: Any, through: tuple[str, ...] = ()) -> Marks | None:
        """What finds the marked values of this part of the schema, which was reached `through` references."""
        if not isinstance(schema, dict):
            return None
        entity = schema.get(MARK)
        is_row = ROW_MARK in schema
        properties = _mapping(schema, "properties")
        fields = {name: found for name, part in properties.items() if (found := self.of(part))}
        first = [self.of(part) for part in schema.get("prefixItems", ())]
        items = self.of(schema.get("items"))
        others = self.of(schema.get("additionalProperties"))
        parts = [part for word in ("anyOf", "oneOf", "allOf") for part in schema.get(word, ())]
        same_value = (self._definition(schema.get("$ref"), through), *(self.of(part, through) for part in parts))
        branches = [found for found in same_value if found]
        if not (entity or fields or any(first) or items or others or branches):
            return None

        def find(value: Any, pointer: str = "", known: Known | None = None) -> Iterator[tuple[str, str, Any]]:
            if is_row and known is not None and known(value):
                return
            if isinstance(value, dict):
                for name, part in value.items():
                    field = fields.get(name) if name in properties else others
                    if field is not None:
                        yield from field(part, f"{pointer}/{name}", known)
            elif isinstance(value, list):
                for index, part in enumerate(value if items else value[: len(first)]):
                    item = first[index] if index < len(first) else items
                    if item is not None:
                        yield from item(part, f"{pointer}/{index}", known)
            elif entity and value is not None:
                yield str(entity), pointer, value
            for branch in branches:
                yield from branch(value, pointer, known)

        return find

    def _definition(self, reference: Any, through: tuple[str, ...]) -> Marks | None:
        if not isinstance(reference, str) or not reference.startswith("#") or reference in through:
            return None
        if reference in self._followed:
            return self._followed[reference]

        def later(value: Any, pointer: str = "", known: Known | None = None) -> Iterator[tuple[str, str, Any]]:
            found = self._followed[reference]
            if found is not None:
                yield from found(value, pointer, known)

        self._followed[reference] = later  # for a definition that refers to itself
        self._followed[reference] = self.of(at_pointer(self._root, reference[1:]), (*through, reference))
        return self._followed[reference]


def unmarked(schema: Any) -> Any:
    """The schema without the marks that the simulation alone reads; a property may well have such a name."""
    if isinstance(schema, list):
        return [unmarked(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    ours = (MARK, ROW_MARK)
    return {word: unmarked(part) for word, part in schema.items() if not (word in ours and isinstance(part, str))}


def at_pointer(value: Any, pointer: str) -> Any:
    """The part of a JSON value at a JSON Pointer, or None."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            value = value.get(name) if isinstance(value, dict) else None
    return value


def _mapping(schema: dict[str, Any], word: str) -> dict[str, Any]:
    value = schema.get(word)
    return value if isinstance(value, dict) else {}
