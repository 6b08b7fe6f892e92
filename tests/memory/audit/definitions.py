"""What must hold in a world, read out of its definition."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.memory.audit.equality import plain, text
from tests.memory.raw import Raw

At = tuple[str, str]
Body = dict[str, Any]


@dataclass(frozen=True)
class Definition:
    """One kind of row."""

    key: str
    references: tuple[tuple[str, str], ...]
    unique: tuple[tuple[str, ...], ...]
    immutable: tuple[str, ...]

    def targets(self, body: Body) -> Iterator[At]:
        """What a row refers to."""
        for path, to in self.references:
            for value in values(body, path.split(".")):
                yield to, text(value)

    def unique_values(self, body: Body) -> Iterator[tuple[Any, ...]]:
        """The unique values that a row holds."""
        for group in self.unique:
            held = [body.get(name) for name in group]
            if None not in held:
                yield group, *map(plain, held)


@dataclass(frozen=True)
class Definitions:
    """One world."""

    id: int
    entities: dict[str, Definition]


def definitions(raw: Raw) -> Iterator[Definitions]:
    """Every world of a database."""
    for number, body in raw.run("SELECT id, body FROM world ORDER BY id"):
        entities = {}
        for pack in json.loads(body)["packs"]:
            for name, entity in pack["entities"].items():
                references = tuple((path, reference["to"]) for path, reference in entity["references"].items())
                unique = tuple(map(tuple, entity["unique"]))
                entities[name] = Definition(entity["key"], references, unique, tuple(entity["immutable"]))
        yield Definitions(number, entities)


def values(value: Any, names: list[str]) -> Iterator[Any]:
    """Every value at a path that is not null."""
    if isinstance(value, list):
        for item in value:
            yield from values(item, names)
    elif names and isinstance(value, dict):
        yield from values(value.get(names[0]), names[1:])
    elif not names and value is not None:
        yield value
