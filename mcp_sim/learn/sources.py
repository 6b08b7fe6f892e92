"""Values and paths as the text of expressions."""

from __future__ import annotations

import json
import re
from typing import Any

from mcp_sim.learn.tables import Path

_EXPRESSIBLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
KEYWORDS = {
    "and", "or", "not", "in", "is", "if", "else", "for", "lambda", "from", "class", "def", "import", "pass", "global",
    "with", "as", "assert", "async", "await", "break", "continue", "del", "elif", "except", "finally", "nonlocal",
    "raise", "return", "try", "while", "yield", "None", "True", "False",
}  # fmt: skip


def attribute(source: str, name: str) -> str:
    """A field of a value, as an expression."""
    if _EXPRESSIBLE.fullmatch(name) and name not in KEYWORDS:
        return f"{source}.{name}"
    return f"{source}[{literal(name)}]"


def literal(value: Any) -> str:
    """A JSON value as an expression."""
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def at_path(source: str, path: Path) -> str:
    """A path in a value, as an expression."""
    for name in path:
        source = attribute(source, name)
    return source


def safe_path(source: str, path: Path) -> str:
    """A path in a value that may be null, as an expression."""
    return f"at({source}, {', '.join(map(literal, path))})"
