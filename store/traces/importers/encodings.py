"""Text that is not, or not all, UTF-8."""

from __future__ import annotations

import codecs
from io import BufferedReader, RawIOBase, TextIOWrapper
from typing import Any

BOM = codecs.BOM_UTF8
_AT_ONCE = 2**16


def as_utf8(file: BufferedReader[Any]) -> BufferedReader[Any]:
    """The stream, as UTF-8 if it is UTF-16, with a mark at its beginning or without."""
    encoding = _utf16(file.peek(4)[:4])
    return file if encoding is None else BufferedReader(_Recoded(file, encoding))


def mended(text: bytes) -> bytes | None:
    """UTF-8 where the bytes that are none are read as Latin-1; None if all of it is UTF-8 already."""
    if text.isascii():
        return None
    try:
        text.decode()
    except UnicodeDecodeError:
        return "".join(map(_letter, text.decode(errors="surrogateescape"))).encode()
    return None


def _letter(found: str) -> str:
    return chr(ord(found) - 0xDC00) if "\udc80" <= found <= "\udcff" else found


def _utf16(head: bytes) -> str | None:
    """A text of JSON or a log begins with ASCII, so that one of the first two bytes is zero."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) < 4 or head[0] == head[1]:
        return None
    if head[1] == head[3] == 0 and head[2]:
        return "utf-16-le"
    return "utf-16-be" if head[0] == head[2] == 0 and head[3] else None


class _Recoded(RawIOBase):
    """A stream in another encoding, as UTF-8."""

    def __init__(self, file: BufferedReader[Any], encoding: str) -> None:
        self._text = TextIOWrapper(file, encoding, errors="replace", newline="")
        self._rest = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as there is something."""
        if not self._rest:
            self._rest = self._text.read(_AT_ONCE).encode(errors="replace")
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)
