"""Rows and their references: walking paths such as `lines.product_id`, keys as text, minted ids, marked schemas."""

from __future__ import annotations

import copy
import re
import unicodedata
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import orjson

from schemas.marks import MARK, ROW_MARK
from schemas.types import Entity, Row

MAX_KEY = 256
"""Characters of a key, as text; it has at least one."""


def key_text(value: Any) -> str:
    """A key, or any value an index holds, as text: text stays, everything else becomes JSON; 1.0 is 1."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def is_key(value: Any) -> bool:
    """Whether a value can be a key: a text or a whole number, which 1.0 is and true is not."""
    if isinstance(value, float):
        return value.is_integer() and abs(value) < 2**53
    return isinstance(value, str | int) and not isinstance(value, bool)


def is_normal(key: str) -> bool:
    """Whether a key is in Unicode normal form C: keys are compared byte for byte, and é is written in one way alone."""
    return key.isascii() or unicodedata.is_normalized("NFC", key)


def scalars(value: Any) -> Iterator[Any]:
    """Every text, number, truth value and null in a JSON value, in its order; names of fields left out."""
    if isinstance(value, dict):
        for part in value.values():
            yield from scalars(part)
    elif isinstance(value, list):
        for part in value:
            yield from scalars(part)
    else:
        yield value


def values_at(row: Row, path: str) -> Iterable[tuple[str, Any]]:
    """Every value at a path, lists walked through, as (JSON Pointer, value); nulls and absent fields are left out."""
    value = row.get(path)
    if isinstance(value, str):  # by far the most frequent: a plain field that holds a text
        return ((f"/{path}", value),)
    return list(_walk(row, path.split("."), ""))


def _walk(value: Any, parts: list[str], pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, parts, f"{pointer}/{index}")
    elif not parts:
        if value is not None:
            yield pointer, value
    elif isinstance(value, dict) and parts[0] in value:
        yield from _walk(value[parts[0]], parts[1:], f"{pointer}/{parts[0]}")


def without(row: Row, path: str, key: str) -> Row:
    """A copy of the row in which no reference at `path` holds `key`: list items go, single fields become null."""
    fresh: Row = _cut(row, path.split("."), key)
    return fresh


def _cut(value: Any, parts: list[str], key: str) -> Any:
    if isinstance(value, list):
        if not parts:
            return [item for item in value if item is None or key_text(item) != key]
        return [_cut(item, parts, key) for item in value]
    if not parts:
        return None if value is not None and key_text(value) == key else value
    if isinstance(value, dict) and parts[0] in value:
        return {**value, parts[0]: _cut(value[parts[0]], parts[1:], key)}
    return value


def schema_at(schema: dict[str, Any], path: str) -> dict[str, Any] | None:
    """The schema of the values at a path, arrays stepped into, or None."""
    for part in path.split("."):
        schema = _item(schema)
        properties = schema.get("properties")
        if not isinstance(properties, dict) or not isinstance(properties.get(part), dict):
            return None
        schema = properties[part]
    return _item(schema)


def _item(schema: dict[str, Any]) -> dict[str, Any]:
    while isinstance(schema.get("items"), dict):
        schema = schema["items"]
    return schema


_ID_PATTERN = re.compile(r"(?:[^{}]|\{n(?::0?[1-9]\d?)?\}|\{r\}){1,200}")


class IdPattern:
    """How keys of an entity are minted: `{n}` counts on, `{r}` is a token that depends on seed and count."""

    def __init__(self, name: str, entity: Entity) -> None:
        declared = entity.properties.get(entity.key, {})
        types = declared.get("type") if isinstance(declared, dict) else None
        self.is_integer = types == "integer" or (
            isinstance(types, list) and "integer" in types and "string" not in types
        )
        self.pattern = entity.id or ("{n}" if self.is_integer else f"{name}_{{r}}")
        self._counted = re.compile(_number_regex(self.pattern)) if "{n" in self.pattern else None

    def mint(self, n: int, seed: int, entity: str) -> Any:
        """The n-th key, n from 1."""
        token = sha256(f"{seed}:{entity}:{n}".encode()).hexdigest()[:12]
        text = self.pattern.format(n=n, r=token)
        return int(text) if self.is_integer else text

    def recognised(self) -> str | None:
        """A regular expression for these keys in prose; None where they look like plain numbers or words."""
        if not re.search(r"[A-Za-z]{2,}.*[-_#/]|[A-Za-z]-", re.sub(r"{[^}]*}", "", self.pattern)):
            return None
        parts = re.split(r"({[^}]*})", self.pattern)
        return "".join(
            re.escape(part) if not part.startswith("{") else r"\d+" if "n" in part else "[0-9a-f]{12}" for part in parts
        )

    def number(self, key: str) -> int:
        """The count in a key of this pattern, 0 for other keys."""
        found = self._counted.fullmatch(key) if self._counted else None
        return int(found[1]) if found else 0


def _number_regex(pattern: str) -> str:
    before, _, rest = pattern.partition("{n")
    return re.escape(before) + r"0*(\d{1,15})" + ".*".join(map(re.escape, rest.partition("}")[2].split("{r}")))


def id_error(name: str, entity: Entity) -> str | None:
    """What is wrong with the id pattern of an entity, or None."""
    if entity.id is None:
        return None
    if not _ID_PATTERN.fullmatch(entity.id):
        return f"id pattern '{entity.id}' may hold {{n}}, {{n:05}} and {{r}}, nothing else in braces"
    pattern = IdPattern(name, entity)
    try:
        one, two = (pattern.mint(n, 0, name) for n in (1, 2))
    except ValueError:
        return f"id pattern '{entity.id}' makes texts, but the key '{entity.key}' is an integer"
    if not is_normal(entity.id):
        return f"id pattern '{entity.id}' is not in Unicode normal form C; write its letters composed"
    return None if one != two else f"id pattern '{entity.id}' needs {{n}} or {{r}}, or every row gets the same key"


def marked_schema(name: str, entity: Entity) -> dict[str, Any]:
    """The row schema of an entity with its key and references marked by `x-entity`."""
    schema: dict[str, Any] = copy.deepcopy(entity.row)
    _mark(schema, entity.key, name)
    for path, reference in entity.references.items():
        _mark(schema, path, reference.to)
    return {ROW_MARK: name, **schema}


def _mark(schema: dict[str, Any], path: str, entity: str) -> None:
    found = schema_at(schema, path)
    if found is not None:
        found[MARK] = entity
