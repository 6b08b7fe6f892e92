"""JSON values read from a file one by one, however long the file: line by line, in a list, or one after another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from store.traces.importers.encodings import BOM
from store.traces.importers.lines import LONGEST, Complaint, Tell, chunks, lines

_BETWEEN = re.compile(r"[\s,]*")
_LIST = re.compile(r"\s*\[")


def _whole_number(digits: str) -> int | float:
    number = int(digits) if len(digits) < 21 else float(digits)
    return number if -(2**63) <= number < 2**64 else float(number)


decode = json.JSONDecoder(parse_int=_whole_number, parse_constant=lambda _: None).raw_decode
"""(value, end) of the JSON that begins at a place of a text; numbers as orjson has them, what is no number as null."""


class Element(NamedTuple):
    """A JSON value: the line on which it begins, the bytes it takes in the stream, and what it is."""

    line: int
    start: int
    end: int
    value: Any


def documents(path: Path, tell: Tell) -> Iterator[Element]:
    """The JSON documents of a file: one per line, those of a list, or several one after another."""
    first = next(lines(path, lambda _: None), None)
    if first is None:
        return
    if not isinstance(_parsed(first.text), dict):
        yield from elements(path, tell, _LIST if first.text.startswith(b"[") else None)
        return
    for line in lines(path, tell):
        value = _parsed(line.text)
        if value is None:
            tell(Complaint(path, line.number, "not JSON; left out"))
            continue
        yield Element(line.number, line.start, line.end, value)


def _parsed(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def elements(path: Path, tell: Tell, opening: re.Pattern[str] | None) -> Iterator[Element]:
    """The elements of the list that begins where `opening` ends, or, without one, values up to the end of the file.

    Where the file ends early, that is told.
    """
    window = _Window()
    is_inside, wanted = opening is None, 0
    for piece in chunks(path, tell):
        window.add(piece)
        if len(window.text) < wanted:
            continue  # a long value is tried again when there is twice as much of it
        if not is_inside and opening is not None:
            found = opening.search(window.text)
            if found is None:
                if len(window.text) > LONGEST:
                    break
                continue
            window.move(found.end())
            is_inside = True
        while True:
            window.skip()
            if opening is not None and window.text.startswith("]", window.at):
                return
            element = window.next()
            if element is None:
                break
            yield element
        if window.left > LONGEST:
            tell(Complaint(path, window.line, "no JSON from here on; what came before is read"))
            return
        window.drop()
        wanted = 2 * len(window.text)
    window.skip()
    if is_inside and opening is not None and window.text.startswith("]", window.at):
        return
    while is_inside and (element := window.next()) is not None:
        yield element
        window.skip()
        if opening is not None and window.text.startswith("]", window.at):
            return
    if is_inside and not window.left and opening is None:
        return
    what = "ends in the middle of an entry" if is_inside else "has no list of entries"
    tell(Complaint(path, window.line, f"the archive {what}; what came before is read"))


class _Window:
    """A part of the file as text, and how far it is read."""

    def __init__(self) -> None:
        self.text = ""
        self.at = 0
        self.line = 1
        self._byte = 0
        self._rest = b""
        self._is_new = True

    @property
    def left(self) -> int:
        return len(self.text) - self.at

    def add(self, piece: bytes) -> None:
        if self._is_new and piece.startswith(BOM):
            piece, self._byte = piece[len(BOM) :], len(BOM)
        self._is_new = False
        text, self._rest = _decoded(self._rest + piece)
        self.text += text

    def move(self, to: int) -> None:
        self.line += self.text.count("\n", self.at, to)
        self._byte += len(self.text[self.at : to].encode())
        self.at = to

    def skip(self) -> None:
        self.move(_BETWEEN.match(self.text, self.at).end())  # type: ignore[union-attr]

    def next(self) -> Element | None:
        try:
            value, end = decode(self.text, self.at)
        except (ValueError, RecursionError):
            return None
        line, start = self.line, self._byte
        self.move(end)
        return Element(line, start, self._byte, value)

    def drop(self) -> None:
        self.text, self.at = self.text[self.at :], 0


def _decoded(data: bytes) -> tuple[str, bytes]:
    """Text, and the bytes of a letter that is not whole yet."""
    for cut in range(4):
        try:
            return data[: len(data) - cut].decode(), data[len(data) - cut :]
        except UnicodeDecodeError:
            continue
    return data.decode(errors="replace"), b""
