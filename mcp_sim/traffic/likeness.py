"""Values that differ from run to run: ids and times that an agent makes up itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?|\d\d:\d\d(:\d\d)?|"
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? \w{3} \d{4} \d\d:\d\d:\d\d \w+"
)
_TOKEN = re.compile(r"(?=[^\s]*\d)[A-Za-z0-9_.:~-]{8,200}")
_EPOCHS = ((10**9, 10**10), (10**12, 10**13), (10**15, 10**16), (10**18, 10**19))
_RUNS = (re.compile("[A-Za-z]+"), re.compile("[0-9]+"))


def may_stand_for(recorded: Any, sent: Any) -> bool:
    """Whether what is sent may be what another run would have sent in the place of what was recorded."""
    if isinstance(recorded, str) and isinstance(sent, str):
        for pattern in (_UUID, _TIME):
            if pattern.fullmatch(recorded) or pattern.fullmatch(sent):
                return bool(pattern.fullmatch(recorded) and pattern.fullmatch(sent))
        return bool(_TOKEN.fullmatch(recorded) and _TOKEN.fullmatch(sent) and _alike(recorded, sent))
    if isinstance(recorded, bool) or isinstance(sent, bool):
        return False
    if isinstance(recorded, int | float) and isinstance(sent, int | float):
        return any(low <= recorded < high and low <= sent < high for low, high in _EPOCHS)
    return False


def _alike(left: str, right: str) -> bool:
    """Whether two tokens are of one make: random throughout, or the same words around other numbers."""
    words = [re.sub(r"\d+", "0", text) for text in (left, right)]
    if words[0] == words[1]:
        return True
    mixed = all(len(text) >= 12 and len(_RUNS[1].findall(text)) >= 3 for text in (left, right))
    return mixed and abs(len(left) - len(right)) <= 2


def paired(recorded: Any, sent: Any) -> list[tuple[Any, Any]] | None:
    """The pairs of scalars in which two JSON values of one form differ; None where their forms differ."""
    if isinstance(recorded, dict) and isinstance(sent, dict):
        if recorded.keys() != sent.keys():
            return None
        parts = [paired(recorded[name], sent[name]) for name in recorded]
    elif isinstance(recorded, list) and isinstance(sent, list):
        if len(recorded) != len(sent):
            return None
        parts = [paired(left, right) for left, right in zip(recorded, sent, strict=True)]
    elif isinstance(recorded, dict | list) or isinstance(sent, dict | list):
        return None
    else:
        return [] if recorded == sent and isinstance(recorded, bool) == isinstance(sent, bool) else [(recorded, sent)]
    return None if None in parts else [pair for part in parts if part is not None for pair in part]


def translated(value: Any, words: Mapping[Any, Any]) -> Any:
    """A JSON value with other words for some: whole scalars, and whole words inside texts."""
    if not words:
        return value
    if isinstance(value, dict):
        return {str(translated(name, words)): translated(part, words) for name, part in value.items()}
    if isinstance(value, list):
        return [translated(part, words) for part in value]
    if isinstance(value, str):
        for old, new in words.items():
            text = str(old)
            if text in value:
                value = re.sub(rf"(?<![\w-]){re.escape(text)}(?![\w-])", str(new).replace("\\", r"\\"), value)
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return words.get(value, value)
    return value
