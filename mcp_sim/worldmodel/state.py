"""The rows that matter for one call: those it names, their neighbours, and candidates for what the answer may name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from schemas.marks import MARK, ROW_MARK, marks
from schemas.rows import key_text, scalars, values_at
from schemas.types import Call, Row, Step, Tool, View, World
from store.integrity import mentions

_NEIGHBOURS = 6
"""Rows of one kind that refer to a row."""
_CANDIDATES = 12
"""Rows of one entity that an answer may name."""
_LATEST = 3
"""Steps whose changes are shown."""

At = tuple[str, str]
Found = tuple[str, Row]


class Relevance:
    """Finds the relevant rows for the calls of one tool."""

    def __init__(self, tool: Tool, world: World) -> None:
        self._world = world
        self._asked = marks(tool.input_schema)
        self._answered = sorted(entities_in(tool.output_schema) & world.entities.keys())
        self._mentions = [found for found in mentions(world) if world.entities[found[0]].id is not None]
        recognised = {entity for entity, _ in self._mentions}
        self._plain = [entity for entity in world.entities if entity not in recognised]
        self._referring = {
            target: [
                (name, path)
                for name, entity in world.entities.items()
                for path, reference in entity.references.items()
                if reference.to == target
            ]
            for target in world.entities
        }

    def standing(self, view: View) -> Iterator[Found]:
        """Rows that any answer of the tool may name: the same for every call, as long as they stay as they are."""
        for entity in self._answered:
            yield from ((entity, row) for row in islice(view.stream(entity), _CANDIDATES))

    def named(self, call: Call, view: View) -> Iterator[Found]:
        """The rows that a call names, those at marked places first."""
        marked = self._asked(call.arguments, "") if self._asked else ()
        named = [(entity, key_text(value)) for entity, _, value in marked]
        for text in islice(dict.fromkeys(_texts(call.arguments)), _CANDIDATES):
            named += [(entity, key) for entity, pattern in self._mentions for key in pattern.findall(text)]
            named += [(entity, text) for entity in self._plain]
        for entity, key in dict.fromkeys(named):
            row = view.get(entity, key)
            if row is not None:
                yield entity, row

    def around(
        self, named: Sequence[Found], known: Iterable[Found], past: Sequence[Step], view: View
    ) -> Iterator[Found]:
        """The rows around those that a call names, except the `known` ones, each once.

        The first are their neighbours, then come those that the latest steps of the `past` changed, and those of which
        the answer may speak because the neighbours do.
        """
        seen = {self._at(found) for found in known}
        near = [found for entity, row in named for found in self._near(entity, row, view)]
        for found in chain(near, self._latest(past, view), self._spoken_of(near, view)):
            at = self._at(found)
            if at not in seen:
                seen.add(at)
                yield found

    def _at(self, found: Found) -> At:
        entity, row = found
        return entity, key_text(row[self._world.entities[entity].key])

    def _near(self, entity: str, row: Row, view: View) -> Iterator[Found]:
        for path, reference in self._world.entities[entity].references.items():
            for _, value in values_at(row, path):
                found = view.get(reference.to, key_text(value))
                if found is not None:
                    yield reference.to, found
        key = row[self._world.entities[entity].key]
        for name, path in self._referring[entity]:
            yield from ((name, found) for found in islice(view.stream(name, {path: key}), _NEIGHBOURS))

    def _latest(self, past: Sequence[Step], view: View) -> Iterator[Found]:
        for step in reversed(past[-_LATEST:]):
            for change in step.delta.changes[:_NEIGHBOURS]:
                row = view.get(change.entity, change.key)
                if row is not None:
                    yield change.entity, row

    def _spoken_of(self, near: list[Found], view: View) -> Iterator[Found]:
        for entity in self._answered:
            yield from islice(self._referred(entity, near, view), _CANDIDATES)

    def _referred(self, entity: str, near: list[Found], view: View) -> Iterator[Found]:
        for name, row in near:
            for path, reference in self._world.entities[name].references.items():
                if reference.to == entity:
                    for _, value in values_at(row, path):
                        found = view.get(entity, key_text(value))
                        if found is not None:
                            yield entity, found


def entities_in(schema: Any) -> set[str]:
    """The entities whose keys or rows a schema marks."""
    if isinstance(schema, list):
        return set().union(*map(entities_in, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    own = {str(schema[word]) for word in (MARK, ROW_MARK) if word in schema}
    return own.union(*(entities_in(part) for part in schema.values()))


def _texts(value: Any) -> Iterator[str]:
    for found in scalars(value):
        if isinstance(found, str) and 0 < len(found) <= 256:
            yield found
        elif isinstance(found, int) and not isinstance(found, bool):
            yield str(found)
