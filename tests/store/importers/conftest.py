"""Files of recorded calls, and what is told while they are read."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.recorded import RecordedCall
from store.traces.importers import read_recorded


class Reading:
    """Writes a file, reads it back as recorded calls, and keeps what was told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "recorded"
        self.told: list[str] = []

    def lines(self, *lines: Any, **options: Any) -> list[RecordedCall]:
        """What is read from these lines; what is no text is written as JSON."""
        return self.bytes(
            b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines), **options
        )

    def bytes(self, content: bytes, **options: Any) -> list[RecordedCall]:
        self.path.write_bytes(content)
        return self.again(**options)

    def packed(self, *lines: Any, cut: int = 0) -> list[RecordedCall]:
        whole = gzip.compress(b"\n".join(map(orjson.dumps, lines)), mtime=0)
        return self.bytes(whole[: len(whole) - cut])

    def again(self, **options: Any) -> list[RecordedCall]:
        return list(read_recorded([self.path], tell=lambda one: self.told.append(self._short(str(one))), **options))

    def _short(self, told: str) -> str:
        return told.replace(str(self.path), "FILE")


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    return Reading(tmp_path)


@pytest.fixture
def line() -> Callable[..., dict[str, Any]]:
    """A call as JSON Lines hold it."""

    def make(index: int = 0, **given: Any) -> dict[str, Any]:
        return {
            "trajectory_id": "t1",
            "task_id": "task 1",
            "domain": "boats",
            "call_index": index,
            "tool": "get_boat",
            "kind": "read",
            "arguments": {"id": "B-1"},
            "observation": '{"id": "B-1"}',
            "is_error": False,
            **given,
        }

    return make
