"""A JSON value from a JSON Schema: small, fast, and the same for the same dice."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from random import Random
from typing import Any

from rstr import Rstr

from tests.worldmodel.adversary.chance import Dice

Path = tuple[str | int, ...]
"""Where a value stands: keys and positions from the top."""

_Exact = int | Fraction

_DETOURS = {"$ref", "allOf", "anyOf", "oneOf"}
_BOUNDS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
_DEEP = 4
_DEEPEST = 40
_SPAN = 1000
_SAMPLES = 64
_WORDS = (
    "amber",
    "basalt",
    "copper",
    "dune",
    "ember",
    "frost",
    "granite",
    "harbour",
    "iron",
    "juniper",
    "kelp",
    "lumen",
)
_FORMATS = {
    "date-time": "2030-05-06T08:{:02}:00Z",
    "date": "2030-05-{:02}",
    "time": "08:{:02}:00Z",
    "email": "crew{}@colony.example",
    "uri": "https://colony.example/{}",
    "uuid": "0b9f6a52-5c1e-4d7a-9f3e-0000000000{:02}",
    "ipv4": "10.0.0.{}",
    "hostname": "node{}.colony.example",
    "duration": "PT{}H",
}


def invent(schema: Any, dice: Dice) -> tuple[Any, dict[Path, dict[str, Any]]]:
    """A value that the schema allows, and the part of the schema that each place in it was made from.

    It knows type, enum, const, properties, required, additionalProperties, min- and maxProperties, items, prefixItems,
    min- and maxItems, uniqueItems, bounds, multipleOf, min- and maxLength, pattern, the common formats, anyOf, oneOf,
    allOf and $ref within the schema; it takes no notice of anything else.
    """
    invention = _Invention(schema, dice)
    return invention.value(schema, ()), invention.places


class _Invention:
    def __init__(self, root: Any, dice: Dice) -> None:
        self._root = root
        self._dice = dice
        self.places: dict[Path, dict[str, Any]] = {}

    def value(self, schema: Any, path: Path) -> Any:
        schema = self._flat(schema, len(path))
        self.places[path] = schema
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._dice.choice(schema["enum"])
        match _type(schema, self._dice):
            case "object":
                return self._object(schema, path)
            case "array":
                return self._array(schema, path)
            case "integer":
                return self._integer(schema)
            case "number":
                return self._number(schema)
            case "boolean":
                return self._dice.below(2) == 1
            case "null":
                return None
            case _:
                return self._text(schema)

    def _flat(self, schema: Any, depth: int) -> dict[str, Any]:
        """Without $ref, allOf, anyOf and oneOf: one of the ways to satisfy it."""
        for _ in range(_DEEPEST):
            if not isinstance(schema, dict):
                return {}
            if _DETOURS.isdisjoint(schema):
                return schema
            rest = dict(schema)
            if "$ref" in schema:
                schema = _merged(_at_pointer(self._root, rest.pop("$ref")), rest)
            elif "allOf" in schema:
                for part in rest.pop("allOf"):
                    rest = _merged(rest, part)
                schema = rest
            else:
                options = rest.pop("anyOf" if "anyOf" in schema else "oneOf")
                schema = _merged(rest, min(options, key=_weight) if depth >= _DEEP else self._dice.choice(options))
        return {}

    def _object(self, schema: dict[str, Any], path: Path) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = schema.get("required", ())
        further = schema.get("additionalProperties", True)
        room = schema.get("maxProperties", math.inf) - len(required)
        names = [name for name in required if name not in properties]
        for name in properties:
            if name in required:
                names.append(name)
            elif room > 0 and len(path) < _DEEP and properties[name] is not False and self._dice.below(4):
                names.append(name)
                room -= 1
        least = schema.get("minProperties", 1 if isinstance(further, dict) and not properties else 0)
        if len(names) < least:
            names += [name for name in properties if name not in names][: least - len(names)]
            names += [f"{_WORDS[number % len(_WORDS)]}_{number}" for number in range(least - len(names))]
        return {name: self.value(properties.get(name, further), (*path, name)) for name in names}

    def _array(self, schema: dict[str, Any], path: Path) -> list[Any]:
        first = schema.get("prefixItems", ())
        items = schema.get("items", True)
        most = schema.get("maxItems", math.inf)
        if items is False:
            most = min(most, len(first))
        least = schema.get("minItems", min(most, 1) if len(path) < _DEEP else 0)
        length = self._dice.between(int(least), int(min(most, max(least, 3 if len(path) < _DEEP else 0))))
        found: list[Any] = []
        for _ in range(length if not schema.get("uniqueItems") else 20 * length):
            position = len(found)
            if position == length:
                break
            item = self.value(first[position] if position < len(first) else items, (*path, position))
            if not schema.get("uniqueItems") or not _holds(found, item):
                found.append(item)
            else:
                self._forget((*path, position))
        return found

    def _forget(self, path: Path) -> None:
        """Nothing stands there after all."""
        self.places = {place: part for place, part in self.places.items() if place[: len(path)] != path}

    def _integer(self, schema: dict[str, Any]) -> int:
        if _BOUNDS.isdisjoint(schema):
            return self._dice.below(_SPAN)
        step = _multiple(schema).numerator
        low, high = _bounds(schema)
        first, last = -int(-low // step), int(high // step)
        first += "exclusiveMinimum" in schema and first * step <= schema["exclusiveMinimum"]
        last -= "exclusiveMaximum" in schema and last * step >= schema["exclusiveMaximum"]
        return self._dice.between(first, max(first, last)) * step

    def _number(self, schema: dict[str, Any]) -> float:
        low, high = _bounds(schema)
        if "multipleOf" in schema:
            step = _multiple(schema)
            return float(self._dice.between(-int(-low // step), int(high // step)) * step)
        value = float(low + (high - low) * Fraction(1 + self._dice.below(999), 1001))
        short = round(value, 2)
        return short if low < short < high else value

    def _text(self, schema: dict[str, Any]) -> str:
        dice = self._dice
        if "pattern" in schema:
            return dice.choice(_matching(schema["pattern"]))
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]].format(dice.between(10, 28))
        text = " ".join([dice.choice(_WORDS) for _ in range(dice.between(1, 3))])
        least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
        if len(text) < least:
            text = (text * (1 + least // len(text)))[:least]
        return text if len(text) <= most else text[: int(most)]


@lru_cache(maxsize=256)
def _matching(pattern: str) -> tuple[str, ...]:
    """Texts of a pattern: made once, because that takes longer than all the rest of an answer."""
    maker = Rstr(Random(pattern))
    return tuple(str(maker.xeger(pattern)) for _ in range(_SAMPLES))


def _type(schema: dict[str, Any], dice: Dice) -> str:
    kind = schema.get("type")
    if isinstance(kind, str):
        return kind
    if kind:
        return str(dice.choice(kind))
    for kind, words in _HINTS.items():
        if not words.isdisjoint(schema):
            return kind
    return "string"


_HINTS = {
    "object": {"properties", "required", "minProperties"},
    "array": {"items", "prefixItems", "minItems", "maxItems", "uniqueItems"},
    "number": _BOUNDS,
}


def _bounds(schema: dict[str, Any]) -> tuple[_Exact, _Exact]:
    """The least and the greatest number, as the schema writes them, or a span like that of everyday numbers."""
    lows = [_exact(schema[word]) for word in ("minimum", "exclusiveMinimum") if word in schema]
    highs = [_exact(schema[word]) for word in ("maximum", "exclusiveMaximum") if word in schema]
    if lows:
        low = max(lows)
        return low, min(highs, default=low + _SPAN)
    high = min(highs, default=_SPAN)
    return min(0, high - _SPAN), high


def _multiple(schema: dict[str, Any]) -> _Exact:
    return _exact(schema.get("multipleOf", 1))


def _exact(number: float) -> _Exact:
    return number if isinstance(number, int) else Fraction(str(number))


def _holds(found: list[Any], item: Any) -> bool:
    return any(item == other and type(item) is type(other) for other in found)


def _weight(schema: Any) -> int:
    """The smaller, the sooner it ends."""
    return len(str(schema)) + 1000 * any(word in schema for word in ("$ref", "properties", "items"))


def _at_pointer(root: Any, pointer: str) -> Any:
    found = root
    for part in pointer.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        found = found[int(name)] if isinstance(found, list) else found[name]
    return found


def _merged(one: Any, other: Any) -> dict[str, Any]:
    """What satisfies both, as far as the two are about different things."""
    if not isinstance(one, dict):
        return dict(other) if isinstance(other, dict) else {}
    both = dict(one)
    for word, part in other.items() if isinstance(other, dict) else ():
        if word not in both:
            both[word] = part
        elif word == "properties":
            names = both[word] | part
            both[word] = {
                name: {"allOf": [both[word][name], part[name]]} if name in both[word] and name in part else names[name]
                for name in names
            }
        elif word == "required":
            both[word] = list(dict.fromkeys([*both[word], *part]))
        elif word in _RISING:
            both[word] = max(both[word], part)
        elif word in _FALLING:
            both[word] = min(both[word], part)
        elif word == "enum":
            both[word] = [option for option in both[word] if option in part] or part
        elif word in ("anyOf", "oneOf"):
            both["allOf"] = [*both.get("allOf", ()), {word: part}]
        else:
            both[word] = part
    return both


_RISING = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_FALLING = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
