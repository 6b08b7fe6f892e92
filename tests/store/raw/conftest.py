"""A store of raw events, and files to fill it from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from store.raw import Ingested, RawStore, ingest


class Raw:
    """A store and a folder of recordings; keeps what was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "recordings"
        self.folder.mkdir()
        self.store = RawStore(folder / "raw.db")
        self.told: list[str] = []

    def file(self, name: str, *lines: Any) -> Path:
        """A file of these lines; what is no text is written as JSON."""
        path = self.folder / name
        path.write_bytes(b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines))
        return path

    def ingest(self, *paths: Path) -> Ingested:
        return ingest(self.store, paths, tell=lambda one: self.told.append(self._short(str(one))))

    def everything(self) -> list[tuple[Any, ...]]:
        """Every row of the store, but for the numbers that SQLite gives them."""
        asked = (
            "SELECT * FROM source ORDER BY key",
            "SELECT id, source, name FROM run ORDER BY id",
            "SELECT id, place, what, line, spans, context, findings, body FROM event ORDER BY id",
        )
        return [row for sql in asked for row in self.store.db.execute(sql)]

    def _short(self, told: str) -> str:
        return told.replace(f"{self.folder}/", "")


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[Raw]:
    raw = Raw(tmp_path)
    yield raw
    raw.store.close()


def call(index: int = 0, run: str = "t1", **given: Any) -> dict[str, Any]:
    """A call as JSON Lines hold it."""
    return {
        "trajectory_id": run,
        "call_index": index,
        "tool": "get_boat",
        "arguments": {"id": f"B-{index}"},
        "observation": f"boat {index}",
        **given,
    }
