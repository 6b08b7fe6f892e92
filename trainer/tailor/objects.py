"""JSON objects that are known, of events, anchors and rows: a value is known where it stands beside the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from mcp_sim.fidelity import NOT_JSON, parsed
from schemas.canonical import canonical
from schemas.rows import key_text
from schemas.types import Row, World
from trainer.record import Record
from trainer.tailor.anchors import Anchor
from trainer.tailor.events import Event
from trainer.tailor.ground import Ground

Pairs = dict[str, bytes]
"""The fields of an object, each value as canonical JSON."""
_ANY = b""
"""In place of a value: any one."""
_INNER = 3
"""Depth of JSON in texts of JSON that is looked into."""


class Known:
    """The objects that a record may speak of: those of some events, and those of the anchors that it names.

    Rows are known as they were before and after every change in evidence; `is_after`: only after the last one.
    """

    def __init__(self, record: Record, ground: Ground, events: Iterable[Event], *, is_after: bool = False) -> None:
        self._world = ground.world
        self._objects = [_of_tools(ground.world), *map(_of_event, events)]
        deltas = sorted(
            (anchor for name in record.evidence if (anchor := ground.anchors[name]).kind == "delta"),
            key=lambda anchor: anchor.evidence[-1] == record.sources[0],  # the call itself comes last
        )
        self._rows = _versions(ground.world, deltas)
        own = [pairs for anchor in deltas for pairs in _of_delta(ground.world, anchor)]
        rows = [pairs for versions in self._rows.values() for pairs in (versions[-1:] if is_after else versions)]
        self._objects.append(Index([*own, *rows]))

    def has(self, value: Any) -> bool:
        """Whether a JSON value is known: every object has its plain fields from one known object."""
        match value:
            case dict():
                inner = {name: part for name, part in value.items() if isinstance(part, dict | list)}
                plain = pairs_of({name: part for name, part in value.items() if name not in inner})
                return self._has_object(value) or (
                    any(known.holds(plain, inner) for known in self._objects) and all(map(self.has, inner.values()))
                )
            case list():
                return all(isinstance(part, dict | list) and self.has(part) for part in value)
        return False

    def row(self, entity: str, key: str) -> Pairs | None:
        """A row as it is after all that is in evidence; None if it is gone, or was never there."""
        versions = self._rows.get((entity, key)) or [_seed(self._world).get((entity, key), {})]
        return versions[-1] or None

    def _has_object(self, value: Mapping[str, Any]) -> bool:
        pairs = pairs_of(value)
        return not pairs or any(known.holds(pairs) for known in self._objects) or self._is_seed_row(value, pairs)

    def _is_seed_row(self, value: Mapping[str, Any], pairs: Pairs) -> bool:
        """Whether this is an initial row that nothing in evidence has changed."""
        for name, entity in self._world.entities.items():
            at = name, key_text(value.get(entity.key))
            if entity.key in value and at not in self._rows and is_part(pairs, _seed(self._world).get(at, {})):
                return True
        return False


class Index:
    """Objects that are looked up by what they hold."""

    def __init__(self, objects: Iterable[Pairs]) -> None:
        self._by_pair: dict[tuple[str, bytes], list[Pairs]] = {}
        for pairs in objects:
            for name, value in pairs.items():
                self._by_pair.setdefault((name, value), []).append(pairs)
                self._by_pair.setdefault((name, _ANY), []).append(pairs)

    def holds(self, pairs: Pairs, names: Iterable[str] = ()) -> bool:
        """Whether one object has all of these fields, and fields of these names."""
        wanted = set(names)
        found = [self._by_pair.get(pair, ()) for pair in (*pairs.items(), *((name, _ANY) for name in wanted))]
        return any(is_part(pairs, one) and wanted <= one.keys() for one in min(found, key=len, default=()))


def pairs_of(value: Mapping[str, Any]) -> Pairs:
    """The fields of an object, to be compared."""
    return {name: canonical(part) for name, part in value.items()}


def is_part(pairs: Pairs, whole: Pairs) -> bool:
    """Whether an object has all of these fields."""
    return pairs.items() <= whole.items()


@lru_cache(maxsize=512)
def _of_event(event: Event) -> Index:
    call = event.call
    answer = call.structured if call.structured is not None else parsed(call.text)
    told = {"error": call.text} if call.is_error else call.text
    own: list[Any] = [
        {"name": call.tool, "arguments": call.arguments},
        {"observation": told, "changes": []},
        {"observation": answer, "changes": []} if answer is not NOT_JSON else {},
    ]
    return Index(map(pairs_of, _objects([own, call.arguments], 0)))


def _objects(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value, also in texts that hold JSON."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _objects(part, depth)
    elif isinstance(value, list):
        for part in value:
            yield from _objects(part, depth)
    elif isinstance(value, str) and value[:1] in ("{", "[") and depth < _INNER:
        inner = parsed(value)
        if inner is not NOT_JSON:
            yield from _objects(inner, depth + 1)


@lru_cache(maxsize=16)
def _of_tools(world: World) -> Index:
    tools: list[dict[str, Any]] = [
        {
            "name": tool.name,
            "description": tool.description,
            "input_schema": tool.input_schema,
            "output_schema": tool.output_schema,
        }
        for tool in world.tools.values()
    ]
    for name, entity in world.entities.items():
        references = {path: reference.to for path, reference in entity.references.items()}
        tools.append({"key": entity.key, "references": references, "schema": entity.row})
        tools += [{"op": op, "entity": name, "row": {}} for op in ("create", "update", "delete")]
    shown = [orjson.loads(canonical([one.arguments, one.observation])) for one in world.demonstrations]
    return Index(map(pairs_of, (*tools, *_objects(shown, 0))))


@lru_cache(maxsize=16)
def _seed(world: World) -> dict[tuple[str, str], Pairs]:
    return {
        (name, key_text(row[entity.key])): pairs_of({**entity.blank, **row})
        for name, entity in world.entities.items()
        for row in world.rows.get(name, ())
    }


def _versions(world: World, deltas: Iterable[Anchor]) -> dict[tuple[str, str], list[Pairs]]:
    """The rows that deltas speak of, as they were before and after each; empty where a row is gone."""
    found: dict[tuple[str, str], list[Pairs]] = {}
    for anchor in deltas:
        entity, key = place(anchor)
        versions = found.setdefault((entity, key), [_seed(world).get((entity, key), {})])
        after = {name: canonical(values[1]) for name, values in anchor.value["fields"].items()}
        before = versions[-1] or pairs_of(_named(world, entity, key))
        versions.append({} if anchor.value["op"] == "delete" else {**before, **after})
    return found


def _of_delta(world: World, anchor: Anchor) -> Iterator[Pairs]:
    entity, key = place(anchor)
    values: Row = {name: values[1] for name, values in anchor.value["fields"].items()}
    yield pairs_of({**values, **_named(world, entity, key)})
    yield pairs_of({**values, world.entities[entity].key: key})


def _named(world: World, entity: str, key: str) -> Row:
    """A row of which only the key is known."""
    declared = world.entities[entity]
    is_whole = key.isdigit() and declared.properties.get(declared.key, {}).get("type") == "integer"
    return {declared.key: int(key) if is_whole else key}


def place(anchor: Anchor) -> tuple[str, str]:
    """The entity and the key of the row that an anchor speaks of."""
    _, _, entity, key = anchor.pointer.split("/", 3)
    return entity, key
