"""What is equal, and how a key is written."""

from __future__ import annotations

import json
from typing import Any


def text(value: Any) -> str:
    """A value as a key is written."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value)


def plain(value: Any) -> tuple[str, Any]:
    """A value that equals another one exactly where JSON says so: true is not 1, and 1.0 is."""
    match value:
        case bool():
            return "boolean", value
        case int() | float():
            return "number", value
        case str():
            return "text", value
    return "json", json.dumps(value, sort_keys=True)


def equal(one: Any, other: Any) -> bool:
    """JSON equality."""
    match one, other:
        case dict(), dict():
            return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
        case list(), list():
            return len(one) == len(other) and all(map(equal, one, other))
    return plain(one) == plain(other)
