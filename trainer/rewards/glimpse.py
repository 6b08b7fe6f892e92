"""The part of a world that a question shows, as a view of it: enough for the rules of `store.integrity`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mcp_sim.worldmodel.shown import Shown
from schemas.rows import is_key, key_text, values_at
from schemas.types import Completion, Row, Step, World
from store.matching import matches

_COUNTED = re.compile(r"(.*?[A-Za-z].*?[-_#/])(\d+)")
_ANY: dict[str, Any] = {"type": "object"}


class Glimpse:
    """A `View` of the rows that are shown. Rows that are not shown exist if somebody `knows` their key.

    What depends on rows out of sight is not found: a unique field that a hidden row has, a reference from one.
    """

    seed = 0

    def __init__(self, world: World, shown: Shown, knows: Callable[[str], bool], n: int = 1) -> None:
        self.n = n
        self.now = shown.now
        self._world = world
        self._knows = knows
        self._rows: dict[str, dict[str, Row]] = {name: {} for name in world.entities}
        self._minted = 0
        for entity, row in shown.rows:
            key = row.get(world.entities[entity].key)
            if is_key(key):
                self._rows[entity].setdefault(key_text(key), row)

    def get(self, entity: str, key: str) -> Row | None:
        """The row, if it is shown."""
        return self._rows.get(entity, {}).get(key)

    def exists(self, entity: str, key: str) -> bool:
        """Whether the row is shown, or its key is known from somewhere."""
        return key in self._rows.get(entity, {}) or self._knows(key)

    def vouches_for(self, value: Any) -> bool:  # noqa: ARG002 - of the protocol
        """Nothing: an answer is never a row that was handed out."""
        return False

    def query(self, entity: str, match: dict[str, Any] | None = None) -> list[Row]:
        """The shown rows that match, in key order."""
        return [row for _, row in sorted(self._rows.get(entity, {}).items()) if matches(row, match)]

    def stream(self, entity: str, match: dict[str, Any] | None = None, after: Any = None) -> Iterator[Row]:  # noqa: ARG002 - of the protocol
        """The same, one by one; `after` is not needed here."""
        return iter(self.query(entity, match))

    def count(self, entity: str, match: dict[str, Any] | None = None) -> int:
        """How many shown rows match."""
        return len(self.query(entity, match))

    def referrers(self, entity: str, key: str) -> list[tuple[str, str, Row]]:
        """The shown rows that refer to one."""
        return [
            (name, path, row)
            for name, definition in self._world.entities.items()
            for path, reference in definition.references.items()
            if reference.to == entity
            for row in self._rows[name].values()
            if any(key_text(value) == key for _, value in values_at(row, path))
        ]

    def new_id(self, entity: str) -> Any:
        """A key that nobody else would choose, of the type that the entity's keys have."""
        self._minted += 1
        definition = self._world.entities[entity]
        declared = definition.properties.get(definition.key)
        kinds = declared.get("type") if isinstance(declared, dict) else None
        is_number = kinds == "integer" or (isinstance(kinds, list) and "string" not in kinds)
        return 2**52 + self._minted if is_number else f"minted {self._minted}"

    def random(self, purpose: str) -> int:
        """Always the same."""
        return len(purpose)

    def recent(self, limit: int, tool: str | None = None) -> list[Step]:  # noqa: ARG002 - of the protocol
        """None: earlier turns are texts here."""
        return []

    def recall(self, prompt: str) -> Completion | None:  # noqa: ARG002 - of the protocol
        """Nothing."""
        return None

    def take_back_ids(self) -> None:
        """Mint the same ones again."""
        self._minted = 0

    @property
    def rows(self) -> Iterable[tuple[str, str, Row]]:
        """Every shown row, with its entity and key."""
        return ((entity, key, row) for entity, found in self._rows.items() for key, row in found.items())


def world_of(shown: Shown, named: Iterable[tuple[str, str]]) -> World:
    """The entities and the tool that a question shows, as a world.

    Args:
        shown: the question.
        named: (entity, key) of rows that are in view, as far as the record says so; it tells which field is the key.
    """
    keys: dict[str, set[str]] = {}
    for entity, key in named:
        keys.setdefault(entity, set()).add(key)
    rows: dict[str, list[Row]] = {}
    for entity, row in shown.rows:
        rows.setdefault(entity, []).append(row)
    entities = {}
    for name in dict.fromkeys((*shown.kinds, *rows)):
        kind = shown.kinds.get(name)
        found = rows.get(name, [])
        if kind is None:
            field = _key(found, keys.get(name, set()))
            if field is None:
                continue
            number = {"type": "integer"} if isinstance(found[0][field], int) else {}
            kind = {"key": field, "references": {}, "schema": {**_ANY, "properties": {field: number}}}
        pattern = _pattern([key_text(row[kind["key"]]) for row in found if is_key(row.get(kind["key"]))])
        references = {path: {"to": to} for path, to in kind["references"].items()}
        entities[name] = {**kind, "references": references, **({} if pattern is None else {"id": pattern})}
    tool = shown.tool
    tools = {} if not tool.get("name") else {tool["name"]: tool}
    return World.model_validate(
        {"name": "glimpse", "packs": [{"name": "glimpse", "entities": entities, "tools": tools}]}
    )


def _key(rows: list[Row], known: set[str]) -> str | None:
    """The field that identifies rows: of those that differ in every row, the first that holds the `known` keys."""
    fields = [
        name
        for name in rows[0]
        if all(is_key(row.get(name)) for row in rows) and len({key_text(row[name]) for row in rows}) == len(rows)
    ]
    fitting = [name for name in fields if known and all(key_text(row[name]) in known for row in rows)]
    return next(iter((*fitting, *fields)), None)


def _pattern(keys: list[str]) -> str | None:
    """How keys are minted, if all of them are one word and a number."""
    found = [_COUNTED.fullmatch(key) for key in keys]
    words = {match[1] for match in found if match is not None}
    if len(words) != 1 or None in found:
        return None
    word = words.pop()
    return None if {"{", "}"} & set(word) else f"{word}{{n}}"
