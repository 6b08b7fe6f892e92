"""A set in two halves, by task or by family of tasks, as files: one to learn from, one to be judged by."""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.fidelity.sets import Set


@dataclass
class Half:
    """One side of a split."""

    path: Path
    calls: int = 0
    trajectories: int = 0
    families: int = 0


@dataclass
class Split:
    """Both sides, and what else the service gives."""

    taught: Half
    judged: Half
    rows: list[Path]
    tools: Path | None
    spec: Path | None
    left_out: int = 0


def split(one: Set, data: Path, folder: Path) -> Split:
    """Write both halves; families with an even checksum teach, the others judge."""
    sides = [Half(folder / "taught.jsonl"), Half(folder / "judged.jsonl")]
    seen: tuple[tuple[set[str], set[str]], ...] = ((set(), set()), (set(), set()))
    without = re.compile(one.without) if one.without else None
    left_out = 0
    with sides[0].path.open("wb") as taught, sides[1].path.open("wb") as judged:
        for line, call in lines(one, data):
            if without is not None and without.search(str(call["observation"])):
                left_out += 1
                continue
            family = one.family(str(call["task_id"]))
            side = zlib.crc32(family.encode()) % 2
            sides[side].calls += 1
            seen[side][0].add(call["trajectory_id"])
            seen[side][1].add(family)
            (taught, judged)[side].write(line)
    for half, (trajectories, families) in zip(sides, seen, strict=True):
        half.trajectories, half.families = len(trajectories), len(families)
    rows = [unpacked(data / "databases" / name, folder) for name in one.rows]
    spec = None if one.spec is None else data / "openapi" / one.spec
    return Split(*sides, rows, _declared(one, data, folder), spec, left_out)


def lines(one: Set, data: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Every recorded call of a set, as its line and as JSON."""
    for name in one.calls:
        with gzip.open(data / f"{name}.jsonl.gz") as file:
            for line in file:
                call = orjson.loads(line)
                if one.domain is None or call["domain"].startswith(one.domain):
                    yield line, call


def unpacked(path: Path, folder: Path) -> Path:
    """The file, or the folder that an archive holds."""
    if not path.name.endswith(".tar.gz"):
        return path
    inside = folder / "rows"
    with tarfile.open(path) as archive:
        archive.extractall(inside, filter="data")
    return inside


def _declared(one: Set, data: Path, folder: Path) -> Path | None:
    """The declarations of its tools, as a list of them; of several servers' tools of one name, the first."""
    if one.tools is None:
        return None
    found: dict[str, Any] = {}
    with gzip.open(data / "call_schemas.jsonl.gz") as file:
        for line in file:
            entry = orjson.loads(line)
            if entry["schema_key"].startswith(one.tools):
                found.setdefault(entry["schema"]["name"], entry["schema"])
    path = folder / "tools.json"
    path.write_bytes(orjson.dumps({"tools": list(found.values())}))
    return path
