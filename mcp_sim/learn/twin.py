"""A twin learned: from initial rows, recorded calls and declared tools to a pack that answers as the service did."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.fidelity import wilson
from mcp_sim.learn.answers import contradictions
from mcp_sim.learn.declared import entry_of
from mcp_sim.learn.given import Given
from mcp_sim.learn.guards import clusters
from mcp_sim.learn.history import Example, History, as_shown
from mcp_sim.learn.learner import Learner, Lesson
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.pack import pack_of
from mcp_sim.learn.silent import Silent, learn_silent
from mcp_sim.learn.tables import Table, tables_of
from schemas.recorded import RecordedCall

Progress = Callable[[int, int, str], None]
_RANDOM = random.Random
_OF_EACH = 200
"""Examples that are looked at of each kind of answer of a tool."""


@dataclass
class Learned:
    """What was learned of a service.

    Attributes:
        pack: the pack, as a document of the house's form.
        facts: what is known of every tool, how well it is supported, what is guessed and what is missing.
    """

    pack: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)


def learn(name: str, given: Given, progress: Progress = lambda _done, _of, _tool: None) -> Learned:
    """Learn a twin.

    Args:
        name: the name of the pack.
        given: what there is to learn from.
        progress: hears of every tool that is done: how many, of how many, and which comes next.
    """
    calls = _by_tool(given.calls)
    names = _worth_learning(calls, given.tools)
    taught = teach(given, given.calls, names, progress)
    told = [*given.told, *map(str, contradictions(given.calls))]
    entries: dict[str, dict[str, Any]] = {}
    for tool in dict.fromkeys([*given.tools, *names]):
        lesson = taught.lessons.get(tool)
        is_known = lesson is not None and lesson.answer is not None
        entries[tool], wrong = entry_of(tool, given.tools.get(tool), calls.get(tool, []), is_known)
        told += wrong
    lessons = list(taught.lessons.values())
    sure = {lesson.tool: confidence(lesson) for lesson in lessons}
    document = pack_of(name, taught.tables, lessons, entries, sure)
    facts = _facts(lessons, taught.tables, sure)
    return Learned(document, facts | {"left_out": sorted(calls.keys() - entries.keys()), "told": told})


@dataclass
class Taught:
    """What calls teach: the tables as answers show them, and a lesson for every tool that was called."""

    tables: dict[str, Table]
    lessons: dict[str, Lesson]


def teach(given: Given, calls: list[RecordedCall], names: list[str], progress: Progress) -> Taught:
    """What these calls teach of the tools `names`."""
    tables = tables_of(given.rows)
    tables = as_shown(tables, History(tables).examples(calls))
    examples = _examples(tables, calls, _silent(tables, calls))
    learner = Learner(tables)
    lessons: dict[str, Lesson] = {}
    for done, tool in enumerate(names):
        progress(done, len(names), tool)
        if tool in examples:
            lessons[tool] = learner.learn(tool, chosen(examples[tool]))
    progress(len(names), len(names), "")
    return Taught(tables, lessons)


def _by_tool(calls: Iterable[RecordedCall]) -> dict[str, list[RecordedCall]]:
    found: dict[str, list[RecordedCall]] = defaultdict(list)
    for call in calls:
        found[call.tool].append(call)
    return dict(found)


def _worth_learning(calls: Mapping[str, list[RecordedCall]], tools: Mapping[str, Any]) -> list[str]:
    """The tools in order of first use; without a list of tools, those that are used now and again and ever answer."""
    if tools:
        return [tool for tool in calls if tool in tools]
    return [tool for tool, of in calls.items() if tool.replace(".", "").isidentifier() and _answers(of)]


def _answers(calls: list[RecordedCall]) -> bool:
    """Whether a tool ever did more than say that there is no such tool."""
    fine = [call for call in calls if not call.is_error and not call.text.startswith(f"{call.tool} is not")]
    return bool(fine) or (len(calls) >= 3 and not all(call.text.startswith(call.tool) for call in calls))


def _silent(tables: dict[str, Table], calls: list[RecordedCall]) -> dict[str, Silent]:
    """What tools change without showing it, learned over the rows that these changes lead to, twice over."""
    found: dict[str, Silent] = {}
    for _ in range(2):
        examples = _examples(tables, calls, found)
        found = {
            tool: change for tool, of in examples.items() if (change := learn_silent(tool, of, tables)) is not None
        }
        if not found:
            break
    return found


def _examples(
    tables: dict[str, Table], calls: list[RecordedCall], silent: Mapping[str, Silent]
) -> dict[str, list[Example]]:
    def effect(call: RecordedCall, rows: Rows) -> Rows:
        change = silent.get(call.tool)
        return rows if change is None else change.apply(rows, call.arguments)

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


def confidence(lesson: Lesson) -> float:
    """The lower bound of the share of its recorded calls that a lesson explains."""
    if lesson.answer is None or not lesson.calls:
        return 0.0
    return round(wilson(lesson.explained / lesson.calls, lesson.calls)[0], 3)


def _facts(lessons: list[Lesson], tables: dict[str, Table], sure: Mapping[str, float]) -> dict[str, Any]:
    return {
        "tables": {
            table.name: {
                "rows": len(table.rows),
                "key": table.key,
                "references": {".".join(path): other for path, other in table.references.items()},
            }
            for table in tables.values()
        },
        "tools": {lesson.tool: lesson.facts() | {"confidence": sure[lesson.tool]} for lesson in lessons},
    }
