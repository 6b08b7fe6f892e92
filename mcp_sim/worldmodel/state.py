"""The rows that matter for one call: those it names, their neighbours, and candidates for what the answer may name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from schemas.marks import MARK, ROW_MARK, marks
from schemas.rows import key_text, values_at
from schemas.types import Call, Row, Tool, View, World

_NEIGHBOURS = 6
"""Rows of one kind that refer to a row."""
_CANDIDATES = 12
"""Rows of one entity that an answer may name."""
_LATEST = 3
"""Steps whose changes are shown."""

At = tuple[str, str]


class Relevance:
    """Finds the relevant rows for the calls of one tool."""

    def __init__(self, tool: Tool, world: World) -> None:
        self._world = world
        self._asked = marks(tool.input_schema)
        self._answered = sorted(entities_in(tool.output_schema) & world.entities.keys())
        self._referring = {
            target: [
                (name, path)
                for name, entity in world.entities.items()
                for path, reference in entity.references.items()
                if reference.to == target
            ]
            for target in world.entities
        }

    def rows(self, call: Call, view: View) -> Iterator[tuple[str, Row]]:
        """(entity, row), the most relevant first, each once."""
        seen: set[At] = set()
        for entity, row in self._all(call, view):
            at = (entity, key_text(row[self._world.entities[entity].key]))
            if at not in seen:
                seen.add(at)
                yield entity, row

    def _all(self, call: Call, view: View) -> Iterator[tuple[str, Row]]:
        named = list(self._named(call, view))
        yield from named
        near = [found for entity, row in named for found in self._near(entity, row, view)]
        yield from near
        yield from self._latest(view)
        for entity in self._answered:
            yield from ((entity, row) for row in islice(self._candidates(entity, near, view), _CANDIDATES))

    def _named(self, call: Call, view: View) -> Iterator[tuple[str, Row]]:
        marked = (
            [(entity, key_text(value)) for entity, _, value in self._asked(call.arguments, "")] if self._asked else []
        )
        texts = list(dict.fromkeys(_texts(call.arguments)))
        guessed = [(entity, text) for text in texts[:_CANDIDATES] for entity in self._world.entities]
        for entity, key in [*marked, *guessed]:
            row = view.get(entity, key)
            if row is not None:
                yield entity, row

    def _near(self, entity: str, row: Row, view: View) -> Iterator[tuple[str, Row]]:
        for path, reference in self._world.entities[entity].references.items():
            for _, value in values_at(row, path):
                found = view.get(reference.to, key_text(value))
                if found is not None:
                    yield reference.to, found
        key = row[self._world.entities[entity].key]
        for name, path in self._referring[entity]:
            yield from ((name, found) for found in islice(view.stream(name, {path: key}), _NEIGHBOURS))

    def _latest(self, view: View) -> Iterator[tuple[str, Row]]:
        for step in reversed(view.recent(_LATEST)):
            for change in step.delta.changes[:_NEIGHBOURS]:
                row = view.get(change.entity, change.key)
                if row is not None:
                    yield change.entity, row

    def _candidates(self, entity: str, near: list[tuple[str, Row]], view: View) -> Iterator[Row]:
        for name, row in near:
            for path, reference in self._world.entities[name].references.items():
                if reference.to == entity:
                    for _, value in values_at(row, path):
                        found = view.get(entity, key_text(value))
                        if found is not None:
                            yield found
        yield from view.stream(entity)


def entities_in(schema: Any) -> set[str]:
    """The entities whose keys or rows a schema marks."""
    if isinstance(schema, list):
        return set().union(*map(entities_in, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    own = {str(schema[word]) for word in (MARK, ROW_MARK) if word in schema}
    return own.union(*(entities_in(part) for part in schema.values()))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str) and 0 < len(value) <= 256:
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
