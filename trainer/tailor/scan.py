"""The first pass: events are dealt out to parts by their run, and the services behind them are found."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from store.traces.importers import Tell
from trainer.tailor.census import Domain, ToolUse
from trainer.tailor.definitions import Definitions
from trainer.tailor.events import Event, digest, encode_event, read_events
from trainer.tailor.inputs import Inputs
from trainer.tailor.services import (
    Groups,
    Service,
    fitting_data,
    induced,
    is_telling,
    service_name,
    texts_of,
    tool_body,
)
from trainer.tailor.workshop import Workshop, write_whole

_PART = 1_500_000
"""Bytes of recordings, as they lie there, that make one part; packed ones hold about ten times as much."""
_BUFFER = 2**20
_MOST_PARTS = 4096


class Scan:
    """Goes through recordings once."""

    def __init__(self, shop: Workshop, inputs: list[Inputs], tell: Tell) -> None:
        self._shop = shop
        self._inputs = inputs
        self._tell = tell
        self._domains: dict[str, Domain] = {}
        self._groups = Groups()
        self.files: dict[str, dict[str, Any]] = {}
        files = [path for one in inputs for path in one.recordings]
        size = sum(path.stat().st_size * (10 if path.suffix == ".gz" else 1) for path in files)
        self.parts = min(max(8, size // _PART), _MOST_PARTS) if files else 0

    def deal(self, progress: Callable[[int], None]) -> None:
        """Deal the events out to parts."""
        deck = _Deck(self._shop, self.parts)
        seen: dict[str, str] = {}
        for one in self._inputs:
            for path in one.recordings:
                count = 0
                for event in read_events(path, self._tell):
                    domain = f"{one.source}/{event.call.domain or path.name}"
                    self._domains.setdefault(domain, Domain()).take(event.call)
                    self._groups.join(domain, seen.setdefault(event.run, domain))
                    deck.add(one.source, domain, event)
                    count += 1
                    if count % 1000 == 0:
                        progress(1000)
                progress(count % 1000)
                self.note(one.source, path, count)
        deck.close()

    def note(self, source: str, path: Path, events: int) -> None:
        """Note a file for the manifest."""
        self.files[str(path)] = {
            "source": source,
            "sha256": digest(path),
            "bytes": path.stat().st_size,
            "events": events,
        }

    def services(self) -> tuple[list[Service], dict[str, str]]:
        """The services, and the name of the one behind each domain."""
        known = Definitions()
        held = []
        for one in self._inputs:
            for path in one.tools:
                known.read(path, self._tell)
                self.note(one.source, path, 0)
            for path in one.rows:
                held.append((str(path), texts_of(path)))
                self.note(one.source, path, 0)
        self._groups.join_alike({name: set(domain.tools) for name, domain in self._domains.items()})
        found, of_domain = [], {}
        for domains in self._groups.all().values():
            service = self._service(domains, known, held)
            found.append(service)
            of_domain.update(dict.fromkeys(domains, service.name))
        return found, of_domain

    def _service(self, domains: list[str], known: Definitions, held: list[tuple[str, frozenset[str]]]) -> Service:
        uses: dict[str, ToolUse] = {}
        calls: Counter[str] = Counter()
        values: set[str] = set()
        for name in domains:
            calls[name.partition("/")[2]] += self._domains[name].calls
            values |= {text for text in self._domains[name].values if is_telling(text)}
            for tool, use in self._domains[name].tools.items():
                uses[tool] = uses[tool].add(use) if tool in uses else use
        bodies, declared, answered = [], set(), 0
        for name, use in sorted(uses.items()):
            found = known.tool(name, calls, use.samples)
            own = found if found is not None else (induced(name, use), False)
            if own[0] is not None:
                bodies.append(tool_body(own[0], use, has_answer=own[1]))
            if found is not None:
                declared.add(name)
                answered += use.calls.total()
        total = sum(use.calls.total() for use in uses.values())
        return Service(
            name=service_name(calls),
            domains=tuple(sorted(calls)),
            tools=tuple(bodies),
            declared=frozenset(declared),
            has_definitions=2 * answered >= total,
            data=fitting_data(values, held),
        )


class _Deck:
    """Files of parts that grow together."""

    def __init__(self, shop: Workshop, parts: int) -> None:
        self._shop = shop
        self._parts = parts
        self._waiting: dict[int, list[bytes]] = {}
        self._size = 0
        for number in range(parts):
            write_whole(shop.part(number), b"")

    def add(self, source: str, domain: str, event: Event) -> None:
        """Deal one event out: those of one run come together."""
        number = int.from_bytes(hashlib.sha256(event.run.encode()).digest()[:8], "big") % self._parts
        line = encode_event(event, source, domain)
        self._waiting.setdefault(number, []).append(line)
        self._size += len(line)
        if self._size > _BUFFER * 16:
            self._write()

    def close(self) -> None:
        """Write what is left."""
        self._write()

    def _write(self) -> None:
        for number, waiting in self._waiting.items():
            with self._shop.part(number).open("ab") as file:
                file.writelines(line + b"\n" for line in waiting)
        self._waiting.clear()
        self._size = 0


def units_of(parts: int, traces: Iterable[tuple[str, Path]], together: int = 4) -> list[dict[str, Any]]:
    """What is worked on in one go: a part, or some traces."""
    units: list[dict[str, Any]] = [{"name": f"part-{number:05}", "part": number} for number in range(parts)]
    listed = [[source, str(path)] for source, path in traces]
    for number, start in enumerate(range(0, len(listed), together)):
        units.append({"name": f"trace-{number:05}", "traces": listed[start : start + together]})
    return units
