"""One unit of work: the runs of a part or of some traces, made into records, anchors and counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from mcp_sim.learn.tables import Table
from schemas.canonical import canonical
from schemas.types import Step, World
from store.traces.encode import decode_step
from trainer.record import encode_record
from trainer.tailor.census import domain_of
from trainer.tailor.cut import Arm, Cut, Cutter
from trainer.tailor.events import Event, events_of, raw_events, runs, said_of
from trainer.tailor.filters import size_of
from trainer.tailor.phrases import Phraser
from trainer.tailor.scan import store_path
from trainer.tailor.services import tables_of_service, world_of
from trainer.tailor.signature import short, signature
from trainer.tailor.statistics import Counts
from trainer.tailor.walk import Run
from trainer.tailor.workshop import Workshop, write_json, write_lines


def make(out: str, unit: dict[str, Any]) -> str:
    """Make everything of one unit, unless that is done; whatever process or machine does it, the bytes are the same.

    Returns:
        The name of the unit.
    """
    shop, name = Workshop(Path(out)), unit["name"]
    if not shop.made(name, "done").exists():
        _Maker(shop, unit).make()
    return str(name)


def weigh(out: str, unit: dict[str, Any]) -> list[tuple[str, str, str, int]]:
    """(event, filter, source, characters) for every event of a unit, `filter` empty where none takes it out.

    For a control, which has to know what a filter takes out before the first record is made.
    """
    shop = Workshop(Path(out))
    maker = _Maker(shop, unit, Arm())
    found = []
    for cut in maker.cuts(records=False):
        for beat in cut.beats:
            lost = beat.losses[0].filter if beat.losses else ""
            found.append((beat.moment.event.id, lost, cut.run.source, size_of(beat.moment.event.call)))
    return found


@dataclass
class _Made:
    offset: int = 0
    index: list[bytes] = field(default_factory=list)
    rejected: list[bytes] = field(default_factory=list)
    facts: list[bytes] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)


class _Maker:
    def __init__(self, shop: Workshop, unit: dict[str, Any], arm: Arm | None = None) -> None:
        self._shop = shop
        self._unit = unit
        self._recipe = shop.recipe()
        self._services = shop.services()
        self._arm = arm if arm is not None else arm_of(shop)
        asked = self._recipe.phrasing
        self._phraser = Phraser(asked, shop.out / "phrases") if asked is not None else None

    def make(self) -> None:
        name, made = self._unit["name"], _Made()
        write_lines(self._shop.made(name, "records.jsonl"), self._records(made))
        write_lines(self._shop.made(name, "index.jsonl"), made.index)
        write_lines(self._shop.made(name, "rejected.jsonl.gz"), made.rejected)
        write_lines(self._shop.facts(name), made.facts)
        write_json(self._shop.made(name, "done"), made.counts.plain())

    def _records(self, made: _Made) -> Iterator[bytes]:
        for cut in self.cuts():
            made.facts += _facts(cut)
            made.counts.take(cut)
            for found in cut.rejections:
                body = {"rule": found.rule, "reason": found.reason, "record": found.record}
                made.rejected.append(canonical(body))
            for record in cut.records:
                line = encode_record(record)
                tool = cut.beats[record.at].moment.world.tools.get(cut.beats[record.at].step.call.tool)
                called = sorted(cut.beats[record.at].step.call.arguments)
                entry = {
                    "unit": self._unit["name"],
                    "offset": made.offset,
                    "length": len(line),
                    "id": record.id,
                    "intent": record.intent,
                    "domain": record.domain,
                    "server": record.server,
                    "session": record.trajectory,
                    "template": short(canonical([tool.name if tool else "", called])),
                    "turn_class": record.turn_class,
                    "source": cut.run.source,
                    "characters": sum(len(turn.content) for turn in record.turns),
                    "learned": sum(len(turn.content) for turn in record.turns if turn.loss),
                    **asdict(signature(record, tool)),
                }
                made.index.append(orjson.dumps(entry, default=bytes.decode))
                made.offset += len(line) + 1
                yield line

    def cuts(self, *, records: bool = True) -> Iterator[Cut]:
        """What becomes of every run of the unit."""
        cutters: dict[tuple[str, str], Cutter] = {}
        for run, world, tables in sorted(self._runs(), key=lambda found: (found[0].server, found[0].key)):
            place = run.server, world.fingerprint
            if place not in cutters:
                cutters = {place: Cutter(self._recipe, world, self._arm, tables, self._phraser)}
            yield cutters[place].cut(run, records=records)

    def _runs(self) -> Iterator[tuple[Run, World, dict[str, Table]]]:
        store, source = store_path(self._shop.out, self._unit["store"]), self._unit["source"]
        for recorded in runs(store, self._unit["shard"], self._unit["of"]):
            events = events_of(recorded)
            if recorded.header is not None:
                world = _world(canonical_header(recorded.header))
                steps = tuple(_steps(store, events))
                yield Run(recorded.id, world.name, source, events, steps, frozenset(world.tools)), world, {}
                continue
            service = self._services[domain_of(source, recorded, recorded.calls[0])]
            declared = service.declared if service.has_definitions else None
            run = Run(recorded.id, service.name, source, events, None, declared, said_of(recorded))
            yield run, world_of(service), tables_of_service(service)


def _steps(store: Path, events: Iterable[Event]) -> Iterator[Step]:
    for found in raw_events(store, (event.id for event in events)):
        step = decode_step(found.raw).undisturbed
        assert step is not None  # else it would be no call
        yield step


def canonical_header(header: dict[str, Any]) -> bytes:
    """The header of a trace, to know it again; the order of its fields counts."""
    return orjson.dumps(header["world"])


@lru_cache(maxsize=8)
def _world(body: bytes) -> World:
    return World.model_validate(orjson.loads(body))


@lru_cache(maxsize=4)
def _chosen(path: Path, _: float) -> frozenset[str]:
    return frozenset(orjson.loads(path.read_bytes()))


def arm_of(shop: Workshop) -> Arm:
    """The arm of the recipe, with the turns that were chosen for a control."""
    kind, _, name = shop.recipe().arm.partition(":")
    if not name:
        return Arm(kind)
    path = shop.work / "control.json"
    return Arm(shop.recipe().arm, name, _chosen(path, path.stat().st_mtime))


def _facts(cut: Cut) -> Iterable[bytes]:
    for beat in cut.beats:
        event = beat.moment.event
        yield orjson.dumps(
            {
                "event": event.id,
                "run": cut.run.key,
                "at": beat.at,
                "source": cut.run.source,
                "characters": size_of(event.call),
                "turn_class": beat.turn_class,
                "losses": [{"filter": loss.filter, "reason": loss.reason} for loss in beat.losses],
                "anchors": beat.anchors,
            }
        )
