"""One unit of work: the runs of a part or of some traces, made into records, anchors and counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from schemas.canonical import canonical
from store.traces.importers import Complaint
from store.traces.replay import read_trace
from trainer.record import encode_record
from trainer.tailor.cut import Arm, Cut, Cutter
from trainer.tailor.events import decode_event, read_events
from trainer.tailor.filters import size_of
from trainer.tailor.services import Service, world_of
from trainer.tailor.signature import short, signature
from trainer.tailor.statistics import Counts
from trainer.tailor.walk import Run
from trainer.tailor.workshop import Workshop, read_lines, write_json, write_lines


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
        if "traces" in self._unit:
            yield from self._of_traces(records=records)
        else:
            yield from self._of_part(records=records)

    def _of_part(self, *, records: bool) -> Iterator[Cut]:
        runs = sorted(self._runs(), key=lambda run: (run.server, run.key))
        for server, group in groupby(runs, key=lambda run: run.server):
            service = next(one for one in self._services.values() if one.name == server)
            cutter = Cutter(self._recipe, world_of(service), self._arm)
            yield from (cutter.cut(run, records=records) for run in group)

    def _runs(self) -> Iterator[Run]:
        events = defaultdict(list)
        placed: dict[str, tuple[str, Service]] = {}
        for line in read_lines(self._shop.part(self._unit["part"])):
            event, source, domain = decode_event(line)
            events[event.run].append(event)
            placed[event.run] = source, self._services[domain]
        for key, found in events.items():
            source, service = placed[key]
            ordered = tuple(sorted(found, key=lambda event: event.call.index))
            declared = service.declared if service.has_definitions else None
            yield Run(key, service.name, source, ordered, None, declared)

    def _of_traces(self, *, records: bool) -> Iterator[Cut]:
        cutters: dict[str, Cutter] = {}
        for source, given in self._unit["traces"]:
            path = Path(given)
            events = tuple(read_events(path, _ignore))
            with path.open("rb") as file:
                trace = read_trace(file)
            steps = tuple(found for step in trace.steps if (found := step.undisturbed) is not None)
            world = trace.world
            cutter = cutters.setdefault(world.fingerprint, Cutter(self._recipe, world, self._arm))
            run = Run(events[0].run if events else given, world.name, source, events, steps, frozenset(world.tools))
            yield cutter.cut(run, records=records)


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
                "file": event.file,
                "place": event.place,
                "turn_class": beat.turn_class,
                "losses": [{"filter": loss.filter, "reason": loss.reason} for loss in beat.losses],
                "anchors": beat.anchors,
            }
        )


def _ignore(_: Complaint) -> None:
    pass
