"""The names that a tool's effect can speak of: its arguments, the rows they lead to, and the items of their lists."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.functions import FUNCTIONS
from mcp_sim.learn.language import UNDEFINED, column
from mcp_sim.learn.tables import Path, Table, leaves, singular
from schemas.rows import key_text

at = FUNCTIONS["at"]
_EXPRESSIBLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
ARGUMENTS = "each_"
"""How the lists of records begin that are made of arguments."""
_SEEN = 120
"""Values that are looked at to learn how they are built."""


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

    def column(self, source: str) -> list[Any]:
        """The value of an expression in every example."""
        found = self._columns.get(source)
        if found is None:
            found = self._columns[source] = column(source, self.examples)
        return found

    def trusted(self, values: list[Any]) -> list[Any]:
        """The values of the examples whose call succeeded; of all, where too few did."""
        return [values[index] for index in self.sure] if len(self.sure) >= 3 else values


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


def attribute(source: str, name: str) -> str:
    """A field of a value, as an expression."""
    if _EXPRESSIBLE.fullmatch(name) and name not in _KEYWORDS:
        return f"{source}.{name}"
    return f"{source}[{literal(name)}]"


def literal(value: Any) -> str:
    """A JSON value as an expression."""
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


_KEYWORDS = {
    "and", "or", "not", "in", "is", "if", "else", "for", "lambda", "from", "class", "def", "import", "pass", "global",
    "with", "as", "assert", "async", "await", "break", "continue", "del", "elif", "except", "finally", "nonlocal",
    "raise", "return", "try", "while", "yield", "None", "True", "False",
}  # fmt: skip


def shape(values: Iterable[Any]) -> dict[Path, Counter[str]]:
    """What stands at each path of objects: `text`, `number`, `boolean`, `object`, `objects`, `list`, `null`."""
    found: dict[Path, Counter[str]] = {}
    seen = 0
    for value in values:
        if isinstance(value, dict):
            seen += 1
            _shape(value, (), found)
            if seen >= _SEEN:
                break
    return {path: kinds for path, kinds in found.items() if sum(kinds.values()) >= max(1, 0.1 * seen)}


def _shape(value: dict[str, Any], path: Path, found: dict[Path, Counter[str]]) -> None:
    for name, part in value.items():
        if name.startswith("_"):
            continue
        here = (*path, name)
        found.setdefault(here, Counter())[kind_of(part)] += 1
        if isinstance(part, dict) and len(here) < 4 and not _is_map(part):
            _shape(part, here, found)


def _is_map(value: dict[str, Any]) -> bool:
    """Whether an object looks like things by their key, not like one thing."""
    return len(value) > 3 and all(isinstance(part, dict) for part in value.values())


def kind_of(value: Any) -> str:
    """What kind of JSON a value is."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case dict():
            return "object"
        case list():
            return "objects" if value and all(isinstance(item, dict) for item in value) else "list"
    return "other"


def scalar_paths(values: Iterable[Any]) -> list[Path]:
    """The paths of scalars in objects that most of them have."""
    return [p for p, kinds in shape(values).items() if kinds.keys() <= {"text", "number", "boolean", "null"}]


def at_path(source: str, path: Path) -> str:
    """A path in a value, as an expression."""
    for name in path:
        source = attribute(source, name)
    return source


def safe_path(source: str, path: Path) -> str:
    """A path in a value that may be null, as an expression."""
    return f"at({source}, {', '.join(map(literal, path))})"


class Discovery:
    """Finds what the arguments of a tool lead to."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self.tables = tables

    def scope(self, examples: list[dict[str, Any]], sure: list[int], texts: list[str]) -> Scope:
        """The scope of a tool, whose answers were these."""
        scope = Scope(examples, sure)
        sources = [at_path("args", path) for path in scalar_paths(names["args"] for names in examples)]
        sources += [
            at_path("args", (name,))
            for name in dict.fromkeys(n for names in examples for n in names["args"])
            if at_path("args", (name,)) not in sources
            and any(isinstance(names["args"].get(name), str | int) for names in examples)
        ]
        self._lookups(scope, sources, texts)
        self._rows(scope, sources)
        for loop in [*self._argument_loops(scope), *self._row_loops(scope)]:
            if not loop.scope.examples:
                continue
            self._records(scope, loop)
            scope.loops[loop.name] = loop
        return scope

    def _rows(self, scope: Scope, sources: list[str]) -> None:
        """Name the rows whose keys the sources hold, and what is reached from these."""
        for source in sources:
            for table in self._named_tables(scope, source):
                self._bind(scope, singular(table.name), f"get({literal(table.name)}, {source})", table.name, 1)
        todo = list(scope.bindings)
        while todo:
            binding = todo.pop(0)
            before = len(scope.bindings)
            self._follow(scope, binding, sources)
            todo += scope.bindings[before:]

    def _lookups(self, scope: Scope, sources: list[str], texts: list[str]) -> None:
        """Name the row whose fields equal the arguments, where no argument is its key."""
        keyed = {t.name for source in sources for t in self._named_tables(scope, source)}
        for table in self.tables.values():
            if table.name in keyed:
                continue
            if not keyed:
                self._holder(scope, table, sources)
            conditions = []
            plain: list[str] | None = []
            columns = _columns(table)
            taken: set[Path] = set()
            for source in sources:
                values = {v for v in scope.trusted(scope.column(source)) if isinstance(v, str) and v}
                path = max(columns, key=lambda p: (_overlap(values, columns[p]), _akin(p, source)), default=None)
                if path is None or not values or _overlap(values, columns[path]) < 0.6 or path in taken:
                    continue
                taken.add(path)
                conditions.append(f"{at_path('r', path)} == {source}")
                if len(path) == 1 and path[0].isidentifier() and plain is not None:
                    plain.append(f"{path[0]}={source}")
                else:
                    plain = None
            if not conditions:
                continue
            source = f"first([r for r in find({literal(table.name)}) if {' and '.join(conditions)}])"
            if plain:
                source = f"first(find({literal(table.name)}, {', '.join(plain)}))"
            found = list(zip(column(source, scope.examples), texts, strict=True))
            shown = [isinstance(v, dict) and _is_shown(v, table, text) for v, text in scope.trusted(found)]
            if sum(shown) >= 0.8 * len(shown):
                self._bind(scope, singular(table.name), source, table.name, 1)

    def _holder(self, scope: Scope, table: Table, sources: list[str]) -> None:
        """Name the row that has an argument among the keys of one of its maps."""
        rows = list(table.rows.values())
        maps = [path for path, kinds in shape(rows).items() if kinds["object"] * 2 > kinds.total()]
        for source in sources:
            values = {v for v in scope.trusted(scope.column(source)) if isinstance(v, str)}
            for path in maps:
                keys = {key for row in rows for key in at(row, *path) or {}}
                if values and len(keys) > 3 * len(next(iter(rows))) and len(values & keys) >= 0.8 * len(values):
                    holds = f"{source} in (at(r, {', '.join(map(literal, path))}) or {{}})"
                    found = f"first([r for r in find({literal(table.name)}) if {holds}])"
                    self._bind(scope, singular(table.name), found, table.name, 1)
                    return

    def _named_tables(self, scope: Scope, source: str) -> list[Table]:
        """The tables whose keys an expression gives; where several have such keys, those that it is named after."""
        found = [t for t in self.tables.values() if t.own_key and self._names_rows(scope, source, t)]
        if len(found) < 2:
            return found
        words = source.rpartition(".")[2].lower()
        named = [t for t in found if t.key.lower() == words or singular(t.name) in words or words in singular(t.name)]
        return named or found

    def _names_rows(self, scope: Scope, source: str, table: Table) -> bool:
        values = [v for v in scope.trusted(scope.column(source)) if _is_name(v)]
        hits = [v for v in values if key_text(v) in table.rows]
        if hits and source.rpartition(".")[2] == table.key:
            return True
        return len(hits) >= 0.1 * len(values) and (len(set(hits)) > 1 or len(hits) == len(values)) and bool(hits)

    def _bind(
        self,
        scope: Scope,
        name: str,
        source: str,
        table: str | None,
        depth: int,
        of: str | None = None,
        path: Path = (),
    ) -> None:
        if any(b.source == source for b in scope.bindings):
            return
        taken = {b.name for b in scope.bindings} | set(scope.loops) | {"args", "rows", "now", "row", "item", "m"}
        name = re.sub(r"\W+", "_", name)
        name = name if name[:1].isalpha() and name not in _KEYWORDS else f"the_{name}"
        unique = next(n for n in [name, *(f"{name}_{k}" for k in range(2, 99))] if n not in taken)
        values = column(source, scope.examples)
        if all(v is None or v is UNDEFINED for v in values):
            return
        same = tuple(map(id, values))
        if same in scope.known:
            return
        scope.known.add(same)
        binding = Binding(unique, source, table, depth, of, path)
        if scope.variable is None:
            for names, value in zip(scope.examples, values, strict=True):
                names[unique] = None if value is UNDEFINED else value
        else:
            for names, value in zip(scope.examples, values, strict=True):
                names[scope.variable][unique] = None if value is UNDEFINED else value
        scope.bindings.append(binding)

    def reached(self, scope: Scope, binding: Binding) -> str:
        """The expression that gives a binding by its name."""
        return binding.name if scope.variable is None else f"{scope.variable}.{binding.name}"

    def _follow(self, scope: Scope, binding: Binding, sources: list[str]) -> None:
        here = self.reached(scope, binding)
        values = scope.trusted(scope.column(here))
        form = shape(values)
        if binding.table is not None and binding.depth < 4:
            for path, other in self.tables[binding.table].references.items():
                if "[]" not in path and path in form:
                    source = f"get({literal(other)}, {safe_path(here, path)})"
                    if other != binding.table:
                        self._bind(scope, singular(other), source, other, binding.depth + 1, here, path)
        elif binding.table is None and binding.depth < 4:
            self._references_of(scope, here, form, binding)
        if binding.depth >= 4:
            return
        for path, kinds in form.items():
            if kinds["object"] * 2 > sum(kinds.values()):
                for source in sources:
                    self._item_of_map(scope, here, path, source, binding)
            if kinds["objects"]:
                for source in sources:
                    self._item_of_list(scope, here, path, source, binding)

    def _references_of(self, scope: Scope, here: str, form: dict[Path, Counter[str]], binding: Binding) -> None:
        for path in form:
            for table in self._named_tables(scope, at_path(here, path)):
                if table.own_key:
                    reach = f"get({literal(table.name)}, {safe_path(here, path)})"
                    self._bind(scope, singular(table.name), reach, table.name, binding.depth + 1, here, path)

    def _item_of_map(self, scope: Scope, here: str, path: Path, source: str, binding: Binding) -> None:
        keys = scope.trusted(scope.column(source))
        maps = scope.trusted(scope.column(at_path(here, path)))
        pairs = [(m, k) for m, k in zip(maps, keys, strict=True) if isinstance(m, dict) and isinstance(k, str)]
        hits = sum(k in m for m, k in pairs)
        if pairs and hits >= 0.3 * len(pairs):
            name = singular(path[-1])
            self._bind(
                scope,
                name,
                f"at({here}, {', '.join(map(literal, path))}, {source})",
                None,
                binding.depth + 1,
                here,
                path,
            )

    def _item_of_list(self, scope: Scope, here: str, path: Path, source: str, binding: Binding) -> None:
        keys = scope.trusted(scope.column(source))
        lists = scope.trusted(scope.column(at_path(here, path)))
        pairs = [(m, k) for m, k in zip(lists, keys, strict=True) if isinstance(m, list) and _is_name(k)]
        if not pairs:
            return
        fields = Counter(f for m, k in pairs for i in m if isinstance(i, dict) for f, v in i.items() if v == k)
        if not fields:
            return
        name, _ = fields.most_common(1)[0]
        hits = sum(any(isinstance(i, dict) and i.get(name) == k for i in m) for m, k in pairs)
        if hits >= 0.3 * len(pairs):
            listed = f"at({here}, {', '.join(map(literal, path))}) or []"
            match = f"first([i for i in {listed} if {attribute('i', name)} == {source}])"
            self._bind(scope, singular(path[-1]), match, None, binding.depth + 1, here, path)

    def _argument_loops(self, scope: Scope) -> Iterator[Loop]:
        lists = [
            name
            for name in dict.fromkeys(n for names in scope.examples for n in names["args"])
            if sum(isinstance(names["args"].get(name), list) for names in scope.examples) * 2
            > len(scope.examples) * 0.5
            and all(isinstance(names["args"].get(name), list | None) for names in scope.examples)
        ]
        pairs: list[list[str]] = [[name] for name in lists]
        if len(lists) >= 2:
            sized = [names["args"] for names in scope.examples]
            for one in lists:
                for other in lists[lists.index(one) + 1 :]:
                    both = [a for a in sized if a.get(one) is not None and a.get(other) is not None]
                    if both and sum(len(a[one]) == len(a[other]) for a in both) >= 0.7 * len(both):
                        pairs.append([one, other])
        for names in pairs:
            yield self._argument_loop(scope, names)

    def _argument_loop(self, scope: Scope, names: list[str]) -> Loop:
        sources = [at_path("args", (name,)) for name in names]
        objects = all(isinstance(i, dict) for e in scope.examples for i in e["args"].get(names[0]) or [])
        fields = [re.sub(r"\W+", "_", singular(name)) for name in names]
        if len(names) == 1 and objects:
            made, of = f"[i for i in {sources[0]} or []]", sources[0]
        elif len(names) == 1:
            made, of = f"[{{{literal(fields[0])}: x}} for x in {sources[0]} or []]", sources[0]
        else:
            record = f"{{{literal(fields[0])}: x, {literal(fields[1])}: y}}"
            made, of = f"[{record} for x, y in zip({sources[0]} or [], {sources[1]} or [])]", sources[0]
        label = ARGUMENTS + "_and_".join(fields)
        return self._loop(scope, label, made, of, fields)

    def _row_loops(self, scope: Scope) -> Iterator[Loop]:
        for binding in [b for b in scope.bindings if b.depth <= 2]:
            here = self.reached(scope, binding)
            for path, kinds in shape(scope.trusted(scope.column(here))).items():
                if kinds["objects"] or kinds["list"]:
                    of = safe_path(here, path)
                    items = [i for v in scope.column(of) if isinstance(v, list) for i in v]
                    if not items:
                        continue
                    label = f"{binding.name}_{re.sub(r'[^A-Za-z0-9]+', '_', path[-1])}"
                    if all(isinstance(i, dict) for i in items):
                        yield self._loop(scope, label, f"[merge(i) for i in {of} or []]", of, [])
                    elif all(isinstance(i, str | int) for i in items):
                        one = singular(re.sub(r"\W+", "_", path[-1]))
                        yield self._loop(scope, label, f"[{{{literal(one)}: x}} for x in {of} or []]", of, [one])

    def _loop(self, scope: Scope, name: str, source: str, of: str, fields: list[str]) -> Loop:
        lists = column(source, scope.examples)
        examples: list[dict[str, Any]] = []
        owners: list[int] = []
        for index, (names, records) in enumerate(zip(scope.examples, lists, strict=True)):
            names[name] = records if isinstance(records, list) else []
            for record in names[name]:
                examples.append({**names, "m": record})
                owners.append(index)
        sure_owner = set(scope.sure)
        sure = [index for index, owner in enumerate(owners) if owner in sure_owner]
        return Loop(name, source, Scope(examples, sure, variable="m", owners=owners), of, fields)

    def _records(self, outer: Scope, loop: Loop) -> None:
        """Name what the fields of the records lead to."""
        scope = loop.scope
        records = [names["m"] for names in scope.examples]
        sources = [at_path("m", path) for path in scalar_paths(records)]
        for binding in [b for b in outer.bindings if b.depth <= 2]:
            form = shape(outer.trusted(outer.column(binding.name)))
            for path, kinds in form.items():
                for source in sources:
                    if kinds["object"] * 2 > sum(kinds.values()):
                        self._item_of_map(scope, binding.name, path, source, binding)
                    if kinds["objects"] and safe_path(binding.name, path) != loop.of:
                        self._item_of_list(scope, binding.name, path, source, binding)
        widest = sorted(outer.loops.values(), key=lambda other: -len(other.fields))
        for other in widest:
            if other.fields and other.of.startswith("args") and not loop.of.startswith("args"):
                self._partner(scope, other, sources)
        self._rows(scope, sources)

    def _partner(self, scope: Scope, other: Loop, sources: list[str]) -> None:
        """The record of another loop that stands for the same thing."""
        for name in other.fields:
            for source in sources:
                if not any(set(_names(scope.column(source))) & set(_names(other.scope.column(f"m.{name}")))):
                    continue
                match = f"first([p for p in {other.name} if p.{name} == {source}])"
                if any(b.name == f"its_{name}" for b in scope.bindings):
                    continue
                hits = [v for v in column(match, scope.examples) if isinstance(v, dict)]
                if len(hits) >= 0.2 * len(scope.examples):
                    self._bind(scope, f"its_{name}", match, None, 2)


def _is_shown(row: dict[str, Any], table: Table, text: str) -> bool:
    """Whether an answer shows a row: its key, or most of its texts."""
    if table.own_key and key_text(row[table.key]) in text:
        return True
    parts = [v for v in row.values() if isinstance(v, str) and v]
    return bool(parts) and sum(v in text for v in parts) >= 0.8 * len(parts)


def _columns(table: Table) -> dict[Path, set[str]]:
    """The texts that stand at each path of a table's rows, its key apart."""
    found: dict[Path, set[str]] = {}
    for row in table.rows.values():
        for path, value in leaves(row):
            if isinstance(value, str) and "[]" not in path and path != (table.key,) and len(path) <= 3:
                found.setdefault(path, set()).add(value)
    return {path: values for path, values in found.items() if len(values) > 1}


def _overlap(values: set[str], others: set[str]) -> float:
    return round(len(values & others) / len(values), 1) if values else 0.0


def _akin(path: Path, source: str) -> float:
    """How much a path and an expression look alike by their words."""
    words = set(re.findall(r"[a-z0-9]+", source.lower().replace("_", " ")))
    return sum(w in words for part in path[-1:] for w in re.findall(r"[a-z0-9]+", part.lower().replace("_", " ")))


def _names(values: list[Any]) -> Iterator[str]:
    return (key_text(v) for v in values if _is_name(v))


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""
