"""The numbered lines of a file that may be packed, cut off or no text at all."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

LONGEST = 64 * 2**20
"""Bytes of one line; what is longer is told and passed over."""
_PACKED = b"\x1f\x8b"


class Complaint(NamedTuple):
    """What cannot be read: the file, the line (0: all of it), and one sentence."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


Tell = Callable[[Complaint], None]


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """The bytes of a file, unpacked if it is packed.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    with path.open("rb") as file:
        if file.peek(2)[:2] != _PACKED:
            yield file
            return
        with gzip.open(file) as unpacked:
            yield BufferedReader(unpacked)


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


def lines(path: Path, tell: Tell) -> Iterator[tuple[int, bytes]]:
    """(number from 1, line) for every line that is not blank; where the file ends early, that is told."""
    number = 0
    with opened(path) as file:
        while True:
            try:
                line = file.readline(LONGEST + 1)
                number += 1
                if len(line) > LONGEST and not line.endswith(b"\n"):
                    tell(Complaint(path, number, f"longer than {LONGEST // 2**20} MiB; left out"))
                    while line and not line.endswith(b"\n"):
                        line = file.readline(LONGEST)
                    continue
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                tell(Complaint(path, number + 1, _ends(error)))
                return
            if not line:
                return
            if line := line.strip():
                yield number, line


def _ends(error: Exception) -> str:
    early = "ends early" if isinstance(error, EOFError) else "is damaged"
    return f"the packed file {early}; what came before is read"
