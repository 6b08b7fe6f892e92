"""Canonical JSON: one value, one sequence of bytes."""

from __future__ import annotations

import math
from typing import Any

import orjson

_DIGITS = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
"""Every byte as a digit or not."""


def canonical(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces; dataclasses become objects.

    Raises:
        TypeError: the value is not JSON: an unknown type, a lone surrogate, an integer beyond 64 bits.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def json_problem(value: Any) -> str | None:
    """Why a value cannot be kept as JSON and found again, or None."""
    try:
        return unkept(value, canonical(value))
    except TypeError as error:
        return f"not plain JSON: {error}"


def unkept(value: Any, text: bytes) -> str | None:
    """Why a value cannot be kept and found again, with the pointer of the part to blame; `text` is its canonical JSON.

    No database keeps NaN, an integer beyond 64 signed bits, or NUL inside a text.
    """
    return _unkept(value, "") if _is_suspicious(text) else None


def _is_suspicious(text: bytes) -> bool:
    """Whether there may be NaN, which is written as null, a NUL, or a long integer."""
    return b"null" in text or b"\\u0000" in text or b"0" * 19 in text.translate(_DIGITS)


def _unkept(value: Any, at: str) -> str | None:
    match value:
        case float() if not math.isfinite(value):
            return f"{at}: NaN and Infinity are not JSON"
        case int() if not -(2**63) <= value < 2**63:
            return f"{at}: {value} does not fit into 64 bits"
        case str() if "\0" in value:
            return f"{at}: a text cannot hold NUL characters"
        case dict():
            named = next((f"{at}: a name cannot hold NUL characters" for name in value if "\0" in name), None)
            return named or next(
                (found for name, part in value.items() if (found := _unkept(part, f"{at}/{name}"))), None
            )
        case list() | tuple():
            return next((found for index, part in enumerate(value) if (found := _unkept(part, f"{at}/{index}"))), None)
    return None
