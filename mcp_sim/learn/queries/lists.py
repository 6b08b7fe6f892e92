"""Answers that are lists of many rows of a table: filtered, sorted, cut, and each shown in one way."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any

from mcp_sim.learn.language import UNDEFINED, column
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.queries.alignment import Chosen, alignments
from mcp_sim.learn.queries.filters import Test, conditions
from mcp_sim.learn.queries.records import Place, plain, records
from mcp_sim.learn.queries.trials import spread
from mcp_sim.learn.scope import Scope
from mcp_sim.learn.search import Search
from mcp_sim.learn.sources import literal
from mcp_sim.learn.tables import POSITION, Row, Table
from schemas.rows import key_text
from store.matching import same

_LOOKED_AT = 300
_OTHERS = 20
"""Rows that are not shown, looked at in each example."""
_SAMPLED = 100
_ROUNDS = 6


def listing(scope: Scope, tables: dict[str, Table], target: list[Any], where: list[int]) -> str | None:
    """The query whose rows are the targets: filtered, sorted, cut."""
    best: tuple[int, int, str] | None = None
    for table in tables.values():
        for chosen in alignments(scope, table, target, where):
            found = _Listing(scope, tables, table, chosen, target, where).best()
            if found is not None and (best is None or (-found[1], len(found[0])) < best[:2]):
                best = (-found[1], len(found[0]), found[0])
    return None if best is None else best[2]


@dataclass
class _Query:
    """A query as far as it is known."""

    tests: list[Test]
    order: str | None
    limit: int | None


class _Listing:
    """Finds the query for one way in which lists show rows of one table."""

    def __init__(
        self,
        scope: Scope,
        tables: dict[str, Table],
        table: Table,
        chosen: Chosen,
        target: list[Any],
        where: list[int],
    ) -> None:
        self.scope, self.tables, self.table = scope, tables, table
        self.chosen, self.target = chosen, target
        self.tried = spread(where, _LOOKED_AT)
        self.longest = max((len(chosen[i]) for i in where), default=0)

    def best(self) -> tuple[str, int] | None:
        """The query, and how many of the examples that were tried it explains."""
        project = self._projection()
        if project is None:
            return None
        found: tuple[str, int] | None = None
        for order in self._orders():
            source = self._refined(project, order)
            right = sum(
                v is not UNDEFINED and same(v, self.target[i])
                for i, v in zip(self.tried, self._values(source), strict=True)
            )
            if found is None or right > found[1]:
                found = (source, right)
            if right == len(self.tried) or 2 * right < len(self.tried):
                break
        return found

    def _values(self, source: str) -> list[Any]:
        return column(source, [self.scope.examples[i] for i in self.tried])

    def _row(self, example: int, key: str) -> Row | None:
        rows: Rows = self.scope.examples[example]["rows"]
        return rows.get(self.table.name, key)

    def _projection(self) -> str | None:
        """How a row is shown: an expression over `m`."""
        pairs = [
            (i, row, item)
            for i in self.tried
            for key, item in list(zip(self.chosen[i], self.target[i], strict=False))[:10]
            if len(self.chosen[i]) == len(self.target[i]) and (row := self._row(i, key)) is not None
        ]
        pairs = [pairs[k] for k in spread(list(range(len(pairs))), 400)]
        if not pairs:
            return None
        if all(isinstance(item, dict) for _, _, item in pairs):
            shown = {name for _, _, item in pairs for name in item}
            if all(same({n: v for n, v in row.items() if n in shown}, item) for _, row, item in pairs):
                gone = [f for f in self.table.fields if f not in shown]
                return f"without(m, {', '.join(map(literal, gone))})" if gone else "m"
        inner = records(self.scope, {"": self.table}, [(i, (row,)) for i, row, _ in pairs])
        found = Search(inner, self.tables, inner=True).value([item for _, _, item in pairs], list(range(len(pairs))))
        return None if found is None or not re.search(r"\bm\b", found.source) else plain(found.source, inner)

    def _orders(self) -> list[str | None]:
        """The orders in which all lists stand; null is the order of keys, which are texts."""
        fields = self.table.fields
        candidates: list[str | None] = [None, *([POSITION] if POSITION in fields else [])]
        candidates += [sign + f for f in fields for sign in ("", "-") if f != POSITION]
        found = [order for order in candidates if all(self._is_sorted(order, i) for i in self.tried)]
        return found[:4] or [None]

    def _is_sorted(self, order: str | None, example: int) -> bool:
        if order is None and self.table.key != POSITION:
            return self.chosen[example] == sorted(self.chosen[example])
        by = (order or self.table.key).removeprefix("-")
        marks: list[Any] = [(self._row(example, key) or {}).get(by) for key in self.chosen[example]]
        try:
            return marks == sorted(marks, reverse=bool(order and order.startswith("-")))
        except TypeError:
            return False

    def _refined(self, project: str, order: str | None) -> str:
        """The query with conditions that are made stricter where it gives too much, and looser where too little."""
        is_cut = self.longest >= 2 and sum(len(self.chosen[i]) == self.longest for i in self.tried) >= 3
        shown: list[Place] = []
        hidden: list[Place] = []
        others: list[Place] = []
        dice = random.Random(len(self.tried))  # noqa: S311 - a sample, no secret
        for i in spread(self.tried, _SAMPLED):
            keys = self.chosen[i]
            shown += [(i, (row,)) for key in keys[:8] if (row := self._row(i, key)) is not None]
            taken = set(keys)
            rest = [r for r in self.scope.examples[i]["rows"].all(self.table.name) if self._key(r) not in taken]
            places = [(i, (row,)) for row in dice.sample(rest, min(_OTHERS, len(rest)))]
            if is_cut and len(keys) == self.longest:
                others += places[:5]
            else:
                hidden += places
        query = _Query([], order, self.longest if is_cut else None)
        source = self._source(project, query)
        best: tuple[int, str] = (-1, source)
        for turn in range(_ROUNDS):
            inner = records(self.scope, {"": self.table}, [*shown, *hidden, *others])
            inside = (1 << len(shown)) - 1
            outside = ((1 << len(hidden)) - 1) << len(shown)
            query.tests = [self._plain(test, inner) for test in conditions(inner, inside, outside)]
            source = self._source(project, query)
            wrong = self._missed(query, shown, hidden)
            if len(self.tried) - wrong > best[0]:
                best = (len(self.tried) - wrong, source)
            if not wrong or (turn >= 2 and 2 * wrong > len(self.tried)):
                break
        uncut = self._source(project, _Query(query.tests, order, None))
        if is_cut and self._values(uncut) == self._values(best[1]):
            return uncut
        return best[1]

    def _key(self, row: Row) -> str:
        return key_text(row[self.table.key])

    def _plain(self, test: Test, inner: Scope) -> Test:
        return Test(plain(test.source, inner), test.fails, test.cost, test.given)

    def _missed(self, query: _Query, shown: list[Place], hidden: list[Place]) -> int:
        """Take in the rows that a query gives wrongly or leaves out; in how many examples it does."""
        wrong = 0
        for i, rows in zip(self.tried, self._values(self._source("m", query)), strict=True):
            given = [] if rows is UNDEFINED else [self._key(row) for row in rows]
            if given == self.chosen[i]:
                continue
            wrong += 1
            taken, kept = set(self.chosen[i]), set(given)
            extra = [row for row in (rows if rows is not UNDEFINED else []) if self._key(row) not in taken]
            hidden += [(i, (row,)) for row in extra[:5]]
            lost = [key for key in self.chosen[i] if key not in kept]
            if not extra:
                shown += [(i, (row,)) for key in lost[:5] if (row := self._row(i, key)) is not None]
        return wrong

    def _source(self, project: str, query: _Query) -> str:
        matched: list[str] = []
        parts: list[str] = []
        for test in sorted(query.tests, key=lambda t: t.cost):
            equal = re.fullmatch(r"m\.([A-Za-z]\w*) == (args\.\w+)", test.source)
            if equal and test.given is None and not any(m.startswith(f"{equal[1]}=") for m in matched):
                matched.append(f"{equal[1]}={equal[2]}")
            else:
                parts.append(test.whole)
        rows = f"find({', '.join([literal(self.table.name), *matched])})"
        if query.order is not None:
            sign = ", True" if query.order.startswith("-") else ""
            rows = f"sorted({rows}, {literal(query.order.removeprefix('-'))}{sign})"
        where = f" if {' and '.join(parts)}" if parts else ""
        listed = f"[{project} for m in {rows}{where}]"
        return listed if query.limit is None else f"{listed}[:{query.limit}]"
