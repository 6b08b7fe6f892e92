"""Examples with the names that an effect can speak of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.language import UNDEFINED, column, value
from mcp_sim.learn.sources import KEYWORDS
from mcp_sim.learn.tables import Path


@dataclass
class Binding:
    """A named value.

    Attributes:
        name: its name.
        source: the expression that it is the value of.
        table: the table whose row it is, if it is a whole row.
        depth: how many steps lead to it from the arguments.
        of: the binding that it was reached from.
    """

    name: str
    source: str
    table: str | None
    depth: int
    of: str | None = None
    path: Path = ()


@dataclass
class Scope:
    """Examples with their names.

    Attributes:
        examples: the names of each example: `args`, `rows`, and the bindings.
        sure: the examples whose call succeeded.
        bindings: what was named, in order.
        loops: lists of records, whose items have scopes of their own.
        variable: in the scope of a loop, the name of the record.
        owners: in the scope of a loop, the example that each record belongs to.
    """

    examples: list[dict[str, Any]]
    sure: list[int]
    bindings: list[Binding] = field(default_factory=list)
    loops: dict[str, Loop] = field(default_factory=dict)
    variable: str | None = None
    owners: list[int] = field(default_factory=list)
    known: set[tuple[int, ...]] = field(default_factory=set)
    known_atoms: list[Any] | None = None
    _columns: dict[str, list[Any]] = field(default_factory=dict)
    _spots: dict[str, dict[int, Any]] = field(default_factory=dict)

    def column(self, source: str) -> list[Any]:
        """The value of an expression in every example."""
        found = self._columns.get(source)
        if found is None:
            found = self._columns[source] = column(source, self.examples)
        return found

    def at(self, source: str, index: int) -> Any:
        """The value of an expression in one example, where it may not be worth to know it in all."""
        whole = self._columns.get(source)
        if whole is not None:
            return whole[index]
        known = self._spots.setdefault(source, {})
        if index not in known:
            known[index] = value(source, self.examples[index])
        return known[index]

    def trusted(self, values: list[Any]) -> list[Any]:
        """The values of the examples whose call succeeded; of all, where too few did."""
        return [values[index] for index in self.sure] if len(self.sure) >= 3 else values

    def bind(
        self,
        name: str,
        source: str,
        table: str | None,
        depth: int,
        of: str | None = None,
        path: Path = (),
    ) -> None:
        """Name the value of an expression, unless it has none or is named already."""
        if any(b.source == source for b in self.bindings):
            return
        taken = {b.name for b in self.bindings} | set(self.loops) | {"args", "rows", "now", "row", "item", "m", "made"}
        if self.variable is not None:
            taken |= {name for names in self.examples for name in names[self.variable]}
        name = re.sub(r"\W+", "_", name)
        name = name if name[:1].isalpha() and name not in KEYWORDS else f"the_{name}"
        unique = next(n for n in [name, *(f"{name}_{k}" for k in range(2, 99))] if n not in taken)
        values = column(source, self.examples)
        if all(v is None or v is UNDEFINED for v in values):
            return
        same = tuple(map(id, values))
        if same in self.known:
            return
        self.known.add(same)
        binding = Binding(unique, source, table, depth, of, path)
        if self.variable is None:
            for names, value in zip(self.examples, values, strict=True):
                names[unique] = None if value is UNDEFINED else value
        else:
            for names, value in zip(self.examples, values, strict=True):
                names[self.variable][unique] = None if value is UNDEFINED else value
        self.bindings.append(binding)
        self.known_atoms = None

    def reached(self, binding: Binding) -> str:
        """The expression that gives a binding by its name."""
        return binding.name if self.variable is None else f"{self.variable}.{binding.name}"


@dataclass
class Loop:
    """A list of records that an effect goes through.

    Attributes:
        name: the name of the list.
        source: the expression that makes it.
        scope: one example for every record.
        items: the field of the records that holds the item itself, where they are made of a list of a row.
        of: the expression of the list that it goes through.
    """

    name: str
    source: str
    scope: Scope
    of: str
    fields: list[str]
