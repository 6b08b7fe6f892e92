"""What recorded calls teach of tools: the rows as answers show them, and a lesson for every tool."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from mcp_sim.learn.changes import Changes
from mcp_sim.learn.changing import may_write
from mcp_sim.learn.entities import Inferred, broken_links, inferred
from mcp_sim.learn.example import Example
from mcp_sim.learn.given import Given
from mcp_sim.learn.guards import clusters
from mcp_sim.learn.history import History, as_shown
from mcp_sim.learn.learner import Learner, Lesson
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.references import related
from mcp_sim.learn.tables import Table
from schemas.recorded import RecordedCall

_RANDOM = random.Random
_OF_EACH = 200
"""Examples that are looked at of each kind of answer of a tool."""
_ROUNDS = 4


@dataclass
class Taught:
    """What calls teach.

    Attributes:
        tables: the initial rows as answers show them.
        references: what the fields of each table refer to.
        lessons: what was learned of every tool that was called.
        examples: the calls of each tool, with the rows before them.
    """

    tables: dict[str, Table]
    references: dict[str, list[Inferred]]
    lessons: dict[str, Lesson]
    examples: dict[str, list[Example]]

    @property
    def not_enforced(self) -> list[tuple[str, Inferred]]:
        """The references that the database of the twin does not enforce, each with its table."""
        return [(table, one) for table, found in self.references.items() for one in found if one.not_enforced]


def teach(
    given: Given,
    calls: list[RecordedCall],
    names: list[str],
    begins: Callable[[str], None],
    tell: Callable[[str], None] = lambda _: None,
) -> Taught:
    """What these calls teach of the tools `names`; `begins` hears of each of them."""
    tables, links = related(given.rows, tell)
    tables = as_shown(tables, History(tables).examples(calls))
    learner = Learner(tables)
    examples = _examples(tables, calls, _changes(learner, calls, names))
    lessons: dict[str, Lesson] = {}
    for tool in names:
        begins(tool)
        if tool in examples:
            lessons[tool] = learner.learn(tool, chosen(examples[tool]))
    broken = broken_links(links, chain.from_iterable(examples.values()))
    references = {name: inferred(table, links[name], broken, lessons.values()) for name, table in tables.items()}
    return Taught(tables, references, lessons, examples)


def _changes(learner: Learner, calls: list[RecordedCall], told: list[str]) -> dict[str, Changes]:
    """What tools do to rows, learned again over the rows that this leads to, until it stays as it is."""
    found: dict[str, Changes] = {}
    before: list[Any] = []
    for _ in range(_ROUNDS):
        examples = _examples(learner.tables, calls, found)
        found = {
            tool: learner.changes(tool, chosen(examples[tool]))
            for tool in told
            if tool in examples and may_write(examples[tool])
        }
        after = [changes.sources for changes in found.values()]
        if after == before:
            break
        before = after
    return found


def _examples(
    tables: dict[str, Table], calls: list[RecordedCall], known: Mapping[str, Changes]
) -> dict[str, list[Example]]:
    def effect(call: RecordedCall, rows: Rows) -> tuple[Rows, bool]:
        changes = known.get(call.tool)
        return (rows, False) if changes is None else (changes.apply(rows, call.arguments), changes.is_whole)

    found: dict[str, list[Example]] = defaultdict(list)
    for example in History(tables).examples(calls, effect):
        found[example.call.tool].append(example)
    return found


def chosen(examples: list[Example]) -> list[Example]:
    """Enough examples of every kind of answer of a tool, the same ones each time."""
    texts = {i: e.call.text.strip() for i, e in enumerate(examples) if e.call.is_error}
    kinds = [list(rows) for rows in clusters(texts).values()]
    by_form: dict[str, list[int]] = defaultdict(list)
    for index, example in enumerate(examples):
        if not example.call.is_error:
            by_form[type(example.answer).__name__].append(index)
    picked: set[int] = set()
    for kind in [*kinds, *by_form.values()]:
        picked.update(kind if len(kind) <= _OF_EACH else _RANDOM(len(kind)).sample(kind, _OF_EACH))
    return [examples[index] for index in sorted(picked)]
