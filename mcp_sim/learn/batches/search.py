"""The programs that explain most: each tool is improved in turn, while the others stay, as long as that helps."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from mcp_sim.learn.batches.answers import form_of, text_value
from mcp_sim.learn.batches.candidates import given_by, operations_on
from mcp_sim.learn.batches.collections import Collection, State
from mcp_sim.learn.batches.operations import Edit, Operation, Select
from mcp_sim.learn.batches.programs import Program, Run, Target, states, worth
from schemas.recorded import RecordedCall
from schemas.rows import scalars

_ROUNDS = 6
_WORK = 2_000_000
"""Calls that are carried out at most, in all trials together."""
_LEAST = 1e-9
_KNOWN = 0.03
_LENGTH = 0.01
"""What a program loses for every part, so that of two that explain as much the shorter one stays."""


class Search:
    """The search for the programs of one service.

    Attributes:
        programs: those found so far, by tool.
    """

    def __init__(self, calls: list[RecordedCall], collections: list[Collection]) -> None:
        self._collections = {collection.name: collection for collection in collections}
        self._runs = runs_of(calls)
        self._where: dict[str, list[int]] = defaultdict(list)
        for n, run in enumerate(self._runs):
            for tool in dict.fromkeys(target.call.tool for target in run):
                self._where[tool].append(n)
        self._calls: dict[str, list[RecordedCall]] = defaultdict(list)
        for call in calls:
            self._calls[call.tool].append(call)
        self._given = {tool: given_by(of_one) for tool, of_one in self._calls.items()}
        self._kinds = {tool: _kind(of_one) for tool, of_one in self._calls.items()}
        self.programs = {tool: self._told(tool, {}) for tool in self._calls}
        self._work = 0
        self._states = [self._states_of(self.programs, n) for n in range(len(self._runs))]
        self._worths = [self._worth(self.programs, n, state) for n, state in enumerate(self._states)]
        self._best = sum(self._worths) + sum(map(_appeal, self.programs.values()))

    def run(self) -> dict[str, Program]:
        """Improve until nothing helps any more."""
        for _ in range(_ROUNDS):
            before = self._best
            for tool in self._in_turn():
                for name in self._collections:
                    self._improve(tool, name)
            if self._best <= before + _LEAST:
                break
        return self.programs

    def _improve(self, tool: str, name: str) -> None:
        for operation in self._candidates(tool, name):
            if self._work > _WORK:
                return
            operations = {**self.programs[tool].operations}
            before = operations.pop(name, None)
            if operation is not None:
                operations[name] = operation
            program = self._told(tool, operations)
            programs = {**self.programs, tool: program}
            more = _appeal(program) - _appeal(self.programs[tool])
            fresh: dict[int, list[State]] = {}
            if isinstance(operation, Select | None) and isinstance(before, Select | None):
                # It changes no row, so that no other answer changes.
                gain = self._of_tool(program, tool) - self._of_tool(self.programs[tool], tool)
            else:
                fresh = {n: self._states_of(programs, n) for n in self._where[tool]}
                gain = sum(self._worth(programs, n, state) - self._worths[n] for n, state in fresh.items())
            if gain + more > _LEAST:
                self._best, self.programs = self._best + gain + more, programs
                for n in self._where[tool]:
                    self._states[n] = fresh.get(n, self._states[n])
                    self._worths[n] = self._worth(programs, n, self._states[n])

    def _candidates(self, tool: str, name: str) -> Iterator[Operation | None]:
        yield None
        collection = self._collections[name]
        others = [other for other in self._collections.values() if other is not collection]
        yield from operations_on(collection, self._given[tool], others, self._kinds[tool])

    def _in_turn(self) -> list[str]:
        """What writes comes first; of these, what shows most."""
        return sorted(self._calls, key=lambda tool: (self._kinds[tool] == "read", -len(self._calls[tool])))

    def _told(self, tool: str, operations: Mapping[str, Operation]) -> Program:
        fine = [call for call in self._calls[tool] if not call.is_error]
        structured = [call.structured for call in fine]
        has_json = bool(fine) and all(part is not None for part in structured)
        program = Program(
            operations,
            form_of(structured, operations) if has_json else None,
            form_of([text_value(call) for call in fine], operations),
        )
        needs = any(isinstance(operation, Edit) and operation.needed for operation in operations.values())
        return replace(program, missing=_missing(self._calls[tool])) if needs else program

    def _states_of(self, programs: Mapping[str, Program], n: int) -> list[State]:
        """The states before the calls of one trajectory."""
        self._work += 2 * len(self._runs[n])
        return states(programs, self._runs[n], list(self._collections))

    def _of_tool(self, program: Program, tool: str) -> float:
        self._work += len(self._calls[tool])
        return sum(
            worth(program, target, state)
            for n in self._where[tool]
            for target, state in zip(self._runs[n], self._states[n], strict=True)
            if target.call.tool == tool
        )

    def _worth(self, programs: Mapping[str, Program], n: int, before: list[State]) -> float:
        """What the programs' answers to the calls of one trajectory are worth."""
        return sum(
            worth(programs[target.call.tool], target, state)
            for target, state in zip(self._runs[n], before, strict=True)
        )


def runs_of(calls: Iterable[RecordedCall]) -> list[Run]:
    """The trajectories of calls, each in order."""
    by_run: dict[str, list[RecordedCall]] = defaultdict(list)
    for call in calls:
        by_run[call.trajectory].append(call)
    return [[Target(call) for call in sorted(run, key=lambda call: call.index)] for run in by_run.values()]


def _appeal(program: Program) -> float:
    """What speaks for a program besides what it explains: it is short, and leaves no part of its answer open.

    What shows a collection has to be there before what fills it can be seen to be right.
    """
    return _KNOWN * program.known - _LENGTH * program.cost


def _kind(calls: list[RecordedCall]) -> str:
    kinds = {call.kind for call in calls}
    return kinds.pop() if len(kinds) == 1 else "unknown"


def _missing(calls: list[RecordedCall]) -> str:
    """The commonest error with a value of the arguments left open."""
    forms: Counter[str] = Counter()
    for call in calls:
        if call.is_error:
            text = call.text.strip()
            named = [
                v for v in scalars(call.arguments) if isinstance(v, str) and re.search(rf"\b{re.escape(v)}\b", text)
            ]
            for value in sorted(set(named), key=len, reverse=True)[:1]:
                forms[text.replace(value, "{}")] += 1
    return forms.most_common(1)[0][0] if forms else ""
