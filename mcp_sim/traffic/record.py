"""Calls of a real service written down as they happen, without their secrets."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from io import BufferedRandom
from pathlib import Path
from typing import Any

import orjson

from mcp_sim.errors import SetupError
from schemas.types import Call, Observation, Step, World
from store.traces.encode import encode_header, encode_step
from store.traces.redaction import Redactor

_HEAD = b'{"log": {"version": "1.2", "creator": {"name": "mcp-sim", "version": "1"}, "entries": [\n'
_TAIL = b"\n]}}\n"


class Cleaner:
    """Takes the secrets out of what is written down, unless it shall stay whole.

    Attributes:
        taken: how many secrets were taken out, by kind.
    """

    def __init__(self, redacts: bool = True) -> None:
        self._redactor = Redactor() if redacts else None
        self.taken: Counter[str] = Counter()

    def cleaned(self, value: Any) -> Any:
        """The value without secrets."""
        if self._redactor is None:
            return value
        cleaned, found = self._redactor.redact(value)
        self.taken.update(one.kind for one in found)
        return cleaned


class TraceFile:
    """A trace of one real service, a step at a time; it can be read at any moment.

    Attributes:
        path: the file.
        calls: how many calls it holds.
    """

    def __init__(self, path: Path, world: World, cleaner: Cleaner) -> None:
        """Begin the file.

        Raises:
            SetupError: there is something in it already, or it cannot be written.
        """
        self.path = path
        self.calls = 0
        self._cleaner = cleaner
        self._file = _new(path)
        self._write(encode_header(world, world.seed))

    def add(self, step: Step) -> None:
        """Write one step down; only what was asked and answered, not what a twin made of it."""
        seen = step.observation
        said = self._cleaner.cleaned([step.call.arguments, seen.text, seen.structured_content])
        call = Call(step.call.tool, said[0], step.call.waited)
        observation = Observation(said[1], said[2], seen.is_error, seen.status)
        self._write(encode_step(replace(step, n=self.calls + 1, call=call, observation=observation)))
        self.calls += 1

    def close(self) -> None:
        """End the file."""
        self._file.close()

    def _write(self, line: bytes) -> None:
        self._file.write(line + b"\n")
        self._file.flush()


class HarFile:
    """An archive of HTTP requests and responses, an entry at a time; it is whole after each.

    Attributes:
        path: the file.
        calls: how many entries it holds.
    """

    def __init__(self, path: Path, cleaner: Cleaner) -> None:
        """Begin the file.

        Raises:
            SetupError: there is something in it already, or it cannot be written.
        """
        self.path = path
        self.calls = 0
        self._cleaner = cleaner
        self._file = _new(path)
        self._file.write(_HEAD + _TAIL)
        self._file.flush()

    def add(self, entry: dict[str, Any]) -> None:
        """Write one entry down."""
        line = orjson.dumps(self._cleaner.cleaned(entry))
        self._file.seek(-len(_TAIL), os.SEEK_END)
        self._file.write((b",\n" if self.calls else b"") + line + _TAIL)
        self._file.flush()
        self.calls += 1

    def close(self) -> None:
        """End the file."""
        self._file.close()


def _new(path: Path) -> BufferedRandom:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size:
            raise SetupError(f"{path} holds a recording already; name another file with --record")
        return path.open("w+b")
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from None
