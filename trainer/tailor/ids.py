"""Ids inside of JSON: which values are names of things, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from schemas.rows import key_text

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAMING = {"id", "ids", "key", "keys", "uuid", "uuids", "guid", "guids", "slug", "sku"}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d\d?:\d\d(:\d\d)?|\d\d?[./]\d\d?[./]\d{2,4}")
_NUMBERED = re.compile(r"[^\W\d]+[-_]?\d")
_MOST = 4096
"""Ids of one value that are looked at."""


@lru_cache(maxsize=65536)
def names_id(name: str) -> bool:
    """Whether a field of this name holds ids: its last word says so."""
    words = _WORDS.findall(name)
    return bool(words) and words[-1].lower() in _NAMING


def ids_in(value: Any) -> Iterator[tuple[str, str]]:
    """(JSON Pointer, id as text) for every id in a JSON value, in its order."""
    todo: list[tuple[str, Any, bool]] = [("", value, False)]
    count = 0
    while todo and count < _MOST:
        pointer, part, named = todo.pop()
        if isinstance(part, dict):
            todo.extend(
                (f"{pointer}/{_escaped(name)}", inner, names_id(name)) for name, inner in reversed(list(part.items()))
            )
        elif isinstance(part, list):
            todo.extend((f"{pointer}/{index}", part[index], named) for index in range(len(part) - 1, -1, -1))
        elif named and isinstance(part, str | int) and not isinstance(part, bool) and part != "":
            count += 1
            yield pointer, key_text(part)


@lru_cache(maxsize=65536)
def is_distinctive(text: str) -> bool:
    """Whether an id would not stand somewhere else by chance: long enough, with digits, and neither date nor time.

    A word with one digit behind it is as often the name of a field: `address1`.
    """
    digits = sum(c.isdigit() for c in text)
    return len(text) >= 6 and digits > 0 and " " not in text and not is_moment(text) and not _NUMBERED.fullmatch(text)


def is_moment(text: str) -> bool:
    """Whether a text is a date or a time."""
    return _MOMENT.fullmatch(text) is not None


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
