"""A twin learned: from initial rows, recorded calls and declared tools to a pack that answers as the service did."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.bench import Bench
from mcp_sim.fidelity import wilson
from mcp_sim.learn.answers import contradictions, passing_faults
from mcp_sim.learn.batches import Batches, learn_batches
from mcp_sim.learn.declared import Entry, entry_of
from mcp_sim.learn.doubt import doubt
from mcp_sim.learn.entities import entity_of
from mcp_sim.learn.facts import facts_of
from mcp_sim.learn.folds import folds
from mcp_sim.learn.given import Given
from mcp_sim.learn.learner import Lesson
from mcp_sim.learn.pack import pack_of
from mcp_sim.learn.settle import settled
from mcp_sim.learn.support import Evidence, Support
from mcp_sim.learn.teach import Taught, teach
from schemas.recorded import RecordedCall
from schemas.types import Pack, World

Progress = Callable[[int, int, str], None]


@dataclass
class Learned:
    """What was learned of a service.

    Attributes:
        pack: the pack, as a document of the house's form.
        facts: what is known of every tool, how well it is supported, what is guessed and what is missing.
    """

    pack: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)


def learn(name: str, given: Given, progress: Progress = lambda _done, _of, _what: None) -> Learned:
    """Learn a twin.

    Args:
        name: the name of the pack.
        given: what there is to learn from.
        progress: hears of every tool that is done: how many, of how many, and which comes next.
    """
    told = list(given.told)
    recorded = _without_faults(given.calls, told.append)
    calls = _by_tool(recorded)
    names = _worth_learning(calls, given.tools)
    parts = list(folds(recorded))
    steps = _Steps(progress, (1 + len(parts)) * len(names))
    taught = teach(given, recorded, names, steps.next, told.append)
    contradictory = contradictions(recorded)
    told += map(str, contradictory)
    entries = {
        tool: entry_of(tool, given.tools.get(tool), calls.get(tool, []))
        for tool in dict.fromkeys([*given.tools, *names])
    }
    evidence = Evidence(taught.lessons)
    for others, held_out in parts:
        _judge(evidence, teach(given, others, names, steps.next), entries, held_out)
    steps.end()
    sure = {tool: confidence(lesson, evidence.of(tool)) for tool, lesson in taught.lessons.items()}
    doubts = {tool: why for tool, lesson in taught.lessons.items() if (why := doubt(lesson, evidence)) is not None}
    sure |= dict.fromkeys(doubts, 0.0)
    document, wrong = document_of(name, taught, entries, sure, doubts)
    # Only rows say what calls do to them, where there are rows; else the calls alone have to.
    batches = learn_batches(recorded) if not given.rows else Batches()
    document, unsaid = batches.laid_over(document, entries)
    doubts = {tool: why for tool, why in doubts.items() if tool not in batches.effects}
    wrong += unsaid
    wrong += [f"{tool}: {why}; so nothing is said to be known" for tool, why in doubts.items()]
    told += [wrong for entry in entries.values() for wrong in entry.told]
    told += [f"{table}.{one.name}: not enforced: {one.not_enforced}" for table, one in taught.not_enforced]
    facts = facts_of(taught, evidence, sure, doubts)
    for tool in batches.effects.keys() & facts["tools"].keys():
        facts["tools"][tool] |= batches.facts(tool)
    for one in contradictory:
        if one.tool in facts["tools"]:
            facts["tools"][one.tool]["contradictory"] = one.facts()
    facts["calls"] = len(given.calls)
    facts["judged"] = sum((evidence.of(tool) for tool in taught.lessons), Support()).facts()
    facts["not_called"] = [tool for tool in entries if tool not in taught.lessons]
    facts["left_out"] = sorted(calls.keys() - entries.keys())
    return Learned(document, facts | {"told": [*told, *wrong]})


def document_of(
    name: str,
    taught: Taught,
    entries: Mapping[str, Entry],
    sure: Mapping[str, float],
    doubted: Iterable[str] = (),
) -> tuple[dict[str, Any], list[str]]:
    """The pack of what was taught, but for doubted tools, and what no pack can say of it."""
    lessons = [lesson for tool, lesson in taught.lessons.items() if tool not in set(doubted)]
    entities = {
        table.name: entity_of(table, lessons, taught.references[table.name]) for table in taught.tables.values()
    }
    document = pack_of(name, taught.tables, entities, lessons, entries, sure)
    return settled(document, {tool: entry.made_up for tool, entry in entries.items()})


def _judge(evidence: Evidence, taught: Taught, entries: Mapping[str, Entry], held_out: list[RecordedCall]) -> None:
    """Let a twin answer calls that it was not taught by, those of tools that it was not taught apart."""
    sure = dict.fromkeys(taught.lessons, 1.0)
    document, _ = document_of("part", taught, entries, sure)
    world = World(name="part", packs=(Pack.model_validate(document),))
    known = [call for call in held_out if call.tool in taught.lessons]
    with _unheard():
        asyncio.run(Bench(world, known, heard=evidence.hear).run())


@contextmanager
def _unheard() -> Iterator[None]:
    """What a twin has no answer to is counted here, not told call by call."""
    log = logging.getLogger("mcp_sim")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


class _Steps:
    """Counts the tools that are done, all parts together."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def next(self, what: str) -> None:
        """One more begins."""
        self._progress(self._done, self._total, what)
        self._done += 1

    def end(self) -> None:
        """Nothing is left to do."""
        self._progress(self._total, self._total, "")


def _without_faults(calls: list[RecordedCall], tell: Callable[[str], None]) -> list[RecordedCall]:
    """The calls without errors that go away when the same call is made again."""
    faults = passing_faults(calls)
    for text, times in faults.items():
        tell(f'"{text[:120]}" goes away when the same call is made again: {times:,} such faults left out')
    return [call for call in calls if not (call.is_error and call.text in faults)]


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


def confidence(lesson: Lesson, held_out: Support) -> float:
    """The lower bound of the share of calls that a lesson gets right: of those held out, else of those that taught."""
    if lesson.answer is None or not lesson.calls:
        return 0.0
    if held_out.confidence is not None:
        return held_out.confidence
    return round(wilson(lesson.explained / lesson.calls, lesson.calls)[0], 3)
