"""The numbered lines of a file that may be packed, cut off, in another encoding or no text at all."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, NamedTuple

from store.traces.importers.encodings import BOM, as_utf8, mended

LONGEST = 64 * 2**20
"""Bytes of one line; what is longer is told and passed over."""
_PACKED = b"\x1f\x8b"


class Line(NamedTuple):
    """A line that is not blank: its number from 1, the bytes that it takes in the stream, and its text in UTF-8."""

    number: int
    start: int
    end: int
    text: bytes


class Complaint(NamedTuple):
    """What cannot be read: the file, the line (0: all of it), and one sentence."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


Tell = Callable[[Complaint], None]


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader[Any]]:
    """The bytes of a file, unpacked if it is packed, as UTF-8 if it is UTF-16.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    with path.open("rb") as file:
        if file.peek(2)[:2] != _PACKED:
            yield as_utf8(file)
            return
        with gzip.open(file) as unpacked:
            buffered = BufferedReader(_Unpacked(unpacked))
            try:
                buffered.peek(2)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                yield buffered  # whoever reads it hears of it
                return
            yield as_utf8(buffered)


class _Unpacked(RawIOBase):
    """What a packed file holds, to its last byte: asked for more than there is, GzipFile gives nothing at all."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as there is something."""
        found = self._file.read1(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def chunks(path: Path, tell: Tell, size: int = 2**18) -> Iterator[bytes]:
    """The bytes of a file in pieces of at most so many; where it ends early, that is told."""
    with opened(path) as file:
        while True:
            try:
                piece = file.read1(size)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                tell(Complaint(path, 0, _ends(error)))
                return
            if not piece:
                return
            yield piece


def lines(path: Path, tell: Tell) -> Iterator[Line]:
    """Every line that is not blank; where the file ends early, that is told.

    A byte that is no UTF-8 is taken for Latin-1, which is told once.
    """
    number, start, end, is_told = 0, 0, 0, False
    with opened(path) as file:
        while True:
            try:
                line = file.readline(LONGEST + 1)
                number, start, end = number + 1, end, end + len(line)
                if len(line) > LONGEST and not line.endswith(b"\n"):
                    tell(Complaint(path, number, f"longer than {LONGEST // 2**20} MiB; left out"))
                    while line and not line.endswith(b"\n"):
                        line = file.readline(LONGEST)
                        end += len(line)
                    continue
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                tell(Complaint(path, number + 1, _ends(error)))
                return
            if not line:
                return
            if number == 1 and line.startswith(BOM):
                line, start = line[len(BOM) :], len(BOM)
            if text := line.strip():
                start += len(line) - len(line.lstrip())
                whole = mended(text)
                if whole is not None and not is_told:
                    tell(Complaint(path, number, "not all of it is UTF-8; what is not is read as Latin-1"))
                    is_told = True
                yield Line(number, start, start + len(text), text if whole is None else whole)


def _ends(error: Exception) -> str:
    early = "ends early" if isinstance(error, EOFError) else "is damaged"
    return f"the packed file {early}; what came before is read"
