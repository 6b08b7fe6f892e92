"""Where everything lies while a data set is made, and when it is done."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from mcp_sim.errors import McpSimError
from schemas.canonical import canonical
from trainer.tailor.recipe import Recipe
from trainer.tailor.services import Service, decode_service

if sys.platform != "win32":
    import fcntl

LOCK = ".lock"
PACKING = 1
"""How hard files are packed that are read once more and thrown away, or looked into by hand."""


class Occupied(McpSimError):
    """Another run is at work in the folder."""


class Workshop:
    """The folder of one data set.

    Attributes:
        out: the folder; what is done lies there.
        work: what is under way, gone at the end.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.work = out / ".work"

    def made(self, unit: str, what: str) -> Path:
        """What was made of a unit."""
        return self.work / "made" / f"{unit}.{what}"

    def facts(self, unit: str) -> Path:
        """The anchors and losses of the events of a unit; stays."""
        return self.out / "facts" / f"{unit}.jsonl.gz"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The folder for one run at a time; what a run that was killed left unfinished is removed.

        Raises:
            Occupied: another run is at work here.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        with (self.out / LOCK).open("wb") as file:
            if sys.platform != "win32":
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    told = f"another run is at work in {self.out}; wait for it, or name another folder with --out"
                    raise Occupied(told) from None
            for path in self.out.rglob(".*.part"):
                path.unlink()
            yield

    @property
    def manifest(self) -> Path:
        """What came out, and of what."""
        return self.out / "manifest.json"

    def plan(self) -> dict[str, Any]:
        """What was worked out before the first record is made."""
        found: dict[str, Any] = orjson.loads((self.work / "plan.json").read_bytes())
        return found

    def recipe(self) -> Recipe:
        """The recipe that is followed here."""
        return Recipe.model_validate(self.plan()["recipe"])

    def services(self) -> dict[str, Service]:
        """The service of every domain, by `source/domain`."""
        lines = (self.work / "services.jsonl").read_bytes().splitlines()
        services = {service.name: service for service in map(decode_service, lines)}
        return {domain: services[name] for domain, name in self.plan()["domains"].items()}


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, even if the process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _appearing(path) as file:
        file.write(content)


def write_json(path: Path, value: Any) -> None:
    """Write canonical JSON, whole or not at all."""
    write_whole(path, canonical(value) + b"\n")


def write_lines(path: Path, lines: Iterable[bytes]) -> int:
    """Write lines, packed if the name says so, whole or not at all; how many there were.

    Equal lines give equal bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with _appearing(path) as file:
        packed = gzip.GzipFile("", "wb", PACKING, file, mtime=0) if path.suffix == ".gz" else None
        for line in lines:
            (packed or file).write(line + b"\n")
            count += 1
        if packed is not None:
            packed.close()
    return count


@contextmanager
def _appearing(path: Path) -> Iterator[BinaryIO]:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of such a file."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        yield from (line.rstrip(b"\n") for line in file)
