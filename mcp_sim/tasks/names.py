"""What rows are called in an instruction: by their id, or so that they can be found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations
from random import Random
from typing import Any

from mcp_sim.tasks.outcome import At
from schemas.contracts.task import Truth
from schemas.rows import key_text
from schemas.types import Entity, Row, World
from store.ground_truth import Rows, how_many

_BY_NAME = ("name", "title", "subject", "label", "email", "sku", "slug", "code", "tracking_code")
_LONGEST = 70
_TOKEN = re.compile(r"[\w.:+@/-]+")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")


class Names:
    """Names rows, each the same every time.

    Args:
        world: whose rows.
        places: the rows at the start, by entity and key.
        ask: what SQL says of the rows at the start.
        chance: decides which rows are told by id.
        hide: how often a row is not told by its id.
    """

    def __init__(
        self, world: World, places: dict[At, Row], ask: Callable[[str], Rows], chance: Random, hide: float
    ) -> None:
        self.truth: list[Truth] = []
        self._world = world
        self._ask = ask
        self._chance = chance
        self._hide = hide
        self._told: dict[tuple[str, str], str] = {}
        self._rows = places

    def of(self, entity: str, key: str, *, may_hide: bool = True) -> str:
        """A row that is there at the start, named so that no other is meant."""
        at = (entity, key)
        if at not in self._told:
            found = self._description(entity, key) if may_hide and self._chance.random() < self._hide else None
            self._told[at] = found or f"{word(entity)} {key}"
        return self._told[at]

    def fact(self, entity: str, field: str, value: Any, *, may_hide: bool = True) -> str:
        """What a field holds, in words; ids as the rows that they are of."""
        definition = self._world.entities[entity]
        name = field_word(definition, field)
        if value is None or value == []:
            return f"no {name}"
        reference = definition.references.get(field)
        if reference is None or isinstance(value, dict):
            return f"{name} is {said(value)}"
        held = [self._referred(reference.to, one, name, may_hide=may_hide) for one in _several(value)]
        return f"{name} is {held[0]}" if len(held) == 1 else f"{name} are {' and '.join(held)}"

    def field(self, entity: str, field: str) -> str:
        """What a field is called."""
        return field_word(self._world.entities[entity], field)

    def _referred(self, entity: str, value: Any, field: str, *, may_hide: bool) -> str:
        """The row that a field refers to; what the name of the field says already is not said again."""
        key = key_text(value)
        named = self.of(entity, key, may_hide=may_hide) if (entity, key) in self._rows else f"{word(entity)} {key}"
        is_same = field.removesuffix("s") == word(entity)
        if is_same and named.startswith("the "):
            return named.replace(f"the {word(entity)}", "the one", 1)
        return named.removeprefix(f"{word(entity)} ") if is_same else named

    def _description(self, entity: str, key: str) -> str | None:
        """What only this row holds."""
        row = self._rows[entity, key]
        match = unique_match(self._world, entity, row)
        if match is None:
            return None
        sql = how_many(entity, match)
        rows = self._ask(sql)
        if rows != [[1]]:
            return None
        self.truth.append(Truth(sql=sql, rows=tuple(map(tuple, rows)), at="start"))
        said_of = [
            f"{self.field(entity, name)} is {self._shortly(entity, name, value)}" for name, value in match.items()
        ]
        return f"the {word(entity)} whose {' and '.join(said_of)}"

    def _shortly(self, entity: str, field: str, value: Any) -> str:
        """A reference inside a description: by the name of the other row if it has one of its own, else by id."""
        reference = self._world.entities[entity].references.get(field)
        if reference is None:
            return said(value)
        other = self._rows[reference.to, key_text(value)]
        match = unique_match(self._world, reference.to, other, names_only=True)
        return f"{word(reference.to)} {said(next(iter(match.values())) if match else value)}"


def unique_match(world: World, entity: str, row: Row, *, names_only: bool = False) -> dict[str, Any] | None:
    """As few fields as tell a row from the others of its entity at the start; None if few do not."""
    definition = world.entities[entity]
    rows = world.rows.get(entity, ())
    names = [name for name in _candidates(definition, row) if not names_only or name in _BY_NAME]
    for size in (1, 2):
        for chosen in combinations(names, size):
            wanted = tuple(key_text(row[name]) for name in chosen)
            held = Counter(tuple(key_text(other.get(name)) for name in chosen) for other in rows)
            if held[wanted] == 1:
                return {name: row[name] for name in chosen}
        if names_only:
            break
    return None


def _candidates(definition: Entity, row: Row) -> Iterator[str]:
    """Fields that can tell a row from others, those that people know it by first."""
    told = [name for name in _BY_NAME if name != definition.key and _can_tell(row, name)]
    others = [
        name for name in definition.properties if name not in told and name != definition.key and _can_tell(row, name)
    ]
    yield from told
    yield from others


def _can_tell(row: Row, name: str) -> bool:
    value = row.get(name)
    if isinstance(value, bool | float) or not isinstance(value, str | int):
        return False
    return not isinstance(value, str) or (0 < len(value) <= _LONGEST and not _MOMENT.match(value) and "\n" not in value)


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def word(name: str) -> str:
    """An entity or a field in words."""
    return name.replace("_", " ")


def field_word(definition: Entity, field: str) -> str:
    """A field in words; of a reference, what it refers to."""
    if field in definition.references:
        field = f"{field.removesuffix('_ids')}s" if field.endswith("_ids") else field.removesuffix("_id")
    return word(field)


def plural(name: str) -> str:
    """Several of an entity, in words."""
    one = word(name)
    if re.search(r"[^aeiou]y$", one):
        return f"{one[:-1]}ies"
    return f"{one}es" if re.search(r"(s|x|z|ch|sh)$", one) else f"{one}s"


def said(value: Any) -> str:
    """A value as a sentence has it."""
    if value is None:
        return "empty"
    if isinstance(value, str):
        return value if _TOKEN.fullmatch(value) else f'"{value}"'
    if isinstance(value, list):
        return ", ".join(map(said, value)) or "empty"
    if isinstance(value, dict):
        return "(" + ", ".join(f"{word(name)} {said(part)}" for name, part in value.items()) + ")"
    return key_text(value)
