"""Which collections of rows a JSON document holds, and how its values stand in a pack."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mcp_sim.learn.keys import names_key

_WHOLE = 2**63


def collections(name: str, document: Any) -> dict[str, Any]:
    """The collections of a document by name; one that is called `name` where it does not name its own."""
    if not isinstance(document, Mapping):
        return {name: document if isinstance(document, list) else [document]}
    parts = {part: content for part, content in document.items() if isinstance(content, Mapping | list)}
    if not parts:
        return {name: _by_key(document) if len(document) > 20 else [dict(document)]}
    if len(parts) == len(document):
        values = list(parts.values())
        if all(isinstance(value, Mapping) for value in values) and not is_record(document):
            return {name: dict(document)}
        if _are_series(parts) or _are_lists(parts):
            return {name: {key: {"items": items} for key, items in parts.items()}}
        return dict(parts)
    rest = {part: content for part, content in document.items() if part not in parts}
    return {**parts, (f"{name}_values" if name in parts else name): [rest]}


def is_record(content: Mapping[str, Any]) -> bool:
    """Whether an object of objects is one thing with parts, not rows by their key: its parts share no fields."""
    fields = Counter(name for value in content.values() for name in value)
    return len(content) < 2 or not fields or fields.most_common(1)[0][1] < max(2, 0.5 * len(content))


def _by_key(document: Mapping[str, Any]) -> dict[str, Any]:
    """Rows of one value each."""
    return {key: {"value": value} for key, value in document.items()}


def _are_lists(parts: Mapping[str, Any]) -> bool:
    """Whether lists hold things of one kind that have no keys: then each list belongs to the name it stands under."""
    lists = [items for items in parts.values() if isinstance(items, list)]
    if len(lists) < max(2, len(parts)) or not all(isinstance(item, Mapping) for items in lists for item in items):
        return False
    fields = [frozenset(name for item in items for name in item) for items in lists if items]
    if not fields:
        return False
    shared, every = frozenset.intersection(*fields), frozenset.union(*fields)
    if any(names_key(name) for name in shared):
        return False
    return bool(shared) if _are_values(parts) else len(shared) >= 0.8 * len(every)


def _are_series(parts: Mapping[str, Any]) -> bool:
    """Whether each part is a series of plain values by moments or keys, not a thing with fields."""
    return len(parts) > 1 and all(
        isinstance(part, Mapping) and part and _are_values(part) and not any(map(_is_nested, part.values()))
        for part in parts.values()
    )


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list)


def _are_values(names: Iterable[str]) -> bool:
    """Whether names look like keys or moments rather than like names of fields or collections."""
    found = [not name.replace("_", "a").isalpha() for name in names]
    return sum(found) > 0.5 * len(found)


def sound(value: Any, tell: Callable[[str], None]) -> Any:
    """The value as JSON that every part of the house can hold; what is changed for that is told."""
    match value:
        case str():
            if value.isascii():
                return value
            try:
                value.encode()
            except UnicodeEncodeError:
                tell("half a letter")
                return value.encode("utf-8", "replace").decode()
            return value
        case bool() | None:
            return value
        case int():
            if -_WHOLE <= value < 2 * _WHOLE:
                return value
            tell("a number beyond 64 bits")
            return str(value)
        case float():
            if math.isfinite(value):
                return value
            tell("a number that is none")
            return None
        case Mapping():
            return {sound(str(name), tell): sound(part, tell) for name, part in value.items()}
        case list() | tuple():
            return [sound(part, tell) for part in value]
    return str(value)
