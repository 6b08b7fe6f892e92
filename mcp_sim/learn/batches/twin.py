"""What a service does with its collections, learned from calls alone, and how well that is known."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.fidelity import wilson
from mcp_sim.learn.batches.candidates import given_by
from mcp_sim.learn.batches.collections import Collection, Row, collections_of, listed
from mcp_sim.learn.batches.operations import KEY
from mcp_sim.learn.batches.pack import effect_of, entity_of
from mcp_sim.learn.batches.programs import Program, states, worth
from mcp_sim.learn.batches.search import Search, runs_of
from mcp_sim.learn.declared import Entry
from mcp_sim.learn.history import answer_of
from mcp_sim.learn.settle import settled
from mcp_sim.learn.support import Support
from schemas.recorded import RecordedCall

_SURE = 0.8
"""The share of its calls that a program has to explain."""
_FEWEST = 3
_MOST = 2000
"""Calls that are looked at."""


@dataclass
class Batches:
    """What was learned.

    Attributes:
        entities: of a pack, by name.
        effects: of its tools, by name, each with its confidence.
        explained: of each of these tools, (calls explained, calls).
    """

    entities: dict[str, Any] = field(default_factory=dict)
    effects: dict[str, Any] = field(default_factory=dict)
    explained: dict[str, tuple[int, int]] = field(default_factory=dict)

    def laid_over(self, document: dict[str, Any], entries: Mapping[str, Entry]) -> tuple[dict[str, Any], list[str]]:
        """A pack with these tools and entities in it, and what no pack can say of them."""
        if not self.effects:
            return document, []
        tools = {tool: {**entries[tool].declared, "effect": effect} for tool, effect in self.effects.items()}
        merged = {
            **document,
            "entities": {**document["entities"], **self.entities},
            "tools": {**document["tools"], **tools},
        }
        return settled(merged, {tool: entry.made_up for tool, entry in entries.items()})

    def facts(self, tool: str) -> dict[str, Any]:
        """What is known of a tool, in the words of the report."""
        right, total = self.explained[tool]
        held_out = Support().facts()
        words = self.effects[tool]["steps"] or "an answer that is always the same"
        answer = {"expression": str(words), "support": right, "of": total, "rivals": [], "held_out": held_out}
        learned: dict[str, Any] = {"confidence": self.effects[tool]["confidence"], "doubt": None, "explained": right}
        nothing: dict[str, Any] = {"guards": [], "changes": [], "silent": None, "undecided": [], "unexplained": []}
        return {**learned, **nothing, "answer": answer, "looked_at": total}


def learn_batches(calls: list[RecordedCall]) -> Batches:
    """What the tools of a service that begins empty do with its collections; nothing where it has none.

    How sure a program is comes from calls that it was not learned from: the last third of them.
    """
    calls = _looked_at(calls)
    collections = [one for one in collections_of(calls) if KEY not in one.fields and _is_filled(one, calls)]
    if not collections:
        return Batches()
    programs = Search(calls, collections).run()
    right = _right(programs, calls, collections)
    totals = Counter(call.tool for call in calls)
    known = {
        tool: program
        for tool, program in programs.items()
        if totals[tool] >= _FEWEST
        and right[tool] >= _SURE * totals[tool]
        and (program.operations or _is_fixed(program))
    }
    if not any(program.operations for program in known.values()):
        return Batches()
    sure = _confidence(calls, collections, right, totals)
    used = {name for program in known.values() for name in program.operations}
    rows = _samples(calls, collections)
    return Batches(
        {one.name: entity_of(one, rows[one.name]) for one in collections if one.name in used},
        {tool: {**effect_of(program), "confidence": sure[tool]} for tool, program in known.items()},
        {tool: (right[tool], totals[tool]) for tool in known},
    )


def _is_filled(collection: Collection, calls: list[RecordedCall]) -> bool:
    """Whether a tool that may write is given objects with all fields of a row: else nobody knows what is in it."""
    by_tool: dict[str, list[RecordedCall]] = defaultdict(list)
    for call in calls:
        if call.kind != "read":
            by_tool[call.tool].append(call)
    forms = (form for of_one in by_tool.values() for form in given_by(of_one).objects.values())
    return any(set(collection.fields) <= form.keys() for form in forms)


def _looked_at(calls: list[RecordedCall]) -> list[RecordedCall]:
    """Whole trajectories, as many as there is time for."""
    found: list[RecordedCall] = []
    taken: dict[str, bool] = {}
    sizes = Counter(call.trajectory for call in calls)
    room = _MOST
    for run, size in sizes.items():
        taken[run] = size <= room
        room -= size if taken[run] else 0
    for call in calls:
        if taken[call.trajectory]:
            found.append(call)
    return found


def _right(
    programs: Mapping[str, Program], calls: list[RecordedCall], collections: list[Collection], begin: int = 0
) -> Counter[str]:
    """How many calls of each tool are explained exactly; of each trajectory those from a place on."""
    found: Counter[str] = Counter()
    for run in runs_of(calls):
        for place, (target, state) in enumerate(
            zip(run, states(programs, run, [c.name for c in collections]), strict=True)
        ):
            if place >= begin * len(run) // 3 and target.call.tool in programs:
                found[target.call.tool] += worth(programs[target.call.tool], target, state) == 1.0
    return found


def _confidence(
    calls: list[RecordedCall], collections: list[Collection], right: Counter[str], totals: Counter[str]
) -> dict[str, float]:
    """The lower bound of the share of calls that each tool gets right when the last third of each run is held out."""
    early = [target.call for run in runs_of(calls) for target in run[: 2 * len(run) // 3]]
    programs = Search(early, collections).run()
    late = Counter(target.call.tool for run in runs_of(calls) for target in run[2 * len(run) // 3 :])
    good = _right(programs, calls, collections, begin=2)
    return {
        tool: round(
            wilson(good[tool] / late[tool], late[tool])[0]
            if late[tool] >= _FEWEST
            else wilson(right[tool] / total, total)[0],
            3,
        )
        for tool, total in totals.items()
    }


def _is_fixed(program: Program) -> bool:
    """Whether a tool that does nothing known always answers the same."""
    forms = [program.text, *([program.json] if program.json else [])]
    return all(form.whole is not None and not form.whole.result for form in forms)


def _samples(calls: list[RecordedCall], collections: list[Collection]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {one.name: [] for one in collections}
    for call in calls:
        for _, rows in listed(answer_of(call)):
            for one in collections:
                found[one.name] += [row for row in rows if one.holds(row)]
    return found
