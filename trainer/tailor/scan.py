"""The first pass: files are taken into stores of raw events, and the services behind the calls are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.traces.importers import Complaint, Tell
from trainer.tailor.census import Census, Domain
from trainer.tailor.definitions import Definitions
from trainer.tailor.events import runs, take_in
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

_STORE = 4 * 2**20
"""Bytes that go into one store, so that several are taken in at once; a file is never divided."""
_PACKED = 8
"""How many bytes one of a packed file holds, about."""
_RUNS = 100
"""Runs of a unit of work."""
_MOST = 4096


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the files of one store."""

    number: int
    census: Census
    complaints: tuple[Complaint, ...]


def stores_of(inputs: list[Inputs]) -> list[dict[str, Any]]:
    """Which files go into which store, the largest first, so that no worker waits for it alone."""
    found: list[tuple[int, str, list[Path]]] = []
    for one in inputs:
        size, group = 0, list[Path]()
        for path in one.recordings:
            if group and size + _size(path) > _STORE:
                found.append((size, one.source, group))
                size, group = 0, []
            size += _size(path)
            group.append(path)
        found.append((size, one.source, group))
    found.sort(key=lambda store: -store[0])
    return [
        {"number": number, "source": source, "paths": list(map(str, paths))}
        for number, (_, source, paths) in enumerate(found)
    ]


def _size(path: Path) -> int:
    """About how many bytes a file holds."""
    return path.stat().st_size * (_PACKED if path.suffix == ".gz" else 1)


def store_path(out: Path, number: int) -> Path:
    """Where a store of raw events lies; it stays, so that records can be traced back."""
    return out / "raw" / f"{number:04}.db"


def take(out: str, store: dict[str, Any]) -> Taken:
    """Take the files of one store in, and count what their calls have to do with."""
    complaints: list[Complaint] = []
    path = store_path(Path(out), store["number"])
    take_in(path, map(Path, store["paths"]), complaints.append)
    census = Census()
    census.take(runs(path), store["source"])
    return Taken(store["number"], census, tuple(complaints))


def units_of(stores: list[dict[str, Any]], counts: dict[int, int]) -> list[dict[str, Any]]:
    """What is worked on in one go: some runs of one store. They follow from the recordings alone."""
    units = []
    for store in stores:
        number, of = store["number"], min(max(1, counts[store["number"]] // _RUNS), _MOST)
        for shard in range(of):
            name = f"{number:04}-{shard:04}"
            units.append({"name": name, "store": number, "shard": shard, "of": of, "source": store["source"]})
    return units


def services_of(census: Census, inputs: list[Inputs], tell: Tell) -> tuple[list[Service], dict[str, str]]:
    """The services behind recorded calls, and the name of the one behind each domain."""
    known, held = Definitions(), []
    for one in inputs:
        for path in one.tools:
            known.read(path, tell)
        held += [(str(path), texts_of(path)) for path in one.rows]
    groups = Groups()
    for one_domain, other in sorted(census.joined):
        groups.join(one_domain, other)
    groups.join_alike({name: domain.useful for name, domain in census.domains.items()})
    found, of_domain, taken = [], dict[str, str](), set[str]()
    for domains in groups.all().values():
        service = _service({name: census.domains[name] for name in domains}, known, held, taken)
        taken.add(service.name)
        found.append(service)
        of_domain.update(dict.fromkeys(domains, service.name))
    return found, of_domain


def _service(
    domains: dict[str, Domain], known: Definitions, held: list[tuple[str, frozenset[str]]], taken: set[str]
) -> Service:
    whole, calls = Domain(), Counter[str]()
    for name, domain in domains.items():
        calls[name.partition("/")[2]] += domain.calls
        whole.add(domain)
    own = Definitions()
    for definition in whole.defined.values():
        own.take(definition)
    bodies, declared, answered = [], set(), 0
    for name, use in sorted(whole.tools.items()):
        found = own.tool(name, (), (), use.samples) or known.tool(name, sorted(use.keys), calls, use.samples)
        tool = found[0] if found is not None else induced(name, use)
        if tool is not None:
            bodies.append(tool_body(tool, use, has_answer=found is not None and found[1]))
        if found is not None:
            declared.add(name)
            answered += use.calls.total()
    total = sum(use.calls.total() for use in whole.tools.values())
    return Service(
        name=next(name for name in _names(service_name(calls)) if name not in taken),
        domains=tuple(sorted(calls)),
        tools=tuple(bodies),
        declared=frozenset(declared),
        has_definitions=2 * answered >= total,
        data=fitting_data({text for text in whole.values if is_telling(text)}, held),
    )


def _names(name: str) -> Iterator[str]:
    """A name, and others for services whose domains are called the same."""
    yield name
    yield from (f"{name}-{number}" for number in range(2, 10_000))
