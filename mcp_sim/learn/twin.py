"""A twin learned: from initial rows and recorded calls to a pack that answers as the service did."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.fidelity import wilson
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


def learn(
    name: str,
    data: Mapping[str, Any],
    traces: Iterable[RecordedCall],
    tools: Mapping[str, Mapping[str, Any]] | None = None,
    progress: Progress | None = None,
) -> Learned:
    """Learn a twin.

    Args:
        name: the name of the pack.
        data: the initial rows: collections by name, each a list of rows or an object of rows by key.
        traces: recorded calls with their answers.
        tools: definitions of tools by name (`description`, `input_schema`), where they are known.
        progress: hears of every tool that is done: how many, of how many, and which comes next.
    """
    calls = list(traces)
    told = _worth_learning(calls, tools)
    tables = tables_of(data)
    tables = as_shown(tables, History(tables).examples(calls))
    silent = _silent(tables, calls)
    examples = _by_tool(tables, calls, silent)
    learner = Learner(tables)
    lessons = []
    for done, tool in enumerate(told):
        if progress is not None:
            progress(done, len(told), tool)
        lessons.append(learner.learn(tool, chosen(examples[tool])))
    if progress is not None:
        progress(len(told), len(told), "")
    document = pack_of(name, tables, lessons, tools or {}, {lesson.tool: confidence(lesson) for lesson in lessons})
    left_out = sorted({call.tool for call in calls} - set(told))
    return Learned(document, _facts(lessons, tables, left_out))


def _worth_learning(calls: list[RecordedCall], tools: Mapping[str, Any] | None) -> list[str]:
    """The tools in order of first use; without a list of tools, those that are used now and again and ever answer."""
    seen: dict[str, list[RecordedCall]] = defaultdict(list)
    for call in calls:
        seen[call.tool].append(call)
    if tools is not None:
        return [tool for tool in seen if tool in tools]
    return [tool for tool, of in seen.items() if tool.replace(".", "").isidentifier() and _answers(of)]


def _answers(calls: list[RecordedCall]) -> bool:
    """Whether a tool ever did more than say that there is no such tool."""
    fine = [call for call in calls if not call.is_error and not call.text.startswith(f"{call.tool} is not")]
    return bool(fine) or (len(calls) >= 3 and not all(call.text.startswith(call.tool) for call in calls))


def _silent(tables: dict[str, Table], calls: list[RecordedCall]) -> dict[str, Silent]:
    """What tools change without showing it, learned over the rows that these changes lead to, twice over."""
    found: dict[str, Silent] = {}
    for _ in range(2):
        examples = _by_tool(tables, calls, found)
        found = {
            tool: change for tool, of in examples.items() if (change := learn_silent(tool, of, tables)) is not None
        }
        if not found:
            break
    return found


def _by_tool(
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


def _facts(lessons: list[Lesson], tables: dict[str, Table], left_out: list[str]) -> dict[str, Any]:
    return {
        "tables": {
            table.name: {
                "rows": len(table.rows),
                "key": table.key,
                "references": {".".join(path): other for path, other in table.references.items()},
            }
            for table in tables.values()
        },
        "tools": {lesson.tool: lesson.facts() | {"confidence": confidence(lesson)} for lesson in lessons},
        "left_out": left_out,
    }
