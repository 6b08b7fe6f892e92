"""What a tool may do with a collection: how it is carried out here, and how a pack says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcp_sim.learn.batches.collections import Collection, Row, State
from mcp_sim.learn.sources import attribute, literal

Arguments = dict[str, Any]
Steps = list[dict[str, Any]]
KEY = "row_id"
"""The field of a pack's rows that keeps their order; an answer does not show it."""


class Missing(Exception):
    """The call ends because nothing has this value."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects that a call speaks of: those of a list, or the arguments themselves (None)."""

    name: str | None

    def of(self, arguments: Arguments) -> list[Row]:
        """The objects of one call."""
        given = [arguments] if self.name is None else arguments.get(self.name)
        return [part for part in given if isinstance(part, dict)] if isinstance(given, list) else []

    @property
    def source(self) -> str:
        """As an expression."""
        return "[args]" if self.name is None else f"({attribute('args', self.name)} or [])"


@dataclass(frozen=True, slots=True)
class Add:
    """New rows, but for those that agree with one that is there in these fields."""

    collection: Collection
    objects: Objects
    unless: tuple[str, ...]
    within: bool
    """Whether an earlier object of the same call counts as being there."""

    cost = 2

    def run(self, state: State, arguments: Arguments) -> list[Row]:
        """Carry it out; what was added."""
        rows, added = state[self.collection.name], list[Row]()
        for given in self.objects.of(arguments):
            known = [*rows, *added] if self.within else rows
            if not self.unless or not any(all(row[f] == given.get(f) for f in self.unless) for row in known):
                added.append({field: given.get(field) for field in self.collection.fields})
        state[self.collection.name] = [*rows, *added]
        return added

    def steps(self, result: str) -> Steps:
        """As steps of an effect; the rows that are added are called `result`."""
        known = f"find({literal(self.collection.name)})"
        fresh = self.objects.source
        if self.unless:
            alike = _alike("r", "o", self.unless)
            guard = f"not any([{alike} for r in {known}])"
            fresh = f"[o for o in {self.objects.source} if {guard}]"
            if self.within:
                earlier = _alike("e", "o", self.unless)
                fresh = f"[o for n, o in enumerate({fresh}) if not any([{earlier} for e in ({fresh})[:n]])]"
        fields = ", ".join(map(literal, self.collection.fields))
        values = {field: f"{{{attribute('new', field)}}}" for field in self.collection.fields}
        create = {"create": self.collection.name, "values": values, "as": "_"}
        return [
            {"compute": {result: f"{{[pick(o, {fields}) for o in {fresh}]}}"}},
            {"for_each": result, "as": "new", "steps": [create]},
        ]


@dataclass(frozen=True, slots=True)
class Where:
    """Which rows: those with one of these fields among the values, or those that agree with an object in all fields."""

    argument: str
    fields: tuple[str, ...]
    kind: str
    """`among` values of a list, `equal` to one value, `like` objects of a list, `holding` a text."""

    @property
    def cost(self) -> int:
        """How long it is."""
        return 1 + len(self.fields)

    def holds(self, row: Row, arguments: Arguments) -> bool:
        """Whether a row is one of them."""
        given = arguments.get(self.argument)
        match self.kind:
            case "among":
                return isinstance(given, list) and any(row[field] in given for field in self.fields)
            case "equal":
                return any(row[field] == given for field in self.fields)
            case "like":
                return isinstance(given, list) and any(
                    isinstance(one, dict) and all(row[f] == one.get(f) for f in self.fields) for one in given
                )
        return isinstance(given, str) and any(given.lower() in text.lower() for text in _texts(row, self.fields))

    def condition(self, lists: tuple[str, ...]) -> str:
        """As an expression over `r`."""
        given = attribute("args", self.argument)
        match self.kind:
            case "among":
                return " or ".join(f"{attribute('r', field)} in ({given} or [])" for field in self.fields)
            case "equal":
                return " or ".join(f"{attribute('r', field)} == {given}" for field in self.fields)
            case "like":
                return f"any([{_alike('r', 'o', self.fields)} for o in ({given} or [])])"
        return " or ".join(
            f"any([lower({given}) in lower(t) for t in {attribute('r', field)}])"
            if field in lists
            else f"lower({given}) in lower({attribute('r', field)})"
            for field in self.fields
        )


@dataclass(frozen=True, slots=True)
class Remove:
    """Rows that are no more."""

    collection: Collection
    where: Where

    @property
    def cost(self) -> int:
        """How long it is."""
        return self.where.cost

    def run(self, state: State, arguments: Arguments) -> list[Row]:
        """Carry it out; what was removed."""
        rows = state[self.collection.name]
        gone = [row for row in rows if self.where.holds(row, arguments)]
        state[self.collection.name] = [row for row in rows if not self.where.holds(row, arguments)]
        return gone

    def steps(self, result: str) -> Steps:
        """As steps of an effect; the rows that are removed are called `result`."""
        condition = self.where.condition(self.collection.lists)
        gone = f"[r for r in find({literal(self.collection.name)}) if {condition}]"
        return [
            {"compute": {result: f"{{{gone}}}"}},
            {"for_each": result, "as": "old", "steps": [{"delete": self.collection.name, "key": f"old.{KEY}"}]},
        ]


@dataclass(frozen=True, slots=True)
class Edit:
    """Values put into, or taken out of, a list of the rows that an object names."""

    collection: Collection
    objects: Objects
    field: str
    named: str
    list_field: str
    values: str
    puts: bool
    once: bool
    """Whether a value that is there already is not put in again."""
    needed: bool
    """Whether the call ends where nothing has the name."""

    cost = 3

    def run(self, state: State, arguments: Arguments) -> list[Row]:
        """Carry it out; for every object its name, and the values that changed the list.

        Raises:
            Missing: nothing has a name; nothing is changed.
        """
        rows = [dict(row) for row in state[self.collection.name]]
        done: list[Row] = []
        for given in self.objects.of(arguments):
            row = next((row for row in rows if row[self.field] == given.get(self.named)), None)
            values = given.get(self.values)
            values = values if isinstance(values, list) else []
            if row is None:
                if self.needed:
                    raise Missing(given.get(self.named))
                continue
            held = row[self.list_field] or []
            if self.puts:
                changed = [value for value in values if not self.once or value not in held]
                row[self.list_field] = [*held, *changed]
            else:
                changed = [value for value in held if value in values]
                row[self.list_field] = [value for value in held if value not in values]
            done.append({self.named: given.get(self.named), self.values: changed})
        state[self.collection.name] = rows
        return done

    def steps(self, result: str, missing: str = "") -> Steps:
        """As steps of an effect; what is done is called `result`."""
        held, given = f"({attribute('it', self.list_field)} or [])", f"({attribute('each', self.values)} or [])"
        if self.puts:
            changed = f"[v for v in {given} if v not in {held}]" if self.once else given
            after = f"{held} + changed"
        else:
            changed = f"[v for v in {held} if v in {given}]"
            after = f"[v for v in {held} if v not in {given}]"
        alike = f"{attribute('r', self.field)} == {attribute('each', self.named)}"
        named = f"[r for r in find({literal(self.collection.name)}) if {alike}]"
        update = {
            "update": self.collection.name,
            "key": f"it.{KEY}",
            "set": {self.list_field: f"{{{after}}}"},
            "as": "_",
        }
        entry = f"{{{result} + [merge(pick(each, {literal(self.named)}), item)]}}"
        told: Steps = [{"compute": {"item": {self.values: "{changed}"}}}, {"compute": {result: entry}}]
        there: dict[str, Any] = {"when": "it is not None"}
        steps: Steps = [{"compute": {"it": f"{{first({named})}}"}}]
        if self.needed:
            steps.append({"require": "it is not None", "error": missing, "status": 404})
            there = {}
        changes: dict[str, Any] = {"compute": {"changed": f"{{{changed}}}"}}
        steps += [{**there, **step} for step in (changes, update, *told)]
        return [
            {"compute": {result: []}},
            {"for_each": self.objects.source, "as": "each", "steps": steps},
        ]


@dataclass(frozen=True, slots=True)
class Select:
    """Rows that are shown: all, those of a condition, or those that name a row which is shown of another collection."""

    collection: Collection
    where: Where | None = None
    of: Collection | None = None
    key: str = ""
    fields: tuple[str, ...] = ()
    every: bool = False

    @property
    def cost(self) -> int:
        """How long it is."""
        return 1 + (self.where.cost if self.where else 0) + len(self.fields)

    def run(self, state: State, arguments: Arguments, shown: dict[str, list[Row]]) -> list[Row] | None:
        """The rows; None where those that they go by are not known."""
        rows = state[self.collection.name]
        if self.of is not None:
            others = shown.get(self.of.name)
            if others is None:
                return None
            names = [row[self.key] for row in others]
            test = all if self.every else any
            return [row for row in rows if test(row[field] in names for field in self.fields)]
        return [row for row in rows if self.where is None or self.where.holds(row, arguments)]

    def steps(self, result: str, results: dict[str, str]) -> Steps:
        """As steps of an effect; the rows are called `result`, those of other collections as in `results`."""
        fields = ", ".join(map(literal, self.collection.fields))
        known = f"find({literal(self.collection.name)})"
        condition = ""
        if self.of is not None:
            names = f"[{attribute('o', self.key)} for o in {results[self.of.name]}]"
            word = " and " if self.every else " or "
            condition = word.join(f"{attribute('r', field)} in {names}" for field in self.fields)
        elif self.where is not None:
            condition = self.where.condition(self.collection.lists)
        chosen = f"[pick(r, {fields}) for r in {known}{f' if {condition}' if condition else ''}]"
        return [{"compute": {result: f"{{{chosen}}}"}}]


Operation = Add | Remove | Edit | Select


def _alike(left: str, right: str, fields: tuple[str, ...]) -> str:
    return " and ".join(f"{attribute(left, field)} == {attribute(right, field)}" for field in fields)


def _texts(row: Row, fields: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for field in fields:
        value = row[field]
        found += [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, str)]
    return found
