"""What values have in common, as one template over the arguments they came with; what differs is left out."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from schemas.canonical import canonical

Path = tuple[str, ...]
Pair = tuple[dict[str, Any], Any]
UNKNOWN: Final = object()
"""What nothing is known of."""
_USUALLY = 0.5
"""The share of objects in which more have to have a field for it to be taken for one of theirs."""
_DEEP = 5
_LONG = 20
_MANY = 4
"""Values from which on one that more than half of them are is taken for the usual one."""
Usual = Callable[[Path, Any], bool]
_MARK = "\0"


def _nothing(_path: Path, _value: Any) -> bool:
    return False


def induced(pairs: list[Pair], near: Path = (), usual: Usual = _nothing) -> Any:
    """The template of the values of these (arguments, value), or `UNKNOWN`.

    A value that differs from pair to pair has to be that of an argument; one that is nearly always the same is a
    constant. Of a single pair, only what looks like no id, time or measure counts, and what is `usual` under its name.
    """
    values = [value for _, value in pairs]
    if all(isinstance(value, dict) for value in values):
        return _fields(pairs, near, usual)
    if not any(isinstance(value, dict | list) for value in values):
        source = _source(pairs, near)
        if source is not None:
            return "{" + expression(source) + "}"
    if len(pairs) == 1 and not is_plain(values[0]) and usual(near, values[0]):
        return constant(values[0])
    most = _most(values)
    if most is not UNKNOWN and (len(pairs) > 1 or is_plain(most)):
        return constant(most)
    if all(isinstance(value, list) and 0 < len(value) == len(values[0]) <= _LONG for value in values):
        items = [
            induced([(arguments, value[n]) for arguments, value in pairs], near, usual) for n in range(len(values[0]))
        ]
        return UNKNOWN if any(item is UNKNOWN or item == {} for item in items) else items
    if all(isinstance(value, str) for value in values):
        return _text(pairs)
    return UNKNOWN


def _most(values: list[Any]) -> Any:
    """The value that all have, or more than half of many."""
    forms = [canonical(value) for value in values]
    form, count = Counter(forms).most_common(1)[0]
    enough = count == len(values) or (len(values) >= _MANY and 2 * count > len(values))
    return values[forms.index(form)] if enough else UNKNOWN


def expression(path: Path) -> str:
    """The argument at a path."""
    first, *rest = path
    if not rest and first.isidentifier() and not keyword.iskeyword(first):
        return f"args.{first}"
    return f"at(args, {', '.join(map(repr, path))})"


def constant(value: Any) -> Any:
    """A value as a template that stands for itself."""
    if isinstance(value, str):
        return value.replace("{", "{{").replace("}", "}}")
    if isinstance(value, list):
        return [constant(part) for part in value]
    if isinstance(value, dict):
        return {name: constant(part) for name, part in value.items()}
    return value


def is_plain(value: Any) -> bool:
    """Whether a value is like those that are always the same: a flag, a small number, a word; nothing but such."""
    if isinstance(value, str):
        return re.fullmatch(r"[A-Za-z][A-Za-z _.-]{0,40}|", value) is not None
    if isinstance(value, list):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(map(is_plain, value.values()))
    return value is None or isinstance(value, bool) or -10 <= value <= 100


def leaves_of(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """(path, scalar) for every scalar of an object; lists are passed over."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves_of(part, (*path, name))
    elif not isinstance(value, list):
        yield path, value


def _fields(pairs: list[Pair], near: Path, usual: Usual) -> Any:
    counts: dict[str, int] = {}
    for _, value in pairs:
        for name in value:
            counts[name] = counts.get(name, 0) + 1
    found: dict[str, Any] = {}
    for name, count in counts.items():
        if count <= _USUALLY * len(pairs):
            continue
        inner = induced([(arguments, value[name]) for arguments, value in pairs if name in value], (*near, name), usual)
        if inner is not UNKNOWN and (inner != {} or all(value.get(name) == {} for _, value in pairs)):
            found[name] = inner
    return found


def _source(pairs: list[Pair], near: Path) -> Path | None:
    """The argument that every value repeats: a telling value, or a field of the same name."""
    first_arguments, first = pairs[0]
    candidates = [path for path, given in leaves_of(first_arguments) if len(path) <= _DEEP and _same(given, first)]
    candidates = [
        path
        for path in candidates
        if _tells(first) or (near and path[-1] == near[-1])
        if all(_same(at_path(arguments, path), value) for arguments, value in pairs)
    ]
    return max(candidates, key=lambda path: (bool(near) and path[-1] == near[-1], -len(path))) if candidates else None


def _text(pairs: list[Pair]) -> Any:
    """A text that arguments stand in."""
    shapes: set[str] = set()
    paths: dict[Path, None] = {}
    for arguments, value in pairs:
        shape = value
        for path, given in sorted(leaves_of(arguments), key=lambda item: -len(str(item[1]))):
            text = str(given)
            if isinstance(given, str | int) and not isinstance(given, bool) and len(text) > 1 and text in shape:
                shape = shape.replace(text, f"{_MARK}{'/'.join(path)}{_MARK}")
                paths[path] = None
        shapes.add(shape)
    if len(shapes) != 1 or not paths:
        return UNKNOWN
    template: str = constant(shapes.pop())
    for path in paths:
        template = template.replace(f"{_MARK}{'/'.join(path)}{_MARK}", "{" + expression(path) + "}")
    return UNKNOWN if _MARK in template else template


def _tells(value: Any) -> bool:
    return (isinstance(value, str) and len(value) > 2) or (
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) > 1
    )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict | list) or isinstance(other, dict | list):
        return False
    return type(one) is type(other) and bool(one == other)


def at_path(arguments: dict[str, Any], path: Path) -> Any:
    """What stands at a path, or `UNKNOWN`."""
    value: Any = arguments
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return UNKNOWN
        value = value[name]
    return value
