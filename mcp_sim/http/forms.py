"""Names that nest, as forms and query strings have them: `card[number]=4242&items[0][sku]=a&tags[]=b`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_DEEP = 30


def nested(pairs: Iterable[tuple[str, str]], plain: Iterable[str] = ()) -> dict[str, Any]:
    """The values that names with brackets lead into; a `plain` name means itself, brackets or not.

    A name that stands more than once is a list of all its texts, in order.
    """
    plain = set(plain)
    found: dict[str, Any] = {}
    for name, text in pairs:
        _put(found, [name] if name in plain else _steps(name), text)
    return {name: _listed(value) for name, value in found.items()}


def _steps(name: str) -> list[str]:
    """`a[b][c]` taken apart."""
    root, bracket, rest = name.partition("[")
    if not root or not bracket or not rest.endswith("]"):
        return [name]
    return [root, *rest.removesuffix("]").split("][", _DEEP)]


def _put(into: dict[str, Any], steps: list[str], text: str) -> None:
    step, *rest = steps
    if rest:
        inner = into.get(step)
        if not isinstance(inner, dict):
            inner = into[step] = {}
        _put(inner, [rest[0] or _next(inner, rest[1:]), *rest[1:]], text)
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
