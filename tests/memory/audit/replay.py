"""One world, replayed from its seed rows through every layer, with one state that goes forth and back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.memory.audit.definitions import At, Body, Definitions, values
from tests.memory.audit.equality import equal, text
from tests.memory.audit.ledger import Ledger, shown
from tests.memory.raw import Raw

Version = tuple[str, str, str, str | None]
"""Entity, key, op and body."""


@dataclass
class Layer:
    """A stretch of history, and the layers that go on from each of its steps."""

    id: int
    parent: int | None
    base: int
    skip: int
    children: defaultdict[int, list[Layer]] = field(default_factory=lambda: defaultdict(list))

    @property
    def restates(self) -> bool:
        """Whether its rows at `base` stand in for layers that it leaves out."""
        return self.skip > 0


class Replay:
    """One world."""

    def __init__(self, raw: Raw, world: Definitions) -> None:
        self._raw = raw
        self._world = world
        self._ledger = Ledger(world)
        rows = raw.run("SELECT id, parent, base, skip FROM layer WHERE world = ? ORDER BY id", world.id)
        self._layers = {row[0]: Layer(*row) for row in rows}

    def run(self) -> Iterator[str]:
        """Every problem, in order."""
        roots = [layer for layer in self._layers.values() if layer.parent is None]
        if len(roots) > 1:
            yield f"world {self._world.id} has {len(roots)} layers of seed rows"
        for layer in self._layers.values():
            if layer.parent in self._layers:
                self._layers[layer.parent].children[layer.base].append(layer)
        waiting = [self._visit(root) for root in roots]
        while waiting:
            found = next(waiting[-1], None)
            if found is None:
                waiting.pop()
            elif isinstance(found, Layer):
                waiting.append(self._visit(found))
            else:
                yield found

    def _visit(self, layer: Layer) -> Iterator[str | Layer]:
        """The problems of a layer; a child is handed out when the state is where the child begins."""
        undo: list[tuple[At, Body | None]] = []
        written, entries, tallies = self._written(layer.id), self._entries(layer.id), self._tallies(layer.id)
        starts_empty = layer.parent is not None and not layer.restates
        expected = layer.base + starts_empty
        if starts_empty:
            yield from layer.children.pop(layer.base, [])
        for n, changes, told in self._steps(layer.id):
            where = f"layer {layer.id}, step {n}: "
            versions = written.pop(n, [])
            found = [f"step {expected} should come here"] if n != expected else []
            found += [f"{changes} changes are told, {len(versions)} were made"] if changes != len(versions) else []
            found += [] if told is None else _untold(versions, told)
            found += self._restated(versions) if n == layer.base and layer.restates else self._apply(versions, undo)
            found += self._misindexed(versions, entries.pop(n, set()))
            found += [f"{e}: {rows} rows are told" for e, rows in tallies.pop(n, []) if rows != self._ledger.counts[e]]
            yield from (where + problem for problem in found)
            yield from layer.children.pop(n, [])
            expected = n + 1
        for base, lost in layer.children.items():
            yield f"layer {layer.id}: layers {[child.id for child in lost]} go on from step {base}, which is not there"
        if not layer.restates or expected > layer.base:
            yield from (f"layer {layer.id}: {problem}" for problem in self._seen(layer.id, expected - 1))
        for at, before in reversed(undo):
            self._ledger.put(at, before)

    def _apply(self, versions: list[Version], undo: list[tuple[At, Body | None]]) -> list[str]:
        found = []
        for entity, key, op, body in versions:
            at, after = (entity, key), None if body is None else json.loads(body)
            if entity not in self._world.entities:
                found.append(f"{shown(at)} is of no entity")
                continue
            before = self._ledger.put(at, after)
            undo.append((at, before))
            if op != ("create" if before is None else "delete" if after is None else "update"):
                found.append(f"{shown(at)}: {op} is not what happened")
            if before is not None and after is not None:
                fixed = self._world.entities[entity].immutable
                found += [f"{shown(at)}: '{f}' changed" for f in fixed if not equal(before.get(f), after.get(f))]
        return found + list(self._ledger.problems((entity, key) for entity, key, _, _ in versions))

    def _restated(self, versions: list[Version]) -> list[str]:
        return [
            f"{shown((entity, key))} is not what the layers left out amount to"
            for entity, key, _, body in versions
            if not equal(None if body is None else json.loads(body), self._ledger.rows.get((entity, key)))
        ]

    def _misindexed(self, versions: list[Version], entries: set[tuple[str, str, str, str]]) -> Iterator[str]:
        """The index of references holds what the rows hold, and every unique group is in it."""
        expected, groups = set(), 0
        for entity, key, _, body in versions:
            if body is None or (definition := self._world.entities.get(entity)) is None:
                continue
            row = json.loads(body)
            groups += sum(1 for _ in definition.unique_values(row))
            for path, _ in definition.references:
                expected |= {(entity, path, text(value), key) for value in values(row, path.split("."))}
        references = {(name, path) for name, entity in self._world.entities.items() for path, _ in entity.references}
        held = {entry for entry in entries if entry[:2] in references}
        if held != expected:
            yield f"the index has {held - expected}, and lacks {expected - held}"
        if groups != sum(1 for entry in entries if entry[1].startswith("!")):
            yield "the index does not hold every unique value"

    def _seen(self, layer: int, head: int) -> Iterator[str]:
        """What a reader of this layer sees, through its ancestry, is what its history amounts to, and whole."""
        seen: dict[At, str | None] = {}
        for ancestor, upto in self._raw.run(
            "SELECT ancestor, upto FROM ancestry WHERE layer = ? ORDER BY depth", layer
        ):
            sql = "SELECT entity, key, body FROM version WHERE layer = ? AND step <= ? ORDER BY step"
            found = self._raw.run(sql, ancestor, min(upto, head))
            seen = {(entity, key): body for entity, key, body in found} | seen
        fresh = Ledger(self._world)
        for at, body in seen.items():
            fresh.put(at, None if body is None else json.loads(body))
        for at in sorted(fresh.rows.keys() | self._ledger.rows.keys()):
            if not equal(fresh.rows.get(at), self._ledger.rows.get(at)):
                yield f"{shown(at)} is seen as {fresh.rows.get(at)}, and was {self._ledger.rows.get(at)}"
        yield from fresh.problems(list(fresh.rows))
        for entity in self._world.entities:
            sql = (
                "SELECT t.rows FROM ancestry a JOIN tally t ON t.layer = a.ancestor AND t.step <= a.upto"
                " WHERE a.layer = ? AND t.entity = ? AND t.step <= ? ORDER BY a.depth, t.step DESC LIMIT 1"
            )
            told = next(iter(self._raw.run(sql, layer, entity, head)), (0,))[0]
            if told != fresh.counts[entity]:
                yield f"{told} rows of {entity} are told, {fresh.counts[entity]} are there"

    def _steps(self, layer: int) -> Iterator[tuple[int, int, list[Body] | None]]:
        """Number, count of changes, and the changes as the step tells them; None for what is no step of a session."""
        last = -1
        sql = "SELECT n, changes, body, tool FROM step WHERE layer = ? AND n > ? ORDER BY n LIMIT 500"
        while page := self._raw.run(sql, layer, last):
            for n, changes, body, tool in page:
                yield n, changes, json.loads(body)["delta"]["changes"] if tool else None
            last = page[-1][0]

    def _written(self, layer: int) -> dict[int, list[Version]]:
        found = defaultdict(list)
        for step, *version in self._raw.run("SELECT step, entity, key, op, body FROM version WHERE layer = ?", layer):
            found[step].append((version[0], version[1], version[2], version[3]))
        return found

    def _entries(self, layer: int) -> dict[int, set[tuple[str, str, str, str]]]:
        found: dict[int, set[tuple[str, str, str, str]]] = defaultdict(set)
        for step, *entry in self._raw.run("SELECT step, entity, field, value, key FROM entry WHERE layer = ?", layer):
            found[step].add((entry[0], entry[1], entry[2], entry[3]))
        return found

    def _tallies(self, layer: int) -> dict[int, list[tuple[str, int]]]:
        found: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for step, entity, rows in self._raw.run("SELECT step, entity, rows FROM tally WHERE layer = ?", layer):
            found[step].append((entity, rows))
        return found


def _untold(versions: list[Version], told: list[Body]) -> list[str]:
    """What a step tells of its changes, where that is not what was written."""
    tale = sorted((change["entity"], change["key"], change["op"], _sorted(change["after"])) for change in told)
    made = sorted((at, key, op, _sorted(None if body is None else json.loads(body))) for at, key, op, body in versions)
    return [] if tale == made else [f"it tells {tale}, and wrote {made}"]


def _sorted(row: Any) -> str:
    return json.dumps(row, sort_keys=True)
