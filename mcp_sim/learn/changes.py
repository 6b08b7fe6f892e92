"""What a call does to rows: rows that are made, changed and taken away, each by expressions of the call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.language import UNDEFINED, value
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.scope import Binding, Loop, Scope
from mcp_sim.learn.search import Found
from mcp_sim.learn.tables import Row
from schemas.rows import key_text

MADE = "made"
"""The name of the row that a call makes."""


@dataclass
class Change:
    """What a tool does to one row.

    Attributes:
        binding: the row, by its name in the scope.
        key: the field that identifies it.
        sets: an expression for every field that changes.
        chosen: the argument that names the field that changes, and an expression for its value.
        undecided: fields that change, for which no expression was found, and how often.
        shown: whether the answers of the tool show the row; else it was seen later on.
    """

    binding: Binding
    key: str
    sets: dict[str, Found] = field(default_factory=dict)
    chosen: tuple[str, Found] | None = None
    undecided: dict[str, int] = field(default_factory=dict)
    shown: bool = True


@dataclass
class Make:
    """A row that a tool makes.

    Attributes:
        table: its table.
        key: the field that identifies it.
        values: an expression for every field.
        undecided: fields for which no expression was found, and how often they were seen.
    """

    table: str
    key: str
    values: dict[str, Found]
    undecided: dict[str, int] = field(default_factory=dict)


@dataclass
class Drop:
    """A row that a tool takes away.

    Attributes:
        table: its table.
        key: the expression of its key.
        support: the calls after which the row was missed, and those after which it was looked for.
    """

    table: str
    key: str
    support: tuple[int, int]


@dataclass
class Changes:
    """Everything that a tool does to rows."""

    scope: Scope
    makes: list[Make] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    drops: list[Drop] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing that changes was left undecided."""
        return not any(c.undecided for c in self.changes) and not any(m.undecided for m in self.makes)

    @property
    def sources(self) -> list[str]:
        """Every expression, in a fixed order."""
        found = [f"{m.table}.{name}={f.source}" for m in self.makes for name, f in m.values.items()]
        found += [f"{c.binding.source}.{name}={f.source}" for c in self.changes for name, f in c.sets.items()]
        found += [f"{c.binding.source}[{c.chosen[0]}]={c.chosen[1].source}" for c in self.changes if c.chosen]
        return [*found, *(f"{d.table}-{d.key}" for d in self.drops)]

    def apply(self, rows: Rows, arguments: Row) -> Rows:
        """The rows after a call with these arguments."""
        names = Names(self.scope, {"args": arguments, "rows": rows})
        after = rows
        for make in self.makes:
            made = made_row(make, names)
            if made is not None:
                names[MADE] = made
                after = after.put(make.table, key_text(made[make.key]), made)
        for change in self.changes:
            row = names[change.binding.name]
            if isinstance(row, dict) and change.binding.table is not None:
                sets = {name: value(found.source, names) for name, found in change.sets.items()}
                if change.chosen is not None:
                    sets[str(value(change.chosen[0], names))] = value(change.chosen[1].source, names)
                sets = {name: v for name, v in sets.items() if v is not UNDEFINED}
                after = after.put(change.binding.table, key_text(row[change.key]), {**row, **sets})
        for drop in self.drops:
            key = value(drop.key, names)
            if key is not UNDEFINED and after.get(drop.table, key) is not None:
                after = after.put(drop.table, key_text(key), None)
        return after


def made_row(make: Make, names: Any) -> Row | None:
    """The row that a call makes; None where its key has no value."""
    row = {name: value(found.source, names) for name, found in make.values.items()}
    if row[make.key] is UNDEFINED or row[make.key] is None:
        return None
    return {name: None if v is UNDEFINED else v for name, v in row.items()}


class Names(dict[str, Any]):
    """The names of one call; each is worked out when it is first asked for."""

    def __init__(self, scope: Scope, given: dict[str, Any]) -> None:
        super().__init__(given)
        self._bindings = {b.name: b for b in scope.bindings}
        self._loops = scope.loops

    def __missing__(self, name: str) -> Any:
        if name in self._bindings:
            found = value(self._bindings[name].source, self)
            self[name] = None if found is UNDEFINED else found
        elif name in self._loops:
            self[name] = self._records(self._loops[name])
        else:
            raise KeyError(name)
        return self[name]

    def _records(self, loop: Loop) -> list[Row]:
        listed = value(loop.source, self)
        found = [dict(record) for record in listed] if isinstance(listed, list) else []
        for record in found:
            inner = _Inner(self, record)
            for binding in loop.scope.bindings:
                part = value(binding.source, inner)
                record[binding.name] = None if part is UNDEFINED else part
        return found


class _Inner(dict[str, Any]):
    """The names of a call, and one record."""

    def __init__(self, outer: Names, record: Row) -> None:
        super().__init__(m=record)
        self._outer = outer

    def __missing__(self, name: str) -> Any:
        return self._outer[name]
