"""Which fields of which rows hold keys of other entities: by alternatives, by names, and by what is said of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mcp_sim.learn.openapi.resources import Resource
from mcp_sim.learn.openapi.schemas import Schemas, scalars
from mcp_sim.learn.openapi.words import singular_words, words

_SUFFIXES = {"id", "ids", "uuid", "uuids", "guid", "guids", "slug", "slugs", "gid", "gids"}
_GOES_ON = {
    "that",
    "which",
    "this",
    "these",
    "to",
    "for",
    "if",
    "used",
    "associated",
    "when",
    "where",
    "in",
    "on",
    "whose",
}
"""Words after which a phrase speaks of something else: what stands before them is the whole thing."""
_SAID = re.compile(
    r"\b(?:ID|UUID|identifier)s? (?:of|for) (?:the|a|an|this|that|which) ([a-zA-Z_ ]{3,60})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Found:
    """A reference: the entity that it leads to, how sure that is, and why."""

    to: str
    confidence: float
    why: str


class References:
    """What field names, alternatives and descriptions say, for the entities of one spec."""

    def __init__(self, entities: list[Resource], schemas: Schemas) -> None:
        self._schemas = schemas
        self._kinds = {one.name: one.kind for one in entities}
        self._components = {one.component: one.name for one in entities if one.component}
        self._by_words = {one.words: one.name for one in entities}
        tails: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for one in entities:
            for n in range(1, len(one.words)):
                tails[one.words[n:]].add(one.name)
        for tail, names in tails.items():
            if len(names) == 1 and len(tail) > 1:
                self._by_words.setdefault(tail, next(iter(names)))
        self._heads = {tail[0]: next(iter(names)) for tail, names in tails.items() if len(names) == len(tail) == 1}

    def of_row(self, resource: Resource) -> Iterator[tuple[str, Found]]:
        """(path, reference) for every field of its rows that holds keys."""
        for path, schema in scalars(self._schemas, resource.row, self._components.keys()):
            name = path.rsplit(".", 1)[-1]
            found = None if path == resource.key else self.of_field(name, schema)
            if found is not None and (found.to != resource.name or words(name)[:-1] != resource.words):
                yield path, found  # what is named after its own entity is another name of it, no reference

    def of_field(self, name: str, schema: Any) -> Found | None:
        """What a field refers to."""
        inner = self._schemas.item(schema) or schema
        found = self._alternative(inner) or self._named(name) or self._described(name, inner, schema)
        if found is None or not self._holds_keys(inner, found.to):
            return None
        return found

    def _alternative(self, schema: Any) -> Found | None:
        """A text or the thing itself: then the text is its key."""
        branches = self._schemas.branches(schema)
        if len(branches) < 2 or not any(self._schemas.types(one) == {"string"} for one in branches):
            return None
        named = [name for one in branches if (name := self._schemas.name(one)) is not None]
        targets = {self._components[name] for name in named if name in self._components}
        others = [name for name in named if name not in self._components and not _is_remnant(name, self._components)]
        if len(targets) != 1 or others:
            return None
        to = next(iter(targets))
        return Found(to, 0.98, f"it holds a text, or a {to} itself")

    def _named(self, name: str) -> Found | None:
        parts = words(name)
        if len(parts) < 2 or parts[-1] not in _SUFFIXES:
            return None
        rest = parts[:-1]
        one = (*rest[:-1], *singular_words(rest[-1]))
        exact = self._by_words.get(rest) or self._by_words.get(one)
        if exact is not None:
            return Found(exact, 0.97, f"'{name}' is named after {exact}")
        if rest == ("parent",):
            return None
        for n in range(1, len(one)):
            to = self._by_words.get(one[n:])
            if to is not None:
                return Found(to, 0.9, f"'{name}' ends with the name of {to}")
        to = self._heads.get(one[0]) if len(one) == 1 else None
        return None if to is None else Found(to, 0.7, f"'{name}' is named like {to}, and like nothing else")

    def _described(self, name: str, inner: Any, schema: Any) -> Found | None:
        """A text field that bears the name of a thing, and is said to hold an id."""
        told = " ".join(
            str(part.get("description") or "")
            for part in (self._schemas.resolved(schema), self._schemas.resolved(inner))
        )
        if not re.search(r"\b(?:IDs?|ids?|identifiers?|UUIDs?)\b", told):
            return None
        own = singular_words(name)
        if own[-1:] in (("id",), ("type",), ("object",), ("name",)):
            return None
        to = self._by_words.get(own)
        if to is not None:
            return Found(to, 0.93, f"'{name}' is named after {to}, and said to hold an id")
        for n in range(1, len(own)):
            to = self._by_words.get(own[n:])
            if to is not None and self._mentions(told, to):
                return Found(to, 0.85, f"'{name}' ends with the name of {to}, and is said to hold its id")
        for said in _SAID.findall(told):
            to = self._leading(said)
            if to is not None:
                return Found(to, 0.8, f"it is said to hold the id of a {to}")
        return None

    def _leading(self, said: str) -> str | None:
        """The entity that a phrase begins with, if the phrase does not make another thing of it."""
        spoken = tuple(said.replace("_", " ").lower().split())
        for n in range(min(4, len(spoken)), 0, -1):
            found = self._by_words.get(spoken[:n])
            if found is not None:
                return found if len(spoken) == n or spoken[n] in _GOES_ON else None
        return None

    def _mentions(self, told: str, entity: str) -> bool:
        """Whether a description speaks of an entity, and not of another one that begins with its name."""
        spoken, name = words(told), tuple(entity.split("_"))
        for n in range(len(spoken) - len(name) + 1):
            after = spoken[n + len(name) :]
            if spoken[n : n + len(name)] == name and not any(after[:m] in self._by_words for m in (1, 2, 3)):
                return True
        return False

    def _holds_keys(self, schema: Any, to: str) -> bool:
        if self._schemas.resolved(schema).get("enum"):
            return False
        kinds = self._schemas.types(schema)
        return self._kinds[to] in kinds or not kinds


def _is_remnant(component: str, components: dict[str, str]) -> bool:
    """Whether a component is what is left of another one, as `deleted_customer` of `customer`."""
    parts = words(component)
    return any(parts != words(other) and parts[-len(words(other)) :] == words(other) for other in components)
