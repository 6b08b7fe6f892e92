"""Places in JSON: read what stands there, or put something else there without touching the original."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.anatomy import EACH, Path

Place = tuple[str | int, ...]


def at(content: Any, place: Place | Path) -> Any:
    """What stands at a place, or None."""
    for part in place:
        if isinstance(content, dict) and isinstance(part, str):
            content = content.get(part)
        elif isinstance(content, list) and isinstance(part, int) and 0 <= part < len(content):
            content = content[part]
        else:
            return None
    return content


def put(content: Any, place: Place | Path, value: Any) -> Any:
    """The content with another value at a place, which is there."""
    if not place:
        return value
    first, rest = place[0], place[1:]
    if isinstance(content, dict):
        return {name: put(part, rest, value) if name == first else part for name, part in content.items()}
    return [put(part, rest, value) if index == first else part for index, part in enumerate(content)]


def places(content: Any, path: Path, so_far: Place = ()) -> Iterator[Place]:
    """Where a path leads in this content: once for every item of the lists that it passes through."""
    if not path:
        yield so_far
    elif path[0] == EACH:
        for index, part in enumerate(content if isinstance(content, list) else ()):
            yield from places(part, path[1:], (*so_far, index))
    elif isinstance(content, dict) and path[0] in content:
        yield from places(content[path[0]], path[1:], (*so_far, path[0]))
