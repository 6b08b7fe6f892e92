"""The end of what an agent wrote, as a report can show it, whatever it wrote and however much."""

from __future__ import annotations

import re
from collections import deque

KEPT = 64 * 1024
"""Bytes that are kept."""
LINES = 60
"""Lines that are shown."""
_WIDTH = 500

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


class Tail:
    """Takes bytes and keeps the last of them.

    Attributes:
        taken: how many bytes there were.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self.taken = 0
        self._kept = kept
        self._chunks: deque[bytes] = deque()
        self._held = 0

    def take(self, chunk: bytes) -> None:
        """Add what comes next."""
        self.taken += len(chunk)
        self._chunks.append(chunk[-self._kept :])
        self._held += len(self._chunks[-1])
        while self._held - len(self._chunks[0]) >= self._kept:
            self._held -= len(self._chunks.popleft())

    def text(self) -> str:
        """The last lines, without anything that a terminal would obey or XML would refuse."""
        raw = b"".join(self._chunks)[-self._kept :]
        return presentable(raw.decode("utf-8", "replace"))


def presentable(text: str) -> str:
    """The last lines of a text, in signs that every report can hold."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text).encode("utf-8", "replace").decode()
    lines = [line.rstrip() for line in text.rstrip().split("\n")]
    return "\n".join(line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…" for line in lines[-LINES:])


def last_line(text: str) -> str:
    """The last line that says something, shortened for a sentence."""
    line = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
    return line if len(line) <= 200 else f"{line[:199]}…"
