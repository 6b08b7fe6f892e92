"""An answer in the making: what the model says, and what is data in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from tests.worldmodel.adversary.chance import Dice
from tests.worldmodel.adversary.invention import Path, invent

OBSERVATION = "**Environment Observation:**\n"
"""What stands before the data where no schema was given."""

NO_SCHEMA = object()
"""The request does not say what form the data shall have."""

_HOLE = "\x1ahole"
_ID = re.compile(r"[A-Za-z]{1,8}[-_]?\d+([-_]\d+)*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID_KEY = re.compile(r"(^|_)ids?$|[a-z]Ids?$")


@dataclass(frozen=True, slots=True)
class Draft:
    """What one choice of a completion says.

    Attributes:
        lead: text before the data.
        data: the data as text.
        value: the data; meaningless where `is_json` is false.
        schema: what the request allows, or NO_SCHEMA.
        places: for each place in the value the part of the schema that it was made from.
        finish: "stop", or "length" where the text is cut.
        reasoning: thoughts that stand in a field of their own.
    """

    lead: str
    data: str
    value: Any
    schema: Any
    places: dict[Path, dict[str, Any]] = field(default_factory=dict)
    is_json: bool = True
    finish: str = "stop"
    reasoning: str = ""

    @classmethod
    def invented(cls, schema: Any, dice: Dice) -> Draft:
        """Data that the schema allows."""
        value, places = invent(schema, dice)
        return cls("", dumps(value), value, schema, places)

    @classmethod
    def written(cls, text: str) -> Draft:
        """A text from elsewhere; what follows the marker of an observation is data, if it is JSON."""
        lead, marker, data = text.rpartition(OBSERVATION)
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            return cls(lead + marker, data, None, NO_SCHEMA, is_json=False)
        return cls(lead + marker, data, value, NO_SCHEMA, {path: {} for path in paths(value)})

    @property
    def text(self) -> str:
        """Everything that it says."""
        return self.lead + self.data

    def saying(self, data: str, lead: str | None = None, finish: str = "stop") -> Draft:
        """The same with other text."""
        return replace(self, data=data, lead=self.lead if lead is None else lead, finish=finish)

    def holding(self, changed: dict[Path, Any]) -> Draft:
        """The same with other values at some places."""
        value = self.changed(changed)
        return replace(self, value=value, data=dumps(value))

    def splicing(self, path: Path, raw: str) -> Draft:
        """The same with raw text, JSON or not, at one place."""
        return replace(self, data=dumps(self.changed({path: _HOLE})).replace(json.dumps(_HOLE), raw))

    def changed(self, changed: dict[Path, Any]) -> Any:
        """The value with others at some places."""
        value = orjson.loads(dumps(self.value))
        for path, new in changed.items():
            if not path:
                return new
            at(value, path[:-1])[path[-1]] = new
        return value

    def breaks(self, value: Any) -> bool:
        """Whether the schema forbids this value. Where there is none, nothing is allowed but what was."""
        if self.schema is NO_SCHEMA:
            return bool(value != self.value)
        return not _validator(orjson.dumps(self.schema)).is_valid(value)

    def leaves(self, kind: type | tuple[type, ...] = object) -> list[Path]:
        """Where a value without parts stands, of this type."""
        found = ((path, at(self.value, path)) for path in self.places)
        return [path for path, value in found if isinstance(value, kind) and not isinstance(value, dict | list)]

    def objects(self) -> list[Path]:
        """Where an object with something in it stands."""
        return [path for path in self.places if isinstance(at(self.value, path), dict) and at(self.value, path)]

    def ids(self) -> list[Path]:
        """Where something stands that looks like the id of a thing: by its key, or by itself."""
        return [path for path in self.leaves((str, int)) if self._is_id(path)]

    def chosen(self) -> list[Path]:
        """Where a text or a number stands that the schema lists."""
        return [path for path in self.leaves((str, int)) if "enum" in self.places[path]]

    def _is_id(self, path: Path) -> bool:
        value = at(self.value, path)
        key = next((part for part in reversed(path) if isinstance(part, str)), "")
        named = _ID_KEY.search(key) is not None
        return not isinstance(value, bool) and (named or (isinstance(value, str) and _ID.fullmatch(value) is not None))


def at(value: Any, path: Iterable[str | int]) -> Any:
    """What stands at a place."""
    for part in path:
        value = value[part]
    return value


def dumps(value: Any) -> str:
    """JSON text, of numbers of any size too."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a value, the top first."""
    yield path
    parts: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for part, inner in parts:
        yield from paths(inner, (*path, part))


@lru_cache(maxsize=256)
def _validator(schema: bytes) -> Any:
    return jsonschema_rs.validator_for(orjson.loads(schema))
