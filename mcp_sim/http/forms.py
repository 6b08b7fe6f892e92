"""Names that nest, as forms and query strings have them: `card[number]=4242&items[0][sku]=a&tags[]=b`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_PARTS = re.compile(r"\[([^\[\]]*)\]")
_DEEP = 30


def nested(pairs: Iterable[tuple[str, str]], plain: Iterable[str] = ()) -> dict[str, Any]:
    """The values that names with brackets lead into; a `plain` name means itself, brackets or not.

    A name that stands more than once is a list of all its texts, in order.
    """
    plain = set(plain)
    found: dict[str, Any] = {}
    for name, text in pairs:
        match = None if name in plain else _NAME.fullmatch(name)
        steps = [name] if match is None else [match[1], *_PARTS.findall(match[2])[:_DEEP]]
        _put(found, steps, text)
    return {name: _listed(value) for name, value in found.items()}


def _put(into: dict[str, Any], steps: list[str], text: str) -> None:
    step, *rest = steps
    step = step or _next(into, rest)
    if rest:
        inner = into.get(step)
        if not isinstance(inner, dict):
            inner = into[step] = {}
        _put(inner, rest, text)
    elif step in into:
        before = into[step]
        into[step] = [*before, text] if isinstance(before, list) else [before, text]
    else:
        into[step] = text


def _next(into: dict[str, Any], rest: list[str]) -> str:
    """Which item `[]` means: the last, as long as it lacks what comes next, else a new one."""
    last = str(len(into) - 1)
    opened = into.get(last)
    return last if rest and isinstance(opened, dict) and rest[0] not in opened else str(len(into))


def _listed(value: Any) -> Any:
    """The value, objects whose names count from zero on being lists."""
    if not isinstance(value, dict):
        return value
    parts = {name: _listed(part) for name, part in value.items()}
    if parts and all(name == str(n) for n, name in enumerate(parts)):
        return list(parts.values())
    return parts
