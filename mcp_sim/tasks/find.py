"""How an agent comes to know a row: the calls that show it, tried on the seed rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mcp_sim.tasks.ground import Ground, Trial
from schemas.canonical import canonical
from schemas.contracts.task import Asked
from schemas.marks import MARK
from schemas.nature import NEXT, PAGE_SIZES
from schemas.rows import key_text, values_at
from schemas.types import Row, Tool

MAX_PAGES = 6
_MAX_DEPTH = 3
_PARENTS = 12
"""Rows whose own lists are read, where only those show an entity."""


@dataclass(frozen=True)
class Look:
    """A call that only looks, and the rows that its answer holds, by entity and key.

    Attributes:
        after: the calls without which nobody would know its arguments, e.g. the pages before it.
    """

    asked: Asked
    shown: dict[tuple[str, str], Row]
    after: tuple[Asked, ...] = ()


class Finder:
    """What the reading tools of a world show of its seed rows."""

    def __init__(self, ground: Ground, seed: int) -> None:
        self._ground = ground
        self._seed = seed
        self._world = ground.world
        self._free: list[Look] | None = None
        self._of: dict[tuple[str, str, str], Look | None] = {}
        self._filtered: dict[tuple[str, str, str], list[Look]] = {}
        self._places = ground.places
        self._fields = {
            name: (entity.key, frozenset(entity.properties)) for name, entity in self._world.entities.items()
        }

    def way_to(self, entity: str, key: str, depth: int = 1) -> tuple[Asked, ...] | None:
        """The calls after which an agent that knows no id knows this one; None if there are none."""
        for look in self.free():
            if (entity, key) in look.shown:
                return (*look.after, look.asked)
        if depth == _MAX_DEPTH:
            return None
        for tool, argument, parent in self._by_parent():
            for parent_key in self._parents_of(entity, key, parent):
                shown = self._look_of(tool, argument, parent_key)
                if shown is not None and (entity, key) in shown.shown:
                    before = self.way_to(parent, parent_key, depth + 1)
                    if before is not None:
                        return (*before, *shown.after, shown.asked)
        return None

    def cover(self, entity: str, keys: frozenset[str], match: dict[str, Any]) -> tuple[Asked, ...] | None:
        """As few calls as show all of these rows, whole; None if no few calls do."""
        wanted = {(entity, key) for key in keys}
        for looks in (*self._narrowed(entity, match), [look for look in self.free() if _has(look, entity)]):
            chosen = _chosen(looks, wanted)
            if chosen is not None:
                return distinct(asked for look in chosen for asked in (*look.after, look.asked))
        return self._cover_by_parents(entity, wanted)

    def free(self) -> list[Look]:
        """Looks that need to know nothing."""
        if self._free is None:
            with self._ground.trial(self._seed) as trial:
                self._free = [
                    look
                    for tool in self._ground.reading
                    if not tool.input_schema.get("required")
                    for look in self._pages(trial, tool, {})
                ]
        return self._free

    def _cover_by_parents(self, entity: str, wanted: set[tuple[str, str]]) -> tuple[Asked, ...] | None:
        for tool, argument, parent in self._by_parent():
            found: list[Asked] = []
            left = set(wanted)
            parents = {one for _, key in wanted for one in self._parents_of(entity, key, parent)}
            for parent_key in sorted(parents)[: _PARENTS + 1]:
                look = self._look_of(tool, argument, parent_key)
                before = self.way_to(parent, parent_key, 2) if look is not None else None
                if look is not None and before is not None and left & look.shown.keys():
                    left -= look.shown.keys()
                    found += [*before, *look.after, look.asked]
            if not left and len(parents) <= _PARENTS:
                return distinct(found)
        return None

    def _narrowed(self, entity: str, match: dict[str, Any]) -> Iterator[list[Look]]:
        """Lists that take a wanted value as an argument of the same name."""
        for field, value in match.items():
            for tool in self._ground.reading:
                properties = tool.input_schema.get("properties", {})
                if tool.input_schema.get("required") or not isinstance(properties, dict) or field not in properties:
                    continue
                at = (tool.name, field, key_text(value))
                if at not in self._filtered:
                    with self._ground.trial(self._seed) as trial:
                        self._filtered[at] = self._pages(trial, tool, {field: value})
                yield [look for look in self._filtered[at] if _has(look, entity)]

    def _by_parent(self) -> Iterator[tuple[Tool, str, str]]:
        """Tools that need one id and nothing else: the tool, the argument, the entity."""
        for tool in self._ground.reading:
            required, properties = tool.input_schema.get("required"), tool.input_schema.get("properties", {})
            if isinstance(required, list) and len(required) == 1 and isinstance(properties, dict):
                part = properties.get(str(required[0]))
                if isinstance(part, dict) and isinstance(part.get(MARK), str):
                    yield tool, str(required[0]), str(part[MARK])

    def _parents_of(self, entity: str, key: str, parent: str) -> list[str]:
        """The rows of another entity that this row refers to, or that refer to it."""
        row = self._places[entity, key]
        if entity == parent:
            return [key]
        found = [
            key_text(value)
            for path, reference in self._world.entities[entity].references.items()
            if reference.to == parent
            for _, value in values_at(row, path)
        ]
        for path, reference in self._world.entities[parent].references.items():
            if reference.to == entity:
                found += [
                    name
                    for (other, name), one in self._places.items()
                    if other == parent and any(key_text(value) == key for _, value in values_at(one, path))
                ]
        return list(dict.fromkeys(found))

    def _look_of(self, tool: Tool, argument: str, key: str) -> Look | None:
        at = (tool.name, argument, key)
        if at not in self._of:
            parent = str(tool.input_schema["properties"][argument][MARK])  # type: ignore[index, call-overload]  # JSON
            row = self._places[parent, key]
            given = row[self._world.entities[parent].key]
            with self._ground.trial(self._seed) as trial:
                pages = self._pages(trial, tool, {argument: given})
            self._of[at] = pages[0] if len(pages) == 1 else None
        return self._of[at]

    def _pages(self, trial: Trial, tool: Tool, given: dict[str, Any]) -> list[Look]:
        """The pages of a list, or the one answer of a tool that has no pages."""
        properties = tool.input_schema.get("properties", {})
        sizes = {
            name: part["maximum"]
            for name, part in (properties.items() if isinstance(properties, dict) else ())
            if name in PAGE_SIZES and isinstance(part, dict) and "maximum" in part
        }
        looks: list[Look] = []
        arguments: dict[str, Any] | None = {**given, **sizes}
        while arguments is not None and len(looks) < MAX_PAGES:
            if not tool.arguments.holds(arguments):
                break
            asked = Asked(tool=tool.name, arguments=arguments)
            observation = trial.call(asked)
            if observation.is_error:
                break
            content = observation.structured_content
            before = tuple(look.asked for look in looks if "cursor" in arguments)
            looks.append(Look(asked, self._rows_in(content), before))
            following = _following(content)
            arguments = None if following is None else {**arguments, following[0]: following[1]}
        return looks

    def _rows_in(self, content: Any) -> dict[tuple[str, str], Row]:
        """The whole rows in an answer."""
        found: dict[tuple[str, str], Row] = {}
        for part in _objects(content):
            for name, (key, fields) in self._fields.items():
                if fields <= part.keys() and (row := self._places.get((name, key_text(part[key])))) is not None:
                    found[name, key_text(part[key])] = row
        return found


def distinct(path: Iterable[Asked]) -> tuple[Asked, ...]:
    """The calls, each once."""
    return tuple({canonical([asked.tool, asked.arguments]): asked for asked in path}.values())


def _has(look: Look, entity: str) -> bool:
    return any(name == entity for name, _ in look.shown)


def _chosen(looks: list[Look], wanted: set[tuple[str, str]]) -> list[Look] | None:
    """Looks of one tool that show everything wanted, none of them for nothing; None if none do."""
    if not wanted:
        return looks[:1] or None
    for name in dict.fromkeys(look.asked.tool for look in looks):
        left, chosen = set(wanted), []
        for look in looks:
            if look.asked.tool == name and left & look.shown.keys():
                chosen.append(look)
                left -= look.shown.keys()
        if not left:
            return chosen
    return None


def _following(content: Any) -> tuple[str, Any] | None:
    """The argument that fetches the next page, and its value; None on the last."""
    if not isinstance(content, dict):
        return None
    for name in NEXT:
        if content.get(name) not in (None, "", False):
            argument = {"next": "cursor", "nextCursor": "cursor", "nextPageToken": "page_token"}.get(
                name, name.removeprefix("next_")
            )
            return argument, content[name]
    return None


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _objects(part)
    elif isinstance(value, list):
        for part in islice(value, 1000):
            yield from _objects(part)
