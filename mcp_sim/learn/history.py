"""Recorded calls with the rows as they were before each."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeGuard

from mcp_sim.learn.evidence import missing
from mcp_sim.learn.example import Example, Seen
from mcp_sim.learn.glances import Glance, glances
from mcp_sim.learn.hindsight import Hindsight, changed
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.tables import POSITION, Row, Table
from schemas.recorded import RecordedCall
from schemas.rows import key_text

_SURE = 0.9


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
        self._fields = {name: frozenset(table.fields) - {POSITION} for name, table in tables.items()}
        self._glances: dict[str, Glance] = {}

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
        self._glances = glances(trajectories.values(), self.tables)
        makers = self._makers(trajectories.values())
        absence = missing((call for run in trajectories.values() for call in run), self.tables)
        for run in trajectories.values():
            rows = Rows(self.tables)
            gone: list[Example] = []
            hindsight = Hindsight(absence, makers)
            is_unsure = False
            for call in sorted(run, key=lambda c: c.index):
                example = Example(call, {"args": call.arguments, "rows": rows}, answer_of(call))
                example.is_unsure = is_unsure
                if not call.is_error:
                    after, is_known = (rows, False) if effect is None else effect(call, rows)
                    example.touched = changed(rows, after) if is_known else None
                    rows = after
                    example.seen = list(self.seen(example.answer, call.arguments, rows, call.tool))
                    hindsight.notice(example, rows)
                    rows = merged(rows, example.seen)
                    is_unsure = is_unsure or (call.kind == "write" and not changed(example.rows, rows))
                hindsight.look_for(example)
                gone.append(example)
            _look_back(gone)
            yield from gone

    def _makers(self, runs: Iterable[list[RecordedCall]]) -> set[str]:
        """The tools that nobody calls reading or writing, and that show a row not known before nearly every time."""
        shown: dict[str, list[bool]] = defaultdict(list)
        rows = Rows(self.tables)
        for run in runs:
            if all(call.kind != "unknown" for call in run):
                continue
            known: set[tuple[str, str]] = set()
            for call in sorted(run, key=lambda c: c.index):
                if not call.is_error:
                    places = {
                        (table, key) for table, key, _ in self.seen(answer_of(call), call.arguments, rows, call.tool)
                    }
                    new = {at for at in places - known if rows.get(*at) is None}
                    shown[call.tool].append(bool(new))
                    known |= new
        return {tool for tool, flags in shown.items() if sum(flags) >= _SURE * len(flags)}

    def seen(self, answer: Any, arguments: dict[str, Any], rows: Rows, tool: str = "") -> Iterator[Seen]:
        """The rows that an answer shows; `tool` says whose it is."""
        found = list(self._inside(answer, rows, 0))
        if not found and isinstance(answer, dict):
            found = list(self._named(answer, arguments, rows)) or list(self._single(answer))
            if not found and tool in self._glances:
                found = list(self._glances[tool].seen(answer, arguments, rows))
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
