"""The chosen records, written in their order into files of bounded size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from trainer.tailor.selection import Selection
from trainer.tailor.workshop import Workshop, write_json, write_lines

Wanted = tuple[str, int, int]
"""Unit, offset and length of a record."""


def planned(shop: Workshop, selection: Selection, size: int) -> list[dict[str, Any]]:
    """What goes into which file; the list of each file lies in the workshop."""
    found = []
    for side, chosen in selection.chosen.items():
        for number, start in enumerate(range(0, len(chosen), size)):
            part = chosen[start : start + size]
            name = f"{side}/{side}-{number:05}.jsonl.gz"
            listed = shop.work / "shards" / f"{side}-{number:05}.json"
            write_json(listed, [[entry.unit, entry.offset, entry.length] for entry in part])
            found.append({"name": name, "list": str(listed), "records": len(part)})
    return found


def write_shard(out: str, shard: dict[str, Any]) -> str:
    """Write one file, unless it is there; its name."""
    shop, name = Workshop(Path(out)), shard["name"]
    path = shop.out / "data" / name
    if not path.exists():
        wanted: list[Wanted] = [tuple(part) for part in orjson.loads(Path(shard["list"]).read_bytes())]
        lines: list[bytes] = [b""] * len(wanted)
        by_unit: dict[str, list[int]] = {}
        for position, (unit, _, _) in enumerate(wanted):
            by_unit.setdefault(unit, []).append(position)
        for unit, positions in sorted(by_unit.items()):
            with shop.made(unit, "records.jsonl").open("rb") as file:
                for position in sorted(positions, key=lambda position: wanted[position][1]):
                    _, offset, length = wanted[position]
                    file.seek(offset)
                    lines[position] = file.read(length)
        write_lines(path, lines)
    return str(name)
