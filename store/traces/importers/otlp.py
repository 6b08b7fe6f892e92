"""Attributes as OTLP writes them in JSON."""

from __future__ import annotations

from typing import Any


def attributes(found: Any) -> dict[str, Any]:
    """Names and plain values of a list of attributes.

    Raises:
        TypeError, KeyError, ValueError: it is not a list of attributes.
    """
    return {str(one["key"]): _plain(one.get("value")) for one in found or ()}


def _plain(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        return None
    kind, inner = next(iter(value.items()))
    match kind:
        case "intValue":
            return int(inner)
        case "arrayValue":
            return [_plain(one) for one in inner.get("values") or ()]
        case "kvlistValue":
            return attributes(inner.get("values"))
        case _:
            return inner
