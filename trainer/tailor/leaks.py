"""What training records may not share with what is held out: tool schemas, ids, and bodies of answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from schemas.definitions import INPUTS
from store.traces.importers import Tell
from store.traces.importers.lines import lines
from trainer.tailor.duplicates import Neighbours
from trainer.tailor.index import Entry
from trainer.tailor.recipe import Contamination
from trainer.tailor.signature import LONG, PERMUTATIONS, body_hashes, ids_of, minhash, plain, schema_hash, short

_LIKE = 0.8
"""Likeness from which on an answer is that of a named file in other words."""


@dataclass
class HeldOut:
    """What is held out, by what it is recognised."""

    settings: Contamination
    schemas: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    bodies: set[str] = field(default_factory=set)
    _near: Neighbours = field(default_factory=lambda: Neighbours(_LIKE))

    def take(self, entry: Entry) -> None:
        """Hold out a record."""
        self.schemas |= {entry.schema} - {""}
        self.ids.update(entry.ids)
        self.bodies.update(entry.bodies)
        for body in _each(entry.body):
            self._near.add(body)

    def read(self, path: Path, tell: Tell) -> None:
        """Hold out what a file holds: JSON Lines, JSON, or plain text, packed or not."""
        for line in lines(path, tell):
            try:
                value: Any = orjson.loads(line.text)
            except orjson.JSONDecodeError:
                value = line.text.decode(errors="replace")
            for text in _texts(value):
                self.ids.update(short(found.encode()) for found in ids_of(text))
                self.bodies.update(body_hashes(text))
                if len(text) >= LONG:
                    self._near.add(minhash(plain(text)))
            self.schemas.update(found for name, schema in _schemas(value) if (found := schema_hash(name, schema)))

    def leak(self, entry: Entry) -> str:
        """By what a training record gives away what is held out; empty if by nothing."""
        if self.settings.schemas and entry.schema in self.schemas:
            return "schema"
        if self.settings.ids and not self.ids.isdisjoint(entry.ids):
            return "id"
        if self.settings.bodies:
            if not self.bodies.isdisjoint(entry.bodies):
                return "body"
            if any(self._near.nearest(body) is not None for body in _each(entry.body)):
                return "near-body"
        return ""


def held_out(settings: Contamination, entries: Iterable[Entry], files: Iterable[Path], tell: Tell) -> HeldOut:
    """What these records and files hold."""
    found = HeldOut(settings)
    for entry in entries:
        found.take(entry)
    for path in files:
        found.read(path, tell)
    return found


def _each(hashes: bytes) -> Iterator[bytes]:
    size = 4 * PERMUTATIONS
    return (hashes[at : at + size] for at in range(0, len(hashes), size))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value


def _schemas(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        name = value.get("name")
        if isinstance(name, str):
            yield from ((name, value[word]) for word in INPUTS if isinstance(value.get(word), dict))
        for part in value.values():
            yield from _schemas(part)
    elif isinstance(value, list):
        for part in value:
            yield from _schemas(part)
