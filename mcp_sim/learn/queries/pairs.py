"""Answers that are lists of pairs of rows of one table, each of which leads on to the next."""

from __future__ import annotations

import random
import re
from typing import Any

from mcp_sim.learn.language import UNDEFINED, column
from mcp_sim.learn.queries.alignment import Chosen, alignments
from mcp_sim.learn.queries.filters import Test, conditions
from mcp_sim.learn.queries.records import Place, plain, records
from mcp_sim.learn.queries.trials import spread
from mcp_sim.learn.scope import Binding, Scope
from mcp_sim.learn.scope.items import item_of_map
from mcp_sim.learn.search import Search
from mcp_sim.learn.shapes import shape
from mcp_sim.learn.sources import at_path, literal
from mcp_sim.learn.tables import POSITION, Row, Table
from schemas.rows import key_text
from store.matching import same

PARTS = ("one", "other")
_TRIED = 80
_SHOWN = 200
"""Pairs that the way of showing them is learned from."""
_OTHERS = 6
"""Rows that each part of a shown pair is put beside, to see what does not go together."""
_ROUNDS = 5
_LEAST = 0.9


def are_pairs(target: list[Any], where: list[int]) -> bool:
    """Whether values are lists of pairs of objects, some of which are not empty."""
    items = [item for i in where if isinstance(target[i], list) for item in target[i]]
    return bool(items) and all(
        isinstance(item, list) and len(item) == len(PARTS) and all(isinstance(part, dict) for part in item)
        for item in items
    )


def pairing(scope: Scope, tables: dict[str, Table], target: list[Any], where: list[int]) -> str | None:
    """The query whose pairs are the targets."""
    for table in tables.values():
        if not table.own_key or len(table.rows) < _ROUNDS:
            continue
        sides = [[[pair[k] for pair in v] if isinstance(v, list) else v for v in target] for k in range(2)]
        chosen = [next(alignments(scope, table, side, where), None) for side in sides]
        if chosen[0] is None or chosen[1] is None:
            continue
        found = _Pairing(scope, tables, table, (chosen[0], chosen[1]), target, where).best()
        if found is not None:
            return found
    return None


class _Pairing:
    """Finds the query for pairs of rows of one table."""

    def __init__(
        self,
        scope: Scope,
        tables: dict[str, Table],
        table: Table,
        chosen: tuple[Chosen, Chosen],
        target: list[Any],
        where: list[int],
    ) -> None:
        self.scope, self.tables, self.table, self.target = scope, tables, table, target
        filled = [i for i in where if target[i]]
        self.tried = sorted({*spread(filled, _TRIED), *spread(where, _TRIED)})
        self.pairs: dict[int, list[tuple[str, str]]] = {
            i: list(zip(chosen[0][i], chosen[1][i], strict=False)) if i in chosen[0] and i in chosen[1] else []
            for i in self.tried
        }
        self.named: list[tuple[str, str]] = []

    def best(self) -> str | None:
        """The query, if it explains nearly all examples that were tried."""
        places: list[Place] = [
            (i, rows) for i in self.tried for pair in self.pairs[i][:8] if (rows := self._rows(i, pair))
        ]
        shown = [
            (i, item)
            for i in self.tried
            for pair, item in list(zip(self.pairs[i], self.target[i], strict=False))[:8]
            if self._rows(i, pair)
        ]
        if len(places) < _ROUNDS or len(places) != len(shown):
            return None
        picked = spread(list(range(len(places))), _SHOWN)
        project = self._projection([places[k] for k in picked], [shown[k][1] for k in picked])
        if project is None:
            return None
        source, right = self._refined(project, places)
        return source if right >= _LEAST * len(self.tried) else None

    def _rows(self, example: int, pair: tuple[str, str]) -> tuple[Row, Row] | None:
        rows = self.scope.examples[example]["rows"]
        one, other = (rows.get(self.table.name, key) for key in pair)
        return None if one is None or other is None else (one, other)

    def _scope(self, places: list[Place]) -> Scope:
        """Pairs as records, with the parts of their maps that were found to be meant."""
        inner = records(self.scope, dict.fromkeys(PARTS, self.table), places)
        for part, source in self.named:
            here = f"m.{part}"
            for path, kinds in shape(inner.column(here)).items():
                if kinds["object"] * 2 > kinds.total():
                    item_of_map(inner, here, path, source, Binding(here, here, self.table.name, 0))
        return inner

    def _projection(self, places: list[Place], items: list[Any]) -> str | None:
        """How a pair is shown, as an expression over `m`."""
        self.named = list(self._choosers(places, items))
        inner = self._scope(places)
        search = Search(inner, self.tables, inner=True)
        sources = []
        for k in range(len(PARTS)):
            found = search.value([item[k] for item in items], list(range(len(items))))
            if found is None:
                return None
            sources.append(plain(found.source, inner))
        return f"[{', '.join(sources)}]"

    def _choosers(self, places: list[Place], items: list[Any]) -> list[tuple[str, str]]:
        """What is shown of a part that is a key of one of its row's maps, as an expression."""
        inner = records(self.scope, dict.fromkeys(PARTS, self.table), places)
        search = Search(inner, self.tables, inner=True)
        found = []
        for k, part in enumerate(PARTS):
            rows = inner.column(f"m.{part}")
            maps = [p for p, kinds in shape(rows).items() if kinds["object"] * 2 > kinds.total()]
            for name in items[0][k]:
                values = [item[k].get(name) for item in items]
                held = [inner.column(at_path(f"m.{part}", path)) for path in maps]
                if all(isinstance(v, str) for v in values) and any(
                    all(isinstance(m, dict) and v in m for m, v in zip(column_, values, strict=True))
                    for column_ in held
                ):
                    told = search.value(values, list(range(len(values))), depth=1)
                    if told is not None and not told.source.startswith("m."):
                        found.append((part, plain(told.source, inner)))
        return found

    def _refined(self, project: str, shown: list[Place]) -> tuple[str, int]:
        """The query with conditions that are made stricter as long as it gives too much."""
        dice = random.Random(len(shown))  # noqa: S311 - a sample, no secret
        hidden: list[Place] = []
        for i, (one, other) in shown[:_SHOWN]:
            rows = self.scope.examples[i]["rows"].all(self.table.name)
            some = dice.sample(rows, min(_OTHERS, len(rows)))
            hidden += [(i, pair) for row in some for pair in ((one, row), (row, other)) if not self._is_shown(i, pair)]
        for i in self.tried:
            rows = self.scope.examples[i]["rows"].all(self.table.name)
            hidden += [
                (i, (one, other)) for one, other in [dice.sample(rows, 2)] if not self._is_shown(i, (one, other))
            ]
        best = ("", -1)
        for _ in range(_ROUNDS):
            inner = self._scope([*shown, *hidden])
            inside = (1 << len(shown)) - 1
            tests = conditions(inner, inside, ((1 << len(hidden)) - 1) << len(shown))
            tests = [Test(plain(t.source, inner), t.fails, t.cost, t.given) for t in tests]
            source = self._source(project, tests)
            extra = self._extra(self._source("[one, other]", tests))
            values = column(source, [self.scope.examples[i] for i in self.tried])
            right = sum(v is not UNDEFINED and same(v, self.target[i]) for i, v in zip(self.tried, values, strict=True))
            best = max(best, (source, right), key=lambda found: found[1])
            if right == len(self.tried) or not extra:
                break
            hidden += extra
        return best

    def _is_shown(self, example: int, pair: tuple[Row, Row]) -> bool:
        return tuple(key_text(row[self.table.key]) for row in pair) in self.pairs[example]

    def _extra(self, source: str) -> list[Place]:
        """Pairs that a query gives and that are not shown."""
        found: list[Place] = []
        for i, pairs in zip(self.tried, column(source, [self.scope.examples[i] for i in self.tried]), strict=True):
            if pairs is not UNDEFINED:
                found += [(i, (a, b)) for a, b in pairs[:200] if not self._is_shown(i, (a, b))][:5]
        return found

    def _source(self, project: str, tests: list[Test]) -> str:
        """A loop within a loop, each with the conditions that can be told there."""
        early = [t for t in tests if "m.other" not in t.source]
        late = [t for t in tests if "m.other" in t.source]
        parts = [f"for {part} in {self._rows_of(part, some)}" for part, some in zip(PARTS, (early, late), strict=True)]
        return re.sub(r"\bm\.(one|other)\b", r"\1", f"[{project} {' '.join(parts)}]")

    def _rows_of(self, part: str, tests: list[Test]) -> str:
        matched: list[str] = []
        rest: list[str] = []
        for test in tests:
            field = self._equal(part, test)
            if field is not None and not any(m.startswith(f"{field[0]}=") for m in matched):
                matched.append("=".join(field))
            else:
                rest.append(test.whole)
        rows = f"find({', '.join([literal(self.table.name), *matched])})"
        if POSITION in self.table.fields:
            rows = f"sorted({rows}, {literal(POSITION)})"
        return f"{rows} if {' and '.join(rest)}" if rest else rows

    def _equal(self, part: str, test: Test) -> tuple[str, str] | None:
        """The field of a part that has to equal something, and what."""
        sides = test.source.split(" == ")
        if test.given is not None or len(sides) != len(PARTS):
            return None
        for mine, theirs in (sides, sides[::-1]):
            field = re.fullmatch(rf"m\.{part}\.([A-Za-z]\w*)", mine)
            if field and re.fullmatch(r"(args|m\.one)\.\w+", theirs) and f"m.{part}." not in theirs:
                return field[1], theirs
        return None


def _are_keys(values: list[Any], maps: list[Any]) -> bool:
    return all(isinstance(v, str) and isinstance(m, dict) and v in m for v, m in zip(values, maps, strict=True))
