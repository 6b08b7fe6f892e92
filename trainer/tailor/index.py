"""The records that were made, each with what decides about it, without the records themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from sys import intern

import orjson

from trainer.tailor.signature import near_of
from trainer.tailor.workshop import Workshop, read_lines

_OFTEN = ("unit", "intent", "domain", "server", "session", "template", "turn_class", "source", "schema")
"""What is the same for many entries, and is held once."""


@dataclass(slots=True)
class Entry:
    """One record: where it stands, what it is about, and what it is compared by."""

    unit: str
    offset: int
    length: int
    id: str
    intent: str
    domain: str
    server: str
    session: str
    template: str
    turn_class: str
    source: str
    characters: int
    learned: int
    exact: str
    near: bytes
    bodies: tuple[str, ...]
    body: bytes
    ids: tuple[str, ...]
    schema: str


def entries(shop: Workshop, units: Iterable[str]) -> Iterator[Entry]:
    """The entries of units, in their order."""
    for unit in units:
        for line in read_lines(shop.made(unit, "index.jsonl")):
            found = orjson.loads(line)
            found |= {name: intern(found[name]) for name in _OFTEN}
            found |= {"near": near_of(found["near"]), "body": near_of(found["body"])}
            found |= {"bodies": tuple(found["bodies"]), "ids": tuple(found["ids"])}
            yield Entry(**found)
