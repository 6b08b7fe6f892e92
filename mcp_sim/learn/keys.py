"""What identifies rows: which names speak of keys, and which values can be some."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from schemas.rows import MAX_KEY, is_key, is_normal, key_text

_KEYS = {"id", "key", "uuid", "guid", "code", "number", "no", "slug", "sku"}


def names_key(name: str) -> bool:
    """Whether the name of a field says that it identifies something."""
    return re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())[-1] in _KEYS


def can_be_keys(values: Iterable[Any]) -> bool:
    """Whether all these values may be keys of rows: texts or whole numbers, not too long, written in one way."""
    return all(is_key(v) and 0 < len(key_text(v)) <= MAX_KEY and is_normal(key_text(v)) for v in values)


def can_be_field(name: str) -> bool:
    """Whether a field may be declared under this name."""
    return bool(name) and name.isprintable() and name[:1] not in "!=?" and not set(name) & set('"\\.')
