"""What was asked and answered so far, kept line by line: a run that is stopped goes on where it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from trainer.bench.errors import BenchError


class Journal:
    """A file of JSON Lines, one entry for each key; the last one counts. A torn last line is taken off.

    Attributes:
        entries: by key.
    """

    def __init__(self, path: Path) -> None:
        """Open it, or begin it.

        Raises:
            BenchError: the file is something else, or cannot be written.
        """
        self.path = path
        self.entries: dict[str, dict[str, Any]] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_bytes() if path.exists() else b""
            whole = text[: text.rfind(b"\n") + 1]
            for number, line in enumerate(whole.splitlines(), 1):
                self._take(line, number)
            if whole != text:
                path.write_bytes(whole)
            path.touch()
        except OSError as error:
            raise BenchError(f"{path} cannot be kept: {error.strerror}") from None

    def add(self, key: str, **entry: Any) -> None:
        """Keep an entry at once.

        Raises:
            BenchError: it cannot be written, e.g. because the disk is full.
        """
        self.entries[key] = entry
        try:
            with self.path.open("ab") as file:
                file.write(orjson.dumps({"key": key, **entry}) + b"\n")
        except OSError as error:
            raise BenchError(
                f"{self.path} cannot be written: {error.strerror}; what was asked so far is kept"
            ) from None

    def _take(self, line: bytes, number: int) -> None:
        try:
            entry = orjson.loads(line)
            self.entries[entry.pop("key")] = entry
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
            raise BenchError(f"{self.path}:{number}: not an entry of this bench; take another folder") from None
