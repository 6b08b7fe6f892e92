"""A trace read back: the state after any of its steps, rebuilt without a store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import orjson
from pydantic import ValidationError

from schemas.rows import key_text
from schemas.types import Completion, Row, Step, Trace, World
from store.completions import completions_of
from store.matching import Referrer, in_order, sort_key
from store.shelf import Shelf
from store.traces.encode import FORMAT, VERSION, decode_regimes, decode_step
from store.view import EntityView, first_counters, id_pattern, undisturbed


class TraceError(Exception):
    """A file that is not a trace; the message names the line."""


def read_trace(lines: Iterable[bytes]) -> Trace:
    """A whole trace from its lines.

    Raises:
        TraceError: not a trace, or one of a newer version.
    """
    stream = iter(lines)
    header = _header(next(stream, b""))
    try:
        world, regimes = World.model_validate(header["world"]), decode_regimes(header.get("regimes", ()))
        seed = header["seed"]
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise TraceError(f"line 1: the header of a trace, but of no world: {where}: {fault['msg']}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise TraceError(f"line 1: the header of a trace, but not a whole one: {error}") from None
    return Trace(VERSION, world, seed, tuple(_steps(stream)), regimes)


def view(trace: Trace, at: int) -> EntityView:
    """What the call after step `at` saw, or would have seen right then if the trace ends there.

    Raises:
        TraceError: the trace has fewer steps.
    """
    if not 0 <= at <= len(trace.steps):
        raise TraceError(f"this trace has the steps 0 to {len(trace.steps)}; there is no step {at}")
    rows = TraceRows(trace.world)
    counters = dict(first_counters(trace.world))
    for step in islice(trace.steps, at):
        rows.apply(step)
        for change in step.delta.changes:
            if change.op == "create":
                counters[change.entity] = _recount(trace, change.entity, change.key, counters.get(change.entity, 0))
    now = trace.steps[min(at, len(trace.steps) - 1)].at if trace.steps else _start(trace.world)
    return EntityView(rows, trace.world, trace.seed, at + 1, now, counters, TracePast(trace.steps[:at]))


def _start(world: World) -> str:
    return world.clock.start.isoformat().replace("+00:00", "Z")


class TraceRows:
    """Rows in plain dictionaries: the seed rows with the deltas of steps applied."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = Shelf(world)
        for name, rows in world.rows.items():
            key = world.entities[name].key
            for row in rows:
                self._rows.put((name, key_text(row[key])), row)

    def apply(self, step: Step) -> None:
        """Take in the changes of a step."""
        for change in step.delta.changes:
            self._rows.put((change.entity, change.key), change.after)

    def get(self, entity: str, key: str) -> Row | None:
        """The row with this key, or None."""
        return self._rows.rows.get((entity, key))

    def query(self, entity: str, match: dict[str, Any] | None = None) -> list[Row]:
        """The rows whose fields equal `match`, in key order."""
        field = self._world.entities[entity].key
        return sorted(self._rows.matching(entity, match), key=lambda row: sort_key(row[field]))

    def stream(self, entity: str, match: dict[str, Any] | None = None, after: Any = None) -> Iterator[Row]:
        """The same rows one by one, from the first key behind `after`."""
        field = self._world.entities[entity].key
        return (row for row in self.query(entity, match) if after is None or sort_key(row[field]) > sort_key(after))

    def count(self, entity: str, match: dict[str, Any] | None = None) -> int:
        """How many rows match."""
        return len(self._rows.matching(entity, match))

    def referrers(self, entity: str, keys: Sequence[str]) -> dict[str, list[Referrer]]:
        """The rows that refer to each of these, as (entity, path, row), by entity, path and key."""
        return {key: in_order(self._world, entity, self._rows.referrers(entity, key)) for key in keys}


class TracePast:
    """The steps of a trace that came before a call."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self._steps = steps

    def recent(self, limit: int, tool: str | None = None) -> list[Step]:
        """The last steps, oldest first; those of one tool, as far back as 500 steps."""
        found = [step for step in self._steps[-500:] if tool in (None, step.call.tool)]
        return undisturbed(found[max(len(found) - limit, 0) :])

    def recall(self, prompt: str) -> Completion | None:
        """What a world model said to this question before."""
        found = (found for step in self._steps for found in completions_of(step) if found.prompt == prompt)
        return next(found, None)


def _header(line: bytes) -> dict[str, Any]:
    try:
        header = orjson.loads(line)
    except orjson.JSONDecodeError:
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise TraceError("line 1: not the header of a trace")
    if not isinstance(header.get("version"), int):
        raise TraceError("line 1: the header of a trace, but of no version")
    if header["version"] > VERSION:
        raise TraceError(f"this trace has version {header['version']}, this mcp-sim reads up to {VERSION}; upgrade it")
    return header


def _steps(lines: Iterable[bytes]) -> Iterator[Step]:
    for number, line in enumerate(lines, 2):
        try:
            yield decode_step(line)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise TraceError(f"line {number}: not a step: {error}") from None


def _recount(trace: Trace, entity: str, key: str, so_far: int) -> int:
    """The id counter after a row was created; keys that the pattern did not mint leave it as it is."""
    pattern = id_pattern(trace.world, entity)
    for n in range(so_far + 1, so_far + 1000):
        if key_text(pattern.mint(n, trace.seed, entity)) == key:
            return n
    return so_far
