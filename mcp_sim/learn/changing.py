"""Rows that a tool changes: what answers show of them, at once or later."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from mcp_sim.learn.changes import MADE, Change, Changes, made_row
from mcp_sim.learn.dropping import learn_drops
from mcp_sim.learn.example import Example
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.making import learn_makes
from mcp_sim.learn.scope import Binding, Scope
from mcp_sim.learn.search import Found, Search
from mcp_sim.learn.search.found import equal
from mcp_sim.learn.sources import attribute
from mcp_sim.learn.tables import POSITION, Table, singular
from store.matching import same

NEARLY = 0.9
"""The share of examples that an expression has to explain where none explains them all."""
_SETTING = {"update", "modify", "change", "set", "edit", "move", "rename", "assign", "reassign", "mark", "patch"}
"""What tools are called that set fields: asked only where nobody ever looked at a row again."""
_PARTICULAR = re.compile(r'"[^"]*\d[^"]*"|(?<![\w.])\d{2,}')
Rows = dict[str, list[Any]]
"""The row after each call, by the name of the row; UNDEFINED where it is not known."""


def may_write(examples: list[Example]) -> bool:
    """Whether a tool may change something, as far as the recordings say."""
    return sum(e.call.kind == "read" for e in examples) <= 0.5 * len(examples)


def learn_changes(
    tool: str, search: Search, examples: list[Example], sure: list[int], tables: dict[str, Table]
) -> tuple[Changes, Scope]:
    """What a tool does to rows, and the scope as it is after that."""
    scope = search.scope
    found = Changes(scope)
    afters: Rows = {}
    if may_write(examples):
        found.makes = learn_makes(search, examples, sure, tables)
        if found.makes:
            scope = _after(scope, {MADE: _made(found, scope, examples, sure)})
            search = Search(scope, tables)
        else:
            found.drops = learn_drops(tool, examples, sure, tables)
    shown = _shown(scope, examples, sure, tables)
    for name, rows in shown.items():
        change = _change(search, _binding(scope, name), rows, tables, shown=True)
        if change is not None:
            found.changes.append(change)
            afters[name] = rows
    if may_write(examples) and not found.drops:
        found.changes += _hidden(search, examples, sure, tables, set(shown))
        if not (found.makes or any(change.sets or change.chosen for change in found.changes)):
            found.changes = _unseen(tool, scope, examples, sure, tables) or found.changes
    return found, _after(scope, afters)


def _after(scope: Scope, rows: Rows) -> Scope:
    """The scope with some rows as they are after the calls."""
    if not rows:
        return scope
    examples = [dict(names) for names in scope.examples]
    for name, values in rows.items():
        for names, row in zip(examples, values, strict=True):
            if row is not UNDEFINED:
                names[name] = row
    return Scope(examples, scope.sure, scope.bindings, scope.loops)


def _made(found: Changes, scope: Scope, examples: list[Example], sure: list[int]) -> list[Any]:
    """The row that each call makes: as it was seen, else as it must be."""
    make = found.makes[0]
    rows: list[Any] = [None] * len(examples)
    for i in sure:
        seen = next((row for table, _, row in examples[i].made if table == make.table), {})
        rows[i] = {**(made_row(make, scope.examples[i]) or {}), **seen} or None
    return rows


def _binding(scope: Scope, name: str) -> Binding:
    return next(b for b in scope.bindings if b.name == name)


def _shown(scope: Scope, examples: list[Example], sure: list[int], tables: dict[str, Table]) -> Rows:
    """The rows that the answers show, as they are after the call, by the name of the row."""
    found: Rows = {}
    for binding in scope.bindings:
        if binding.table is None:
            continue
        key = tables[binding.table].key
        after: list[Any] = [UNDEFINED] * len(examples)
        for i in sure:
            row = scope.examples[i].get(binding.name)
            if not isinstance(row, dict):
                continue
            part = next((s for t, _, s in examples[i].seen if t == binding.table and s.get(key) == row.get(key)), None)
            if part is not None:
                after[i] = {**row, **part}
        seen = [i for i in sure if after[i] is not UNDEFINED]
        changed = [i for i in seen if not same(after[i], scope.examples[i][binding.name])]
        if changed and (len(changed) >= 0.5 * len(seen) or writes(examples)):
            found[binding.name] = after
    return found


def writes(examples: list[Example]) -> bool:
    """Whether the recordings say that a tool changes something."""
    return sum(e.call.kind == "write" for e in examples) > 0.5 * len(examples)


def _hidden(
    search: Search, examples: list[Example], sure: list[int], tables: dict[str, Table], shown: set[str]
) -> list[Change]:
    """Changes of rows that the answers do not show, but later ones do."""
    found = []
    for binding in search.scope.bindings:
        if binding.table is None or binding.name in shown:
            continue
        key = tables[binding.table].key
        after: list[Any] = [UNDEFINED] * len(examples)
        for i in sure:
            row = search.scope.examples[i].get(binding.name)
            later = None if row is None else examples[i].later.get((binding.table, str(row[key])))
            if row is not None and later is not None:
                after[i] = {**row, **later}
        change = _change(search, binding, after, tables, shown=False)
        if change is not None:
            found.append(change)
    return found


def _change(search: Search, binding: Binding, after: list[Any], tables: dict[str, Table], shown: bool) -> Change | None:
    seen = [i for i, row in enumerate(after) if row is not UNDEFINED]
    befores = search.scope.column(binding.name)
    differing = [[f for f, v in after[i].items() if f not in befores[i] or not same(befores[i][f], v)] for i in seen]
    fields = Counter(f for names in differing for f in names)
    change = Change(binding, tables[binding.table or ""].key, shown=shown)
    chosen = _chosen(search, after, seen, differing)
    if chosen is not None:
        change.chosen = chosen
        return change
    for f, times in fields.items():
        if not shown and times < 2:
            continue
        target = [UNDEFINED if a is UNDEFINED else a.get(f, UNDEFINED) for a in after]
        found = search.value(target, seen) or search.value(target, seen, least=NEARLY)
        moved = [i for i, names in zip(seen, differing, strict=True) if f in names]
        if found is not None and not _explains(search, found, target, moved):
            found = None
        if found is not None and (shown or not _is_remembered(found, times)):
            change.sets[f] = found
        elif times >= max(2, 0.02 * len(seen)):
            change.undecided[f] = times
    return change if change.sets or change.undecided else None


def _explains(search: Search, found: Found, target: list[Any], moved: list[int]) -> bool:
    """Whether an expression tells what a field became, not only that mostly it stays."""
    values = search.scope.column(found.source)
    return 2 * sum(equal(values[i], target[i]) for i in moved) >= len(moved)


def _is_remembered(found: Found, times: int) -> bool:
    """Whether an expression holds as many particular values as there are changes that it explains."""
    return len(_PARTICULAR.findall(found.source)) > 0.4 * times


def _chosen(search: Search, after: list[Any], seen: list[int], differing: list[list[str]]) -> tuple[str, Found] | None:
    """The argument that names the field that changes, and its value."""
    moved = [k for k, fields in enumerate(differing) if fields]
    if len({f for k in moved for f in differing[k]}) < 2:
        return None
    for name in dict.fromkeys(n for e in search.scope.examples for n in e["args"]):
        named = [search.scope.examples[i]["args"].get(name) for i in seen]
        told = [k for k in moved if differing[k] == [named[k]]]
        single = sum(len(differing[k]) == 1 for k in moved)
        if len(told) < 2 or len(told) < NEARLY * single or 2 * len(told) < len(moved):
            continue
        target: list[Any] = [UNDEFINED] * len(after)
        for k, (i, field) in enumerate(zip(seen, named, strict=True)):
            if isinstance(field, str) and field in after[i] and (k in told or not differing[k]):
                target[i] = after[i][field]
        found = search.value(target, seen, least=NEARLY)
        if found is not None:
            return attribute("args", name), found
    return None


def _unseen(
    tool: str, scope: Scope, examples: list[Example], sure: list[int], tables: dict[str, Table]
) -> list[Change]:
    """A row that nobody looked at again: its fields that arguments name, with the values that arguments give."""
    fine = [examples[i] for i in sure]
    names = dict.fromkeys(n for e in fine for n in e.call.arguments)
    words = set(re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", tool).lower()))
    if not fine or any(e.seen for e in fine) or not writes(fine):
        return []
    for binding in scope.bindings:
        if binding.table is None or binding.depth != 1:
            continue
        table = tables[binding.table]
        key = next((n for n in names if binding.source.endswith(f", {attribute('args', n)})")), None)
        if key is None or not (key.lower() == table.key.lower() or singular(table.name) in key.lower()):
            continue
        laters = [(e, e.later.get((binding.table, str(e.call.arguments.get(key))))) for e in fine]
        rest = [n for n in names if n != key]
        fields = set(table.fields) - {table.key, POSITION}
        chooser = next((n for n in rest if _share([e.call.arguments.get(n) for e in fine], fields) >= 0.8), None)
        other = next((n for n in rest if n != chooser), None)
        if chooser is not None and other is not None and len(rest) == 2:
            told = [(row[f], e.call.arguments.get(other)) for e, row in laters if row and (f := _of(e, chooser)) in row]
            if 2 * sum(was == given for was, given in told) < len(told):
                continue
            given = Found(attribute("args", other), 0, 0)
            return [Change(binding, table.key, chosen=(attribute("args", chooser), given), shown=False)]
        sets = {n: Found(attribute("args", n), 0, 0) for n in rest if n in fields}
        if sets and words & _SETTING and not any(row for _, row in laters):
            return [Change(binding, table.key, sets, shown=False)]
    return []


def _of(example: Example, argument: str) -> str:
    return str(example.call.arguments.get(argument))


def _share(values: list[Any], known: set[str]) -> float:
    given = [v for v in values if isinstance(v, str)]
    return sum(v in known for v in given) / len(given) if given else 0.0
