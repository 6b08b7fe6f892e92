"""Right packs with one thing changed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.schemas.values import json_values, texts

WORDS = st.sampled_from(
    ["id", "ship", "dock", "crate", "name", "args.id", "{args.id}", "{ship}", "{", "x-entity", "$ref", "null", "string"]
)


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place inside a JSON value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*at, key)
        yield from places(part, (*at, key))


@st.composite
def mutations(draw: st.DrawFn, pack: dict[str, Any]) -> dict[str, Any]:
    """The pack with one or two values replaced, removed, renamed or moved."""
    changed = copy.deepcopy(pack)
    for _ in range(draw(st.integers(1, 2))):
        every = list(places(changed))
        *path, last = draw(st.sampled_from(every))
        holder: Any = changed
        for part in path:
            holder = holder[part]
        value = draw(json_values | WORDS | st.just(Ellipsis))
        if value is Ellipsis:
            source: Any = pack
            for part in draw(st.sampled_from(list(places(pack)))):
                source = source[part]
            value = copy.deepcopy(source)
        match draw(st.sampled_from(["replace", "remove", "rename"])):
            case "remove":
                del holder[last]
            case "rename" if isinstance(holder, dict):
                holder[draw(texts | WORDS)] = holder.pop(last)
            case _:
                holder[last] = value
    return changed
