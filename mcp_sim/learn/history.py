"""Recorded calls with the rows as they were before each."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeGuard

from mcp_sim.learn.evidence import Missing, Named, missing
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.tables import POSITION, Row, Table
from schemas.recorded import RecordedCall
from schemas.rows import key_text
from store.matching import same

Seen = tuple[str, str, Row]
"""A row that an answer shows: its table, its key, the fields that are shown."""


@dataclass
class Example:
    """A call, what it was called with, the rows before it, and the answer.

    Attributes:
        answer: the answer as JSON where it is an object or a list, else its text.
        seen: the rows that the answer shows.
        later: the rows that answers show after it, before the next call that may change some.
        made: the rows that are new after it, as answers show them.
        missed: for rows that it names, whether the next call that names them finds none.
        touched: the rows that it is known to change; None where that is not known.
    """

    call: RecordedCall
    names: dict[str, Any]
    answer: Any
    seen: list[Seen] = field(default_factory=list)
    later: dict[tuple[str, str], Row] = field(default_factory=dict)
    made: list[Seen] = field(default_factory=list)
    missed: dict[Named, bool] = field(default_factory=dict)
    touched: set[tuple[str, str]] | None = None

    @property
    def rows(self) -> Rows:
        """The rows before the call."""
        found: Rows = self.names["rows"]
        return found

    @property
    def is_stale(self) -> bool:
        """Whether the answer shows a row that is not known, or not so: something unseen made or changed it."""
        for table, key, shown in self.seen:
            row = self.rows.get(table, key)
            if row is None or any(name in row and not same(row[name], value) for name, value in shown.items()):
                return True
        return False


def answer_of(call: RecordedCall) -> Any:
    """The answer as JSON where it is an object or a list, else its text without space around it."""
    if call.structured is not None:
        return call.structured
    text = call.text.strip()
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


class History:
    """Goes through trajectories call by call."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self.tables = tables
        self._fields = {name: frozenset(table.fields) for name, table in tables.items()}

    def examples(
        self, calls: Iterable[RecordedCall], effect: Callable[[RecordedCall, Rows], tuple[Rows, bool]] | None = None
    ) -> Iterator[Example]:
        """Every call with the rows before it: the initial ones, the effects, and what was seen meanwhile.

        Args:
            calls: of any number of runs.
            effect: the rows after a call that succeeded, and whether it is known what it does.
        """
        trajectories: dict[str, list[RecordedCall]] = defaultdict(list)
        for call in calls:
            trajectories[call.trajectory].append(call)
        absence = missing((call for run in trajectories.values() for call in run), self.tables)
        for run in trajectories.values():
            rows = Rows(self.tables)
            gone: list[Example] = []
            hindsight = Hindsight(absence)
            for call in sorted(run, key=lambda c: c.index):
                example = Example(call, {"args": call.arguments, "rows": rows}, answer_of(call))
                if not call.is_error:
                    after, is_known = (rows, False) if effect is None else effect(call, rows)
                    example.touched = changed(rows, after) if is_known else None
                    rows = after
                    example.seen = list(self.seen(example.answer, call.arguments, rows))
                    hindsight.notice(example, rows)
                    rows = merged(rows, example.seen)
                hindsight.look_for(example)
                gone.append(example)
            _look_back(gone)
            yield from gone

    def seen(self, answer: Any, arguments: dict[str, Any], rows: Rows) -> Iterator[Seen]:
        """The rows that an answer shows."""
        found = list(self._inside(answer, rows, 0))
        if not found and isinstance(answer, dict):
            found = list(self._named(answer, arguments, rows)) or list(self._single(answer))
        return iter(found)

    def _single(self, answer: Row) -> Iterator[Seen]:
        """The row of a thing that is there once, of which an answer shows some fields."""
        for name, table in self.tables.items():
            shown = {field: value for field, value in answer.items() if field in self._fields[name]}
            if table.is_single and shown and 2 * len(shown) >= len(answer):
                yield name, "1", {POSITION: 1, **shown}

    def _inside(self, value: Any, rows: Rows, depth: int) -> Iterator[Seen]:
        if isinstance(value, list) and depth < 3:
            for item in value:
                yield from self._inside(item, rows, depth + 1)
        elif isinstance(value, dict):
            for name, table in self.tables.items():
                key = value.get(table.key)
                if (
                    table.key != POSITION
                    and isinstance(key, str | int)
                    and len(value) > 1
                    and _alike(self._fields[name], value)
                ):
                    yield name, key_text(key), value
                    return
            if depth < 2:
                for part in value.values():
                    if isinstance(part, dict | list):
                        yield from self._inside(part, rows, depth + 1)

    def _named(self, answer: Row, arguments: dict[str, Any], rows: Rows) -> Iterator[Seen]:
        for value in arguments.values():
            if not isinstance(value, str | int) or isinstance(value, bool):
                continue
            for name, table in self.tables.items():
                fields = self._fields[name]
                if (
                    table.own_key
                    and rows.get(name, value) is not None
                    and len(answer) >= 0.5 * len(fields)
                    and len(answer.keys() & fields) >= 0.8 * len(answer)
                ):
                    yield name, key_text(value), {table.key: rows.get(name, value)[table.key], **answer}  # type: ignore[index]
                    return


def _look_back(examples: list[Example]) -> None:
    """Tell every call of a trajectory what is seen of rows before the next one that may change them."""
    ahead: dict[tuple[str, str], Row] = {}
    for example in reversed(examples):
        if example.call.is_error:
            continue
        example.later = dict(ahead)
        seen = {(table, key): row for table, key, row in example.seen}
        if example.call.kind == "read":
            ahead |= seen
        elif example.touched is None:
            ahead = {}
        else:
            ahead = {at: row for at, row in (ahead | seen).items() if at not in example.touched}


def changed(before: Rows, after: Rows) -> set[tuple[str, str]]:
    """The rows that are not the same ones."""
    return {
        (table, key)
        for table, rows in after.changed.items()
        for key, row in rows.items()
        if rows is not before.changed.get(table) and before.get(table, key) is not row
    }


class Hindsight:
    """What later calls of one run tell of earlier ones."""

    def __init__(self, absence: Missing) -> None:
        self._absence = absence
        self._writers: list[Example] = []
        self._expected: dict[tuple[str, str], Example] = {}
        self._naming: dict[tuple[str, str], tuple[Example, str]] = {}

    def notice(self, example: Example, rows: Rows) -> None:
        """Tell the calls that made them of rows that an answer shows for the first time; `rows` are those after it."""
        writes = example.call.kind != "read"
        for table, key in changed(example.rows, rows):
            if example.rows.get(table, key) is None and rows.get(table, key) is not None:
                self._expected[table, key] = example
        for table, key, shown in example.seen:
            maker = self._expected.pop((table, key), None)
            if maker is None and rows.get(table, key) is None:
                maker = example if writes else self._maker(table, shown)
            if maker is not None:
                maker.made.append((table, key, shown))
        if writes:
            self._writers.append(example)

    def look_for(self, example: Example) -> None:
        """Tell the last call that named a row whether it was missed thereafter."""
        missed = self._absence.says_so(example.call)
        if example.call.is_error and not missed:
            return
        for table, key, argument in self._absence.named(example.call):
            last = self._naming.get((table, key))
            if last is not None and last[0] is not example:
                last[0].missed.setdefault((table, key, last[1]), missed)
            if not missed and example.call.kind != "read":
                self._naming[table, key] = (example, argument)

    def _maker(self, table: str, shown: Row) -> Example | None:
        """The earlier call that most probably made a row: it was given most of what the row holds."""
        held = {str(v).lower() for v in shown.values() if isinstance(v, str | int) and v != ""}
        best: tuple[int, Example] | None = None
        for example in self._writers:
            given = {str(v).lower() for v in example.call.arguments.values() if isinstance(v, str | int) and v != ""}
            score = len(given & held)
            if (
                not example.seen
                and not any(t == table for t, _, _ in example.made)
                and (best is None or score >= best[0])
            ):
                best = (score, example)
        return None if best is None else best[1]


def _alike(fields: frozenset[str], shown: Row) -> bool:
    """Whether an object shows a row: most of what it has the rows have, or most of what they have it has."""
    shared = len(fields & shown.keys())
    return shared >= 0.6 * max(len(shown), 0.8 * len(fields)) or shared >= 0.9 * len(fields)


def merged(rows: Rows, seen: list[Seen]) -> Rows:
    """The rows with what was seen laid over them."""
    for table, key, shown in seen:
        before = rows.get(table, key)
        after = {**(before or {}), **shown}
        if after != before:
            rows = rows.put(table, key, after)
    return rows


def as_shown(tables: dict[str, Table], examples: Iterable[Example]) -> dict[str, Table]:
    """The tables as answers show their rows: with the blank fields that the data leaves out, and times as written."""
    blanks: dict[tuple[str, str], list[Any]] = defaultdict(list)
    times: dict[tuple[str, str], set[bool]] = defaultdict(set)
    for example in examples:
        for table, key, shown in example.seen:
            row = tables[table].rows.get(key)
            if row is None or not tables[table].own_key:
                continue
            for name, value in shown.items():
                if name not in row:
                    blanks[table, name].append(value)
                elif _is_moment(row[name]) and isinstance(value, str):
                    times[table, name].add(value == row[name].replace("T", " ", 1))
    found = dict(tables)
    for (table, name), values in blanks.items():
        blank = [v for v in values if v is None or v in ([], {})]
        if len(values) >= 3 and len(blank) >= 0.5 * len(values):
            found[table] = _with(found[table], partial(_filled, name, blank[0]))
    for (table, name), flags in times.items():
        if flags == {True}:
            found[table] = _with(found[table], partial(_respaced, name))
    return found


def _with(table: Table, change: Callable[[Row], Row]) -> Table:
    rows = {key: change(row) for key, row in table.rows.items()}
    return Table(table.name, table.key, rows, table.own_key, table.keyed, table.references)


def _filled(name: str, blank: Any, row: Row) -> Row:
    return {**row, name: row.get(name, blank)}


def _respaced(name: str, row: Row) -> Row:
    moment = row.get(name)
    return {**row, name: moment.replace("T", " ", 1)} if _is_moment(moment) else row


def _is_moment(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:", value) is not None
