"""The way back: from a record over its anchors to the raw events that it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from mcp_sim.errors import McpSimError
from schemas.validate import nearest
from store.raw import StoredEvent
from store.traces.importers.lines import opened
from trainer.record import Record, read_records
from trainer.tailor.anchors import Anchor
from trainer.tailor.events import digest, raw_events
from trainer.tailor.scan import store_path
from trainer.tailor.workshop import Workshop, read_lines


class TrailError(McpSimError):
    """A way back that cannot be found; the message says where it ends."""


@dataclass(frozen=True)
class Origin:
    """Where a record comes from.

    Attributes:
        record: the record.
        side: the split it is in.
        anchors: what vouches for it.
        events: the raw events, that of its call first.
    """

    record: Record
    side: str
    anchors: tuple[Anchor, ...]
    events: tuple[StoredEvent, ...]


class Trail:
    """The ways back of one data set."""

    def __init__(self, out: Path) -> None:
        if not (out / "index.jsonl.gz").exists():
            raise TrailError(f"{out} holds no data set; python -m trainer tailor --recipe NAME --out {out} makes one")
        self._shop = Workshop(out)

    @cached_property
    def _placed(self) -> dict[str, tuple[str, str]]:
        lines = read_lines(self._shop.out / "index.jsonl.gz")
        return {found[0]: (found[1], found[2]) for found in map(orjson.loads, lines)}

    @cached_property
    def _units(self) -> dict[str, dict[str, Any]]:
        units = orjson.loads((self._shop.out / "units.json").read_bytes())
        return {unit["name"]: unit for unit in units}

    @property
    def ids(self) -> list[str]:
        """The ids of all records."""
        return list(self._placed)

    def origin(self, given: str) -> Origin:
        """Where the record with this id comes from; the beginning of an id will do.

        Raises:
            TrailError: there is no such record, or several, or the way back is broken.
        """
        found = [given] if given in self._placed else [one for one in self._placed if one.startswith(given)]
        if len(found) != 1 or not given:
            what = "no record" if not found else f"{len(found)} records"
            raise TrailError(f"{self._shop.out} has {what} '{given}'{nearest(given, self._placed)}")
        return self.origins(found)[0]

    def origins(self, ids: list[str]) -> list[Origin]:
        """Where records come from, in the order in which they lie."""
        records = {record.id: record for record in self._records(set(ids))}
        by_unit: dict[str, list[Record]] = {}
        for name in ids:
            if name not in records:
                raise TrailError(f"record '{name}' is in the index of {self._shop.out}, and in none of its files")
            by_unit.setdefault(self._placed[name][0], []).append(records[name])
        return [origin for unit in sorted(by_unit) for origin in self._of_unit(unit, by_unit[unit])]

    def _records(self, wanted: set[str]) -> list[Record]:
        files = sorted({self._placed[name][1] for name in wanted})
        return [
            record
            for side in files
            for path in sorted((self._shop.out / "data" / side).glob("*.jsonl.gz"))
            for record in read_records(path)
            if record.id in wanted
        ]

    def _of_unit(self, unit: str, records: list[Record]) -> list[Origin]:
        anchors = {
            found["id"]: Anchor(**{**found, "evidence": tuple(found["evidence"])})
            for line in read_lines(self._shop.facts(unit))
            for found in orjson.loads(line)["anchors"]
        }
        store = store_path(self._shop.out, self._units[unit]["store"])
        origins = []
        for record in records:
            missing = [name for name in record.evidence if name not in anchors]
            if missing:
                raise TrailError(f"record '{record.id}' names anchor '{missing[0]}', which is not there")
            events = tuple(raw_events(store, record.sources))
            origins.append(
                Origin(record, self._placed[record.id][1], tuple(anchors[name] for name in record.evidence), events)
            )
        return origins


def recorded_line(event: StoredEvent) -> bytes | None:
    """The bytes of an event as they stand in its file today; None where the file is gone or has changed."""
    path = Path(event.path)
    if not path.exists() or digest(path) != event.file:
        return None
    return b"".join(_bytes(path, span.start, span.end) for span in event.spans)


def _bytes(path: Path, start: int, end: int) -> bytes:
    with opened(path) as file:
        file.read(start)
        return file.read(end - start)
