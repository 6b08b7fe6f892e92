"""Programs of tools over collections, carried out on whole trajectories, and what their answers are worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.batches.answers import UNKNOWN, Form, text_value
from mcp_sim.learn.batches.collections import Row, State
from mcp_sim.learn.batches.operations import Missing, Operation, Select
from schemas.canonical import canonical
from schemas.recorded import RecordedCall

_NEAR = 0.5
"""What an answer is worth that shows some of the right rows, at most."""


@dataclass(frozen=True)
class Program:
    """What a tool does, collection by collection, and how it tells so.

    Attributes:
        operations: by the name of the collection.
        json: the form of its structured answer; None where it gives none.
        text: the form of its text.
        missing: the text of its error, with `{}` for what is missing.
    """

    operations: Mapping[str, Operation] = field(default_factory=dict)
    json: Form | None = None
    text: Form = field(default_factory=Form)
    missing: str = ""

    @property
    def cost(self) -> int:
        """How long it is."""
        return sum(operation.cost for operation in self.operations.values())

    @property
    def known(self) -> int:
        """How many parts of its answers come from somewhere."""
        parts = (*self.text.parts, *(self.json.parts if self.json else ()))
        return sum(bool(part.result) or part.constant is not UNKNOWN for part in parts)

    def run(self, state: State, arguments: dict[str, Any]) -> tuple[State, dict[str, list[Row]]]:
        """The state after a call, and the result for every collection.

        Raises:
            Missing: the call ends with an error, and changes nothing.
        """
        after, results = dict(state), dict[str, list[Row]]()
        late = []
        for name, operation in self.operations.items():
            if not isinstance(operation, Select):
                results[name] = operation.run(after, arguments)
            elif operation.of is not None:
                late.append((name, operation))
            else:
                results[name] = operation.run(after, arguments, results) or []
        for name, operation in late:
            found = operation.run(after, arguments, results)
            if found is not None:
                results[name] = found
        return after, results


class Target:
    """A recorded answer, made ready to be compared with many."""

    def __init__(self, call: RecordedCall) -> None:
        self.call = call
        self._json = canonical(call.structured)
        self._text = canonical(text_value(call))
        self._rows = _rows(call.structured if call.structured is not None else text_value(call))

    def worth(self, program: Program, results: Mapping[str, list[Row]]) -> float:
        """What an answer is worth, from 0 to 1: 1 if it is the same, less than half for some of its rows."""
        if self.call.is_error:
            return 0.0
        forms = [(program.text, self._text)]
        if program.json is not None:
            forms.append((program.json, self._json))
        if all(form.is_known(results) and canonical(form.value(results)) == real for form, real in forms):
            return 1.0
        ours = _rows(forms[-1][0].value(results))
        size = ours.total() + self._rows.total()
        return _NEAR * 2 * (ours & self._rows).total() / size if size else 0.0

    def refused(self, program: Program, missing: Missing) -> float:
        """What it is worth that a program refuses the call."""
        told = program.missing.replace("{}", str(missing.value))
        return float(self.call.is_error and told == self.call.text.strip())


Run = list[Target]
"""The calls of one trajectory, in order."""


def states(programs: Mapping[str, Program], run: Run, collections: list[str]) -> list[State]:
    """The state before every call of a trajectory, from empty collections on."""
    state: State = {name: [] for name in collections}
    found = []
    for target in run:
        found.append(state)
        program = programs.get(target.call.tool)
        if program is not None and not target.call.is_error:
            try:
                state, _ = program.run(state, target.call.arguments)
            except Missing:
                continue
    return found


def worth(program: Program, target: Target, state: State) -> float:
    """What a program's answer to one call is worth."""
    try:
        _, results = program.run(state, target.call.arguments)
    except Missing as missing:
        return target.refused(program, missing)
    return target.worth(program, results)


def _rows(value: Any) -> Counter[tuple[str, bytes]]:
    members = value.items() if isinstance(value, dict) else [("", value)]
    return Counter((name, canonical(row)) for name, part in members if isinstance(part, list) for row in part)
