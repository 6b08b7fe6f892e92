"""Holds prompts and answers against the rows, read from the database file as another program would."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from schemas.types import World

At = tuple[str, str]
_ROW = "SELECT body FROM current_row WHERE session = ? AND entity = ? AND key = ?"
_RECORD = re.compile(r"^(\w+) (\{.*\})$", re.MULTILINE)


class Witness:
    """Reads one session."""

    def __init__(self, file: Path, session: str, world: World) -> None:
        self._raw = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        self._session = session
        self._fields = {name: (entity.key, frozenset(entity.properties)) for name, entity in world.entities.items()}

    def close(self) -> None:
        """Look away."""
        self._raw.close()

    def row(self, at: At) -> Any:
        """The row as SQL holds it at this moment, or None."""
        found = self._raw.execute(_ROW, (self._session, *at)).fetchone()
        return None if found is None else json.loads(found[0])

    def records(self, prompt: bytes) -> dict[At, list[Any]]:
        """The rows that a question shows, wherever it does."""
        found: dict[At, list[Any]] = {}
        for message in orjson.loads(prompt)["messages"]:
            if message["role"] == "assistant":
                continue  # what was answered once is no claim about now
            for entity, body in _RECORD.findall(message["content"]):
                row = json.loads(body)
                if entity in self._fields:
                    found.setdefault((entity, str(row[self._fields[entity][0]])), []).append(row)
        return found

    def whole_rows(self, answer: Any) -> Iterator[tuple[At, Any]]:
        """The objects in an answer that have exactly the fields of a row which exists."""
        if isinstance(answer, list):
            for part in answer:
                yield from self.whole_rows(part)
        elif isinstance(answer, dict):
            for entity, (key, fields) in self._fields.items():
                if answer.keys() == fields:
                    yield (entity, str(answer[key])), answer
            for part in answer.values():
                yield from self.whole_rows(part)
