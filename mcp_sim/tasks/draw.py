"""Arguments by chance: ids of rows that are there, values like those that rows hold, texts that a person would give."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from rstr import Rstr

from mcp_sim.tasks.texts import PEOPLE, PLACES, SENTENCES, STREETS, THINGS
from schemas.marks import MARK
from schemas.nature import PAGE_ARGUMENTS, PAGE_SIZES
from schemas.rows import values_at
from schemas.types import Row, Tool, World
from schemas.validate import part_validator

At = tuple[str, str]
_NEAR = 0.75
"""How often an id is that of a row which earlier calls of the same path had to do with, where there is one."""
_RELATED = 0.6
"""How often an id is that of a row which another argument of the same call refers to, where there is one."""
_OPTIONAL = 0.35
_NULL = 0.1


class Draw:
    """Draws the arguments of calls.

    Args:
        world: whose tools.
        rows: the rows of an entity now.
        chance: decides.
        near: keys of rows that the path had to do with so far, by entity.
    """

    def __init__(
        self, world: World, rows: Callable[[str], Sequence[Row]], chance: Random, near: dict[str, list[Any]]
    ) -> None:
        self._world = world
        self._rows = rows
        self._chance = chance
        self._near = near
        self._related: dict[str, list[Any]] = {}

    def arguments(self, tool: Tool) -> dict[str, Any]:
        """Arguments for one call; they fit the schema, but the service may refuse them."""
        schema = tool.input_schema
        properties = _mapping(schema.get("properties"))
        required = schema.get("required")
        needed = [name for name in properties if isinstance(required, list) and name in required]
        others = [
            name for name in properties if name not in needed and name not in PAGE_ARGUMENTS and name not in PAGE_SIZES
        ]
        chosen = [name for name in others if self._chance.random() < _OPTIONAL]
        if not chosen and others and all(MARK in _mapping(properties[name]) for name in needed):
            chosen = [self._chance.choice(others)] if self._chance.random() < 0.8 else []
        wanted = [name for name in properties if name in needed or name in chosen]
        self._related = {}
        return {name: self._value(name, _mapping(properties[name]), schema) for name in wanted}

    def variation(self, tool: Tool, arguments: dict[str, Any], told: str) -> dict[str, Any]:
        """The same arguments but for one: one that the service speaks of in its refusal, if there is such."""
        properties = _mapping(tool.input_schema.get("properties"))
        named = [name for name in properties if re.search(rf"\b{re.escape(name)}\b", told)] or list(arguments)
        if not named:
            return arguments
        name = self._chance.choice(named)
        self._related = {}
        return {**arguments, name: self._value(name, _mapping(properties[name]), tool.input_schema)}

    def _value(self, name: str, schema: dict[str, Any], whole: dict[str, Any]) -> Any:
        kinds = schema.get("type")
        if isinstance(kinds, list) and "null" in kinds and self._chance.random() < _NULL:
            return None
        if MARK in schema:
            return self._key(str(schema[MARK]))
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            options = [option for option in schema["enum"] if option is not None]
            return self._chance.choice(options) if options else None
        kind = next((kind for kind in kinds if kind != "null"), None) if isinstance(kinds, list) else kinds
        match kind:
            case "object":
                parts = _mapping(schema.get("properties"))
                return {part: self._value(part, _mapping(inner), whole) for part, inner in parts.items()}
            case "array":
                return self._items(name, schema, whole)
            case "boolean":
                return self._chance.random() < 0.5
            case "integer" | "number":
                return self._number(name, schema, whole=kind == "integer")
        return self._text(name, schema, whole)

    def _key(self, entity: str) -> Any:
        for known, often in ((self._related, _RELATED), (self._near, _NEAR)):
            if known.get(entity) and self._chance.random() < often:
                return self._chosen(entity, self._chance.choice(known[entity]))
        rows = self._rows(entity)
        return self._chosen(entity, self._chance.choice(rows)[self._world.entities[entity].key]) if rows else ""

    def _chosen(self, entity: str, key: Any) -> Any:
        """The key; what its row refers to is related from now on."""
        definition = self._world.entities[entity]
        row = next((row for row in self._rows(entity) if row[definition.key] == key), {})
        for path, reference in definition.references.items():
            self._related.setdefault(reference.to, []).extend(value for _, value in values_at(row, path))
        return key

    def _items(self, name: str, schema: dict[str, Any], whole: dict[str, Any]) -> list[Any]:
        least = int(schema.get("minItems", 0))
        count = max(least, self._chance.choice((1, 1, 2)))
        count = min(count, int(schema.get("maxItems", count)))
        found: list[Any] = []
        for _ in range(count):
            item = self._value(name, _mapping(schema.get("items")), whole)
            if item not in found:
                found.append(item)
        return found

    def _number(self, name: str, schema: dict[str, Any], *, whole: bool) -> int | float:
        held = [value for value in self._held(name) if isinstance(value, int | float) and not isinstance(value, bool)]
        if held and self._chance.random() < 0.5:
            drawn: float = self._chance.choice(held)
        else:
            most = schema.get("maximum", schema.get("exclusiveMaximum", 100))
            drawn = self._chance.choice([n for n in (1, 2, 3, 5, 8, 10, 15, 25, 40, 60, 80) if n <= most] or [most])
            drawn = drawn * 100 if name.endswith("_cents") and drawn * 100 <= most else drawn
        drawn = max(drawn, schema.get("minimum", drawn))
        drawn = min(drawn, schema.get("maximum", drawn))
        return int(drawn) if whole or float(drawn).is_integer() else drawn

    def _text(self, name: str, schema: dict[str, Any], whole: dict[str, Any]) -> str:
        fits = part_validator(schema, whole).holds
        for _ in range(4):
            drawn = self._worded(name, schema)
            small = drawn.lower()
            for written in (drawn, small.replace(" ", "-"), f"{small.replace(' ', '-')}.example", small, drawn.upper()):
                if fits(written):
                    return written
        return str(Rstr(self._chance).xeger(schema["pattern"])) if "pattern" in schema else self._chance.choice(THINGS)

    def _worded(self, name: str, schema: dict[str, Any]) -> str:
        chance, word = self._chance, name.lower()
        if schema.get("format") in ("date", "date-time"):
            return self._moment(str(schema["format"]))
        held = [value for value in self._held(name) if isinstance(value, str)]
        if len(held) > 2 * len(set(held)) and chance.random() < 0.7:  # a kind of thing, not a name of one
            return chance.choice(sorted(set(held)))
        person = chance.choice(PEOPLE)
        if "mail" in word:
            return f"{person.lower().replace(' ', '.')}{chance.randint(1, 99)}@post.example"
        if "file" in word:
            return f"{chance.choice(THINGS).lower().replace(' ', '-')}.pdf"
        if any(part in word for part in ("street", "address")):
            return f"{chance.choice(STREETS)} {chance.randint(1, 99)}"
        if any(part in word for part in ("city", "town")):
            return chance.choice(PLACES)
        if any(part in word for part in ("recipient", "person", "author", "customer")):
            return person
        if any(part in word for part in ("name", "label", "title", "subject", "maker")):
            return self._named(schema)
        if int(schema.get("maxLength", 4000)) >= 60:
            return chance.choice(SENTENCES)
        return chance.choice(THINGS)

    def _named(self, schema: dict[str, Any]) -> str:
        drawn = f"{self._chance.choice(THINGS)} {self._chance.choice(PLACES)}"
        return drawn.lower().replace(" ", "-") if "pattern" in schema else drawn

    def _moment(self, kind: str) -> str:
        start = self._world.clock.start.replace(minute=0, second=0, microsecond=0)
        moment = start + timedelta(days=self._chance.randint(1, 14), hours=self._chance.randint(0, 23))
        return moment.date().isoformat() if kind == "date" else moment.isoformat().replace("+00:00", "Z")

    def _held(self, name: str) -> list[Any]:
        """What the rows hold in fields of this name."""
        names = [entity for entity, definition in self._world.entities.items() if name in definition.properties]
        return [row[name] for entity in names for row in self._rows(entity) if row.get(name) is not None]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
