"""The functions that expressions may call: JSON values in, JSON values of bounded size out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from statistics import fmean
from typing import Any

from simpleeval import InvalidExpression, simple_eval

from schemas.rows import key_text
from store.matching import sort_key
from store.overlay import Overlay

MAX_ITEMS = 10_000
MAX_TEXT = 100_000
_ARITHMETIC = re.compile(r"[0-9+\-*/(). ]*[0-9][0-9+\-*/(). ]*")


def field_of(container: Any, name: str) -> Any:
    """A field of an object; a missing one is null."""
    if isinstance(container, dict):
        return container.get(name)
    raise TypeError(f"{_kind(container)} has no field '{name}'")


def _kind(value: Any) -> str:
    kinds = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list"}
    return kinds.get(type(value), type(value).__name__)


def _number(value: Any) -> Any:
    """The value, unless it is a number that JSON does not have or 64 bits do not hold."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("the result is not a finite number")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValueError("the result does not fit into 64 bits")
    return value


def within_bounds(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its result refused when it is a number that JSON does not have or 64 bits do not hold."""

    def checked(*arguments: Any) -> Any:
        return _number(function(*arguments))

    return checked


def text_keys(value: dict[Any, Any]) -> dict[str, Any]:
    """The object, unless a key of it is no text."""
    if not all(isinstance(key, str) for key in value):
        raise TypeError("the keys of an object are texts; write str(x)")
    return value


def bounded_text(text: str) -> str:
    """The text, unless it is too long."""
    if len(text) > MAX_TEXT:
        raise ValueError(f"more than {MAX_TEXT:,} characters")
    return text


def _bounded(items: Any) -> list[Any]:
    found = list(items)
    if len(found) > MAX_ITEMS:
        raise ValueError(f"more than {MAX_ITEMS} items")
    return found


def _range(*bounds: int) -> list[int]:
    numbers = range(*bounds)
    if len(numbers) > MAX_ITEMS:
        raise ValueError(f"range is longer than {MAX_ITEMS}")
    return list(numbers)


def as_text(value: Any) -> str:
    """A value as people read it: text as it is, null as nothing, everything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else key_text(value)


def _sorted(items: Any, by: str | None = None, reverse: bool = False) -> list[Any]:
    return sorted(items, key=lambda item: sort_key(item if by is None else field_of(item, by)), reverse=reverse)


def _identity(value: Any) -> tuple[bool, str]:
    """Equal for equal JSON: 1 and 1.0, but not 1 and "1"."""
    return isinstance(value, str), key_text(value)


def _unique(items: Any) -> list[Any]:
    found: dict[tuple[bool, str], Any] = {}
    for item in items:
        found.setdefault(_identity(item), item)
    return list(found.values())


def _group(rows: Any, field: str) -> list[dict[str, Any]]:
    groups: dict[tuple[bool, str], dict[str, Any]] = {}
    for row in rows:
        key = field_of(row, field)
        groups.setdefault(_identity(key), {"key": key, "items": []})["items"].append(row)
    return list(groups.values())


def _mean(numbers: Any) -> float | None:
    found = list(numbers)
    return fmean(found) if found else None


def _overlaid(*objects: Any) -> Any:
    """Objects merged at every depth, later ones over earlier ones; null says nothing."""
    found: Any = None
    for part in objects:
        if isinstance(found, dict) and isinstance(part, dict):
            found = {**found, **{name: _overlaid(found.get(name), value) for name, value in part.items()}}
        elif part is not None:
            found = part
    return found


def _merge(*objects: dict[str, Any] | None) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in objects:
        merged.update(part or {})
    return merged


def _moment(time: str) -> datetime:
    text = time.upper().replace("Z", "+00:00").replace(":60", ":59", 1)  # RFC 3339 allows lower case and leap seconds
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _later(time: str, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> str:
    moment = _moment(time) + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    precision = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def _replace(text: str, old: str, new: str) -> str:
    if not old or len(text) + text.count(old) * len(new) > MAX_TEXT:
        raise ValueError(f"replace needs a text to look for, and a result of at most {MAX_TEXT:,} characters")
    return text.replace(old, new)


def _at(value: Any, *path: Any) -> Any:
    """What stands at a path of names and numbers; null where any part of it is missing."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and -len(value) <= part < len(value):
            value = value[part]
        else:
            return None
    return value


def _entry(table: Any, *keys: Any) -> Any:
    """What a table holds under some keys, one within the other; it has no value where a key is not in it."""
    for key in keys:
        at = str(key).lower() if isinstance(key, bool) else key
        if not isinstance(table, dict) or at not in table:
            raise ValueError(f"the table holds nothing under '{at}'")
        table = table[at]
    return table


def _calculate(text: Any) -> float | None:
    """What a text of numbers, `+ - * / ( )` comes to, rounded to 2 places; null where it is none."""
    if not isinstance(text, str) or len(text) > 1000 or not _ARITHMETIC.fullmatch(text):
        return None
    try:
        found = simple_eval(text)
        return float(_number(round(float(found), 2)))
    except (InvalidExpression, ArithmeticError, SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
        return None


def _pad(value: Any, width: int) -> str:
    return as_text(value).zfill(min(width, 64))


def _join(items: Any, separator: str = ", ") -> str:
    return bounded_text(separator.join(map(as_text, _bounded(items))))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "len": len,
    "sum": within_bounds(sum),
    "min": min,
    "max": max,
    "round": within_bounds(round),
    "abs": within_bounds(abs),
    "sorted": _sorted,
    "any": any,
    "all": all,
    "int": within_bounds(int),
    "float": within_bounds(float),
    "str": as_text,
    "bool": bool,
    "range": _range,
    "enumerate": lambda items: [list(pair) for pair in enumerate(_bounded(items))],
    "zip": lambda *lists: [list(group) for group in zip(*lists, strict=False)],
    "lower": lambda text: as_text(text).lower(),
    "upper": lambda text: as_text(text).upper(),
    "strip": lambda text: as_text(text).strip(),
    "split": lambda text, separator=None: as_text(text).split(separator),
    "join": _join,
    "replace": _replace,
    "starts_with": lambda text, prefix: as_text(text).startswith(prefix),
    "ends_with": lambda text, suffix: as_text(text).endswith(suffix),
    "pad": _pad,
    "at": _at,
    "entry": _entry,
    "calculate": _calculate,
    "unique": _unique,
    "flatten": lambda lists: _bounded(item for inner in lists for item in inner),
    "group": _group,
    "mean": within_bounds(_mean),
    "first": lambda items: next(iter(items), None),
    "last": lambda items: next(iter(reversed(items)), None),
    "merge": _merge,
    "overlaid": _overlaid,
    "keys": list,
    "values": lambda mapping: list(mapping.values()),
    "without": lambda mapping, *fields: {key: value for key, value in mapping.items() if key not in fields},
    "pick": lambda mapping, *fields: {key: mapping[key] for key in fields if key in mapping},
    "later": _later,
    "seconds_between": lambda one, other: (_moment(other) - _moment(one)).total_seconds(),
    "utc": _later,
    "date": lambda time: _later(time)[:10],
}


def functions_over(view: Overlay) -> dict[str, Callable[..., Any]]:
    """The functions that read rows."""

    def get(entity: str, key: Any) -> Any:
        return None if key is None else view.get(entity, key_text(key))

    def find(entity: str, /, **match: Any) -> list[Any]:
        try:
            return view.query(entity, match)
        except KeyError:
            raise ValueError(f"no entity '{entity}'") from None

    def count(entity: str, /, **match: Any) -> int:
        return view.count(entity, match)

    def referrers(entity: str, key: Any) -> list[dict[str, Any]]:
        found = view.referrers(entity, key_text(key))
        return [{"entity": name, "path": path, "row": row} for name, path, row in found]

    def random_int(purpose: str, low: int, high: int) -> int:
        return low + view.random(purpose) % (high - low + 1)

    return {"get": get, "find": find, "count": count, "referrers": referrers, "random_int": random_int}
