"""A JSON value from a JSON Schema: ids from the rows, echoes of the arguments, the rest by chance."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from faker import Faker
from rstr import Rstr

from schemas.marks import MARK, ROW_MARK, at_pointer
from schemas.rows import key_text, marked_schema
from schemas.types import Row, World
from schemas.validate import SchemaError, validator
from store.overlay import Overlay

_DEPTH = 8
_ITEMS = 3
_TRIES = 8
_MOST = 10_000
"""Values in one answer, and characters in one text."""


class Imagination:
    """One made-up answer in the making."""

    def __init__(
        self, world: World, rows: Overlay, chance: Random, arguments: dict[str, Any], subjects: dict[str, Any]
    ) -> None:
        self._world = world
        self._rows = rows
        self._chance = chance
        self._arguments = arguments
        self._subjects = subjects
        self._faker = _faker()
        self._faker.seed_instance(chance.getrandbits(64))
        self._left = _MOST

    def value(self, schema: Any, name: str = "", depth: int = 0, root: Any = None) -> Any:
        """A value for a schema; `name` is the property it stands at and hints at its content.

        Raises:
            ValueError: the schema wants too much.
        """
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"more than {_MOST:,} values")
        root = schema if root is None else root
        schema = _resolved(schema, root)
        if MARK in schema:
            return self._key(str(schema[MARK]))
        if "const" in schema:
            return schema["const"]
        if name in self._arguments and _fits(schema, self._arguments[name]):
            return self._arguments[name]
        if "enum" in schema:
            return self._chance.choice([option for option in schema["enum"] if option is not None] or [None])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                branches = [part for part in schema[word] if _resolved(part, root).get("type") != "null"]
                return self.value((branches or schema[word])[0], name, depth, root)
        match _type(schema):
            case "object":
                return self._object(schema, depth, root)
            case "array":
                return self._array(schema, name, depth, root)
            case "boolean":
                return self._chance.random() < 0.5
            case "integer":
                return self._number(schema, name, whole=True)
            case "number":
                return self._number(schema, name, whole=False)
            case "null":
                return None
            case _:
                return self._text(schema, name)

    def _object(self, schema: dict[str, Any], depth: int, root: Any) -> Any:
        if ROW_MARK in schema and (row := self._row(str(schema[ROW_MARK]))) is not None and _fits(schema, row):
            return row
        required = schema.get("required", ())
        properties = schema.get("properties", {})
        wanted = [name for name in properties if depth < _DEPTH or name in required]
        return {name: self.value(properties[name], name, depth + 1, root) for name in wanted}

    def _array(self, schema: dict[str, Any], name: str, depth: int, root: Any) -> list[Any]:
        least = int(schema.get("minItems", 0 if depth >= _DEPTH else 1))
        most = int(schema.get("maxItems", max(_ITEMS, least)))
        length = self._chance.randint(min(least, most), min(most, max(least, _ITEMS)))
        singular = name.removesuffix("s")
        item = schema.get("items", {})
        items = [self.value(item, singular, depth + 1, root) for _ in range(length)]
        if not schema.get("uniqueItems") and MARK not in _resolved(item, root):
            return items
        distinct = {key_text(found): found for found in items}
        for _ in range(_TRIES * length):
            if len(distinct) >= length:
                break
            found = self.value(item, singular, depth + 1, root)
            distinct.setdefault(key_text(found), found)
        return list(distinct.values()) if schema.get("uniqueItems") or len(distinct) >= least else items

    def _number(self, schema: dict[str, Any], name: str, *, whole: bool) -> int | float:
        low, high = _usual_range(name)
        step = schema.get("multipleOf") or (1 if whole else 0.01)
        low = schema.get("minimum", schema.get("exclusiveMinimum", low))
        low += step if "exclusiveMinimum" in schema else 0
        high = schema.get("maximum", schema.get("exclusiveMaximum", max(high, low)))
        high -= step if "exclusiveMaximum" in schema else 0
        steps = self._chance.randint(-int(-low // step), max(int(high // step), -int(-low // step)))
        return int(steps * step) if whole else round(steps * step, 6)

    def _text(self, schema: dict[str, Any], name: str) -> str:
        if "pattern" in schema:
            return str(Rstr(self._chance).xeger(schema["pattern"]))
        if "format" in schema:
            return self._formatted(str(schema["format"]))
        text = self._content(name.lower(), int(schema.get("maxLength", 400)))
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 4000))
        if least > _MOST:
            raise ValueError(f"a text of more than {_MOST:,} characters")
        while len(text) < least:
            text += " " + self._faker.sentence()
        return text[:most]

    def _formatted(self, kind: str) -> str:
        moment = datetime.fromisoformat(self._rows.now.replace("Z", "+00:00"))
        moment += timedelta(minutes=self._chance.randint(0, 7 * 24 * 60))
        match kind:
            case "date-time":
                return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
            case "date":
                return moment.date().isoformat()
            case "time":
                return f"{moment.time().isoformat(timespec='seconds')}Z"
            case "email":
                return self._faker.safe_email()
            case "uri" | "url":
                return f"https://{self._faker.domain_word()}.example/{self._faker.slug()}"
            case "hostname":
                return f"{self._faker.domain_word()}.example"
            case "ipv4":
                return self._faker.ipv4_private()
            case "uuid":
                return self._faker.uuid4()
            case "duration":
                return f"PT{self._chance.randint(1, 48)}H"
            case _:
                return self._faker.word()

    def _content(self, name: str, most: int) -> str:
        for words, make in _CONTENT:
            if any(word in name for word in words):
                return str(getattr(self._faker, make)())
        return self._faker.sentence(nb_words=6) if most >= 60 else self._faker.word()

    def _key(self, entity: str) -> Any:
        if entity in self._subjects:
            return self._subjects[entity]
        definition = self._world.entities[entity]
        rows = self._rows.query(entity)
        row = self._chance.choice(rows) if rows else self._new_row(entity)
        return row[definition.key]

    def _row(self, entity: str) -> Row | None:
        if entity in self._subjects:
            return self._rows.get(entity, key_text(self._subjects[entity]))
        rows = self._rows.query(entity)
        return self._chance.choice(rows) if rows else self._new_row(entity)

    def _new_row(self, entity: str) -> Row:
        definition = self._world.entities[entity]
        key = self._rows.new_id(entity)
        self._rows.put(entity, {**definition.blank, definition.key: key})
        fields = marked_schema(entity, definition)["properties"]
        row = {
            name: key if name == definition.key else self.value(fields[name], name, 1, definition.row)
            for name in fields
        }
        self._rows.put(entity, row)
        return row


_CONTENT: tuple[tuple[tuple[str, ...], str], ...] = (
    (("email",), "safe_email"),
    (("phone",), "phone_number"),
    (("city", "town"), "city"),
    (("country",), "country"),
    (("street", "address"), "street_address"),
    (("postal", "zip"), "postcode"),
    (("company", "organi"), "company"),
    (("first_name",), "first_name"),
    (("last_name", "surname"), "last_name"),
    (("name", "author", "person"), "name"),
    (("url", "link"), "url"),
    (
        ("description", "summary", "body", "text", "note", "reply", "message", "comment", "reason", "advice"),
        "paragraph",
    ),
    (("title", "subject", "headline"), "sentence"),
)


def _usual_range(name: str) -> tuple[float, float]:
    if any(word in name for word in ("probability", "confidence", "share", "ratio")):
        return 0, 1
    if any(word in name for word in ("percent", "score", "humidity")):
        return 0, 100
    return 1, 100


@cache
def _faker() -> Faker:
    return Faker("en_US", use_weighting=False)


def _resolved(given: Any, root: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        return {}
    schema: dict[str, Any] = given
    followed: set[str] = set()
    while isinstance(target := schema.get("$ref"), str) and target.startswith("#") and target not in followed:
        followed.add(target)
        found = at_pointer(root, target[1:])
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**(found if isinstance(found, dict) else {}), **rest}
    for part in schema.get("allOf", ()):
        merged = _resolved(part, root)
        properties = {**merged.get("properties", {}), **schema.get("properties", {})}
        required = [*merged.get("required", ()), *schema.get("required", ())]
        schema = {**merged, **schema, "properties": properties, "required": required}
    return schema


def _type(schema: dict[str, Any]) -> str:
    declared = schema.get("type")
    if isinstance(declared, list):
        return next((kind for kind in declared if kind != "null"), "null")
    if isinstance(declared, str):
        return declared
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _fits(schema: dict[str, Any], value: Any) -> bool:
    try:
        return validator(schema).holds(value)
    except SchemaError:
        return False
