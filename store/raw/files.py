"""The files that are read: their content is what counts, not their names."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from gzip import BadGzipFile
from pathlib import Path
from typing import NamedTuple

from store.traces.importers.lines import Complaint, Tell, opened

_AT_ONCE = 2**20


class Content(NamedTuple):
    """What a file holds: SHA-256 of the file and of its content, the content's length, and the digests of beginnings.

    `begins` has the SHA-256 of the first bytes, by how many they are, as far as the file is that long.
    """

    file: str
    digest: str
    length: int
    begins: dict[int, str]


def files_of(paths: Iterable[str | Path], tell: Tell) -> Iterator[Path]:
    """The files among paths and inside of folders, in the order of their names; hidden ones are passed over."""
    for path in map(Path, paths):
        if not path.is_dir():
            yield path
            continue
        inside = sorted(found for found in path.rglob("*") if found.is_file() and not _is_hidden(found, path))
        if not inside:
            tell(Complaint(path, 0, "there is no file in this folder"))
        yield from inside


def _is_hidden(found: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in found.relative_to(folder).parts)


def content_of(path: Path, lengths: Iterable[int] = ()) -> Content:
    """What a file holds now; of a packed file that ends early, what can be unpacked.

    Raises:
        OSError: the file is not there or cannot be read.
    """
    with path.open("rb") as file:
        own = hashlib.file_digest(file, "sha256").hexdigest()
    digest, length, begins = hashlib.sha256(), 0, dict[int, str]()
    wanted = sorted(set(lengths))
    with opened(path) as stream:
        while piece := _next(stream):
            while wanted and length + len(piece) >= wanted[0]:
                beginning = digest.copy()
                beginning.update(piece[: wanted[0] - length])
                begins[wanted.pop(0)] = beginning.hexdigest()
            digest.update(piece)
            length += len(piece)
    return Content(own, digest.hexdigest(), length, begins)


def _next(stream: object) -> bytes:
    try:
        return stream.read1(_AT_ONCE)  # type: ignore[attr-defined, no-any-return]
    except (EOFError, zlib.error, BadGzipFile):
        return b""


def is_unchanged(path: Path, before: os.stat_result) -> bool:
    """Whether a file is as it was when it was looked at before."""
    now = path.stat()
    return (now.st_size, now.st_mtime_ns, now.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
