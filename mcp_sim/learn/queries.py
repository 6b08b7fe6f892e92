"""Answers that are made of many rows of a table: filtered, sorted and cut lists, and groups with an amount each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mcp_sim.learn.language import UNDEFINED, column
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.scope import Scope, attribute, literal
from mcp_sim.learn.search import Found
from mcp_sim.learn.tables import POSITION, Row, Table
from schemas.rows import key_text
from store.matching import same

_LOOKED_AT = 150


@dataclass(frozen=True)
class Condition:
    """A condition on one row: an expression over `r`, and what it means."""

    source: str
    holds: Callable[[Row, Row], bool]
    argument: str | None
    cost: int


class Queries:
    """Searches queries over tables for the answers of one tool."""

    def __init__(self, scope: Scope, tables: dict[str, Table]) -> None:
        self.scope = scope
        self.tables = tables

    def answer(self, target: list[Any], where: list[int]) -> Found | None:
        """A query whose result is the target."""
        plain = [i for i in where if not isinstance(target[i], str)]
        texts = Counter(target[i] for i in where if isinstance(target[i], str))
        if not plain or len(texts) > 1:
            return None
        empty = next(iter(texts), None)
        filled = list(target)
        kinds = {type(target[i]) for i in plain}
        if empty is not None:
            blank: Any = [] if list in kinds else {}
            filled = [blank if isinstance(v, str) else v for v in target]
        told = [i for i in where if not isinstance(target[i], str)] or where
        if kinds == {list}:
            found = self._lists(filled, told if len(told) > 3 else where)
        elif kinds == {dict}:
            found = self._groups(filled, told)
        else:
            found = None
        if found is None:
            return None
        forms = [found] if empty is None else self._unless(found, empty)
        best = max((self._scored(form, target, where) for form in forms), key=lambda f: f.hits)
        return best if best.share >= 0.9 else None

    def _unless(self, source: str, text: str) -> list[str]:
        """The query, or a text where it finds nothing, or where none of its arguments is given."""
        given = list(dict.fromkeys(re.findall(r"not (args\.\w+|args\[[^\]]+\]) or", source)))
        forms = [f"{source} or {literal(text)}"]
        if given:
            forms.append(f"{source} if {' or '.join(given)} else {literal(text)}")
            forms.append(f"{source} or {literal(text)} if {' or '.join(given)} else {literal(text)}")
        return forms

    def _scored(self, source: str, target: list[Any], where: list[int]) -> Found:
        values = self.scope.column(source)
        hits = sum(values[i] is not UNDEFINED and same(values[i], target[i]) for i in where)
        return Found(source, hits, len(where))

    def _lists(self, target: list[Any], where: list[int]) -> str | None:
        best: tuple[int, int, str] | None = None
        for table in self.tables.values():
            for project, chosen in self._alignments(table, target, where):
                source, hits, cost = self._list(table, project, chosen, target, where)
                if best is None or (-hits, cost) < best[:2]:
                    best = (-hits, cost, source)
        return None if best is None else best[2]

    def _alignments(
        self, table: Table, target: list[Any], where: list[int]
    ) -> Iterator[tuple[str, dict[int, list[str]]]]:
        """How the items of the lists show rows: an expression over `r`, and the keys of the rows shown."""
        items = [item for i in where for item in target[i]]
        if not items:
            return
        fields = table.fields
        if all(isinstance(item, dict) for item in items):
            names = list(dict.fromkeys(name for item in items for name in item))
            if not set(names) <= set(fields):
                return
            chosen = {i: self._keys(table, i, target[i], names) for i in where}
            if sum(None in keys for keys in chosen.values()) > 0.02 * len(where):
                return
            hidden = [f for f in fields if f not in names]
            source = f"without(r, {', '.join(map(literal, hidden))})" if hidden else "r"
            yield source, {i: [k for k in keys if k is not None] for i, keys in chosen.items()}
        elif all(isinstance(item, str | int | float) for item in items):
            for field in fields:
                known = {v for row in table.rows.values() if isinstance(v := row.get(field), str | int | float)}
                if len(known) > 1 and sum(item in known for item in items) >= 0.98 * len(items):
                    chosen = {i: self._keys(table, i, [{field: item} for item in target[i]], [field]) for i in where}
                    yield attribute("r", field), {i: [k for k in ks if k is not None] for i, ks in chosen.items()}

    def _keys(self, table: Table, example: int, items: list[Row], names: list[str]) -> list[str | None]:
        rows: Rows = self.scope.examples[example]["rows"]
        if table.key in names:
            return [
                key_text(item.get(table.key)) if rows.get(table.name, item.get(table.key)) else None for item in items
            ]
        found: list[str | None] = []
        taken: set[str] = set()
        known = rows.all(table.name)
        for item in items:
            row = next(
                (
                    r
                    for r in known
                    if key_text(r[table.key]) not in taken and all(same(r.get(n), item.get(n)) for n in names)
                ),
                None,
            )
            found.append(None if row is None else key_text(row[table.key]))
            if row is not None:
                taken.add(key_text(row[table.key]))
        return found

    def _list(
        self, table: Table, project: str, chosen: dict[int, list[str]], target: list[Any], where: list[int]
    ) -> tuple[str, int, int]:
        telling = [i for i in where if chosen[i]]
        looked = _spread(telling, _LOOKED_AT)
        conditions = list(self._sound(table, chosen, looked))
        order = self._order(table, chosen, looked)
        tried = _spread(where, _LOOKED_AT)
        limit = self._limit(table, conditions, order, chosen, tried)
        source = self._source(table, project, conditions, order, limit)
        hits = self._hits(source, target, tried)
        for condition in sorted(conditions, key=lambda c: -c.cost):
            fewer = [c for c in conditions if c is not condition]
            shorter = self._source(table, project, fewer, order, limit)
            kept = self._hits(shorter, target, tried)
            if kept >= hits:
                conditions, source, hits = fewer, shorter, kept
        return source, hits, len(source)

    def _hits(self, source: str, target: list[Any], tried: list[int]) -> int:
        values = column(source, [self.scope.examples[i] for i in tried])
        return sum(v is not UNDEFINED and same(v, target[i]) for i, v in zip(tried, values, strict=True))

    def _arguments(self) -> list[str]:
        return list(dict.fromkeys(name for names in self.scope.examples for name in names["args"]))

    def _sound(self, table: Table, chosen: dict[int, list[str]], looked: list[int]) -> Iterator[Condition]:
        """Every condition that all shown rows fulfil, and some other rows do not."""
        shown: list[tuple[Row, Row]] = []
        for i in looked:
            names = self.scope.examples[i]
            for key in chosen[i][:40]:
                row = names["rows"].get(table.name, key)
                if row is not None:
                    shown.append((row, names["args"]))
        for name in self._arguments():
            given = [(r, a) for r, a in shown if a.get(name)]
            if len(given) < 2:
                continue
            words = []
            for condition in self._of_argument(table, name):
                if all(condition.holds(r, a) for r, a in given):
                    yield condition
                elif condition.cost == _WORDS and any(condition.holds(r, a) for r, a in given):
                    words.append(condition)
            joined = self._any_of(words, given, name)
            if joined is not None:
                yield joined
        for field in table.fields:
            values = Counter(key_text(r.get(field)) for r, _ in shown)
            others = {key_text(r.get(field)) for r in table.rows.values()}
            if len(values) == 1 and 1 < len(others) <= 20 and len(shown) >= 10:
                constant = next(r.get(field) for r, _ in shown)
                if isinstance(constant, str | bool):
                    yield Condition(
                        f"{attribute('r', field)} == {literal(constant)}",
                        lambda r, _, f=field, c=constant: r.get(f) == c,  # type: ignore[misc]
                        None,
                        3,
                    )

    def _any_of(self, words: list[Condition], given: list[tuple[Row, Row]], name: str) -> Condition | None:
        """The fewest of these conditions of which one holds for every row."""
        left = list(given)
        taken: list[Condition] = []
        while left:
            best = max(words, key=lambda c: sum(c.holds(r, a) for r, a in left), default=None)
            if best is None or not any(best.holds(r, a) for r, a in left):
                return None
            taken.append(best)
            left = [(r, a) for r, a in left if not best.holds(r, a)]
        source = " or ".join(c.source for c in taken)
        return Condition(f"({source})", lambda r, a: any(c.holds(r, a) for c in taken), name, 4)

    def _of_argument(self, table: Table, name: str) -> Iterator[Condition]:
        argument = attribute("args", name)
        for field in table.fields:
            if field == POSITION:
                continue
            here = attribute("r", field)
            yield Condition(f"{here} == {argument}", lambda r, a, f=field: r.get(f) == a[name], name, 2)  # type: ignore[misc]
            for sign, test in _ORDERS:
                yield Condition(
                    f"{here} {sign} {argument}",
                    lambda r, a, f=field, t=test: _comparable(r.get(f), a[name]) and t(r[f], a[name]),  # type: ignore[misc]
                    name,
                    3,
                )
            yield Condition(
                f"lower({argument}) in lower({here})",
                lambda r, a, f=field: str(a[name]).lower() in str(r.get(f)).lower(),  # type: ignore[misc]
                name,
                _WORDS,
            )
            yield Condition(
                f"{argument} in {here}",
                lambda r, a, f=field: isinstance(r.get(f), list) and a[name] in r[f],  # type: ignore[misc]
                name,
                4,
            )

    def _order(self, table: Table, chosen: dict[int, list[str]], looked: list[int]) -> str | None:
        """The field that the rows are sorted by; None is the order of keys."""
        candidates: list[str | None] = [None, POSITION] if POSITION in table.fields else [None]
        candidates += [sign + field for field in table.fields for sign in ("", "-") if field != POSITION]
        for candidate in candidates:
            if all(self._sorted_so(table, candidate, chosen[i], i) for i in looked):
                return candidate
        return None

    def _sorted_so(self, table: Table, order: str | None, keys: list[str], example: int) -> bool:
        rows: Rows = self.scope.examples[example]["rows"]
        marks: list[Any] = [
            (rows.get(table.name, key) or {}).get((order or table.key).removeprefix("-")) for key in keys
        ]
        try:
            return marks == sorted(marks, reverse=bool(order and order.startswith("-")))
        except TypeError:
            return False

    def _limit(
        self,
        table: Table,
        conditions: list[Condition],
        order: str | None,
        chosen: dict[int, list[str]],
        looked: list[int],
    ) -> str | None:
        longest = max((len(chosen[i]) for i in looked), default=0)
        full = [i for i in looked if len(chosen[i]) == longest]
        if len(full) < 2:
            return None
        source = self._source(table, "r", conditions, order, None)
        values = column(f"len({source})", [self.scope.examples[i] for i in full])
        return str(longest) if any(isinstance(v, int) and v > longest for v in values) else None

    def _source(
        self, table: Table, project: str, conditions: list[Condition], order: str | None, limit: str | None
    ) -> str:
        by: dict[str | None, list[Condition]] = {}
        for condition in conditions:
            by.setdefault(condition.argument, []).append(condition)
        parts = [c.source for c in by.pop(None, [])]
        for name, some in by.items():
            joined = " and ".join(c.source for c in some)
            parts.append(f"(not {attribute('args', name or '')} or {joined if len(some) == 1 else f'({joined})'})")
        rows = f"find({literal(table.name)})"
        if order is not None:
            rows = f"sorted({rows}, {literal(order.removeprefix('-'))}{', True' if order.startswith('-') else ''})"
        where = f" if {' and '.join(parts)}" if parts else ""
        listed = f"[{project} for r in {rows}{where}]"
        return listed if limit is None else f"{listed}[:{limit}]"

    def _groups(self, target: list[Any], where: list[int]) -> str | None:
        best: tuple[int, int, str] | None = None
        tried = _spread([i for i in where if target[i]], 40)
        for table in self.tables.values():
            for source in self._group_forms(table, target, tried):
                probe = self._hits(source, target, tried[:3])
                if probe < min(2, len(tried)):
                    continue
                hits = self._hits(source, target, tried)
                if best is None or (-hits, len(source)) < best[:2]:
                    best = (-hits, len(source), source)
        return None if best is None else best[2]

    def _group_forms(self, table: Table, target: list[Any], tried: list[int]) -> Iterator[str]:
        keys = {key for i in tried for key in target[i]}
        rows = list(table.rows.values())
        for field in table.fields:
            known = {key_text(row.get(field)) for row in rows}
            if not keys or len(keys & known) < 0.98 * len(keys) or len(known) < 2:
                continue
            if len(known) == len(rows):
                for other in table.fields:
                    if other != field:
                        yield (
                            f"{{{attribute('r', field)}: {attribute('r', other)} for r in find({literal(table.name)})}}"
                        )
            for where in self._group_conditions(table, field):
                groups = f"group([r for r in find({literal(table.name)}){where}], {literal(field)})"
                for amount in [*_amounts(table), *self._counted(table, field)]:
                    yield f"{{g.key: {amount} for g in {groups}}}"

    def _low_high(self, bounds: list[str]) -> tuple[str, str]:
        one, other = (self.scope.column(source) for source in bounds)
        pairs = [(x, y) for x, y in zip(one, other, strict=True) if isinstance(x, str) and isinstance(y, str)]
        turned = sum(x > y for x, y in pairs) > 0.5 * len(pairs)
        return (bounds[1], bounds[0]) if turned else (bounds[0], bounds[1])

    def _counted(self, table: Table, field: str) -> Iterator[str]:
        """How many rows of a group have the value that an argument gives."""
        for name in self._arguments():
            values = [v for names in self.scope.examples if isinstance(v := names["args"].get(name), str)]
            for other in table.fields:
                known = {v for row in table.rows.values() if isinstance(v := row.get(other), str)}
                if other != field and values and sum(v in known for v in values) >= 0.3 * len(values):
                    argument = attribute("args", name)
                    yield f"len([r for r in g.items if not {argument} or {attribute('r', other)} == {argument}])"

    def _group_conditions(self, table: Table, field: str) -> Iterator[str]:
        """Which rows are grouped: those within bounds that arguments give for the groups, and equal to others."""
        here = attribute("r", field)
        bounds: list[str] = []
        equals: list[str] = []
        known = {str(v) for row in table.rows.values() for v in row.values() if isinstance(v, str)}
        patterns = {_pattern(row.get(field)) for row in table.rows.values()}
        for name in self._arguments():
            argument = attribute("args", name)
            values = [v for names in self.scope.examples if isinstance(v := names["args"].get(name), str)]
            if values and sum(_pattern(v) in patterns for v in values) >= 0.8 * len(values):
                bounds.append(argument)
            elif values and sum(v in known for v in values) >= 0.3 * len(values):
                for other in table.fields:
                    column_of = {v for row in table.rows.values() if isinstance(v := row.get(other), str)}
                    if other != field and sum(v in column_of for v in values) >= 0.3 * len(values):
                        equals.append(f"(not {argument} or {attribute('r', other)} == {argument})")
        options: list[list[str]] = [[]]
        if len(bounds) >= 2:
            low, high = self._low_high(bounds[:2])
            options = [[f"(not {low} or {here} >= {low})", f"(not {high} or {here} <= {high})"]]
        elif bounds:
            options = [[f"{here} == {bounds[0]}"], [f"{here} >= {bounds[0]}"], [f"{here} <= {bounds[0]}"]]
        constants = [""]
        for other in table.fields:
            values_of = {v for row in table.rows.values() if isinstance(v := row.get(other), str | bool)}
            if 1 < len(values_of) <= 6:
                constants += [
                    f"{attribute('r', other)} == {literal(v)}"
                    for v in sorted(values_of, key=str)
                    if isinstance(v, str | bool)
                ]
        for option in options:
            for constant in constants:
                for extra in ([], equals):
                    if extra is equals and not equals:
                        continue
                    parts = [*option, *extra, *([constant] if constant else [])]
                    yield f" if {' and '.join(parts)}" if parts else ""


def _amounts(table: Table) -> Iterator[str]:
    yield "len(g.items)"
    for field in table.fields:
        values = [row.get(field) for row in table.rows.values()]
        one = attribute("r", field)
        if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            number = one
        elif all(isinstance(v, str) and v.replace(".", "", 1).isdigit() for v in values):
            number = f"float({one})"
        else:
            distinct = {v for v in values if isinstance(v, str | bool)}
            if len(distinct) <= 6:
                for value in sorted(distinct, key=str):
                    yield f"len([r for r in g.items if {one} == {literal(value)}])"
            continue
        for function in ("sum", "mean", "min", "max"):
            yield f"{function}([{number} for r in g.items])"


_WORDS = 5
_ORDERS: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
    (">=", lambda x, y: bool(x >= y)),
    ("<=", lambda x, y: bool(x <= y)),
)


def _pattern(value: Any) -> str:
    """What a text looks like, its digits apart."""
    return re.sub(r"\d", "9", value) if isinstance(value, str) and any(c.isdigit() for c in value) else ""


def _comparable(one: Any, other: Any) -> bool:
    return (isinstance(one, str) and isinstance(other, str)) or (
        isinstance(one, int | float) and isinstance(other, int | float)
    )


def _spread(items: list[int], most: int) -> list[int]:
    step = max(1, len(items) // most)
    return items[::step][:most]
