"""The calls of a trace, as clauses see them: each once, its facts worked out when they are first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from mcp_sim.contracts.perturbed import in_own_form
from mcp_sim.expressions import EvaluationError, Evaluator
from schemas.canonical import canonical
from schemas.contracts.patterns import Pattern, meant
from schemas.expressions import Expression, parse
from schemas.rows import key_text, scalars
from schemas.types import LedgerEntry, Step, Tool, World
from store.matching import same
from store.overlay import Overlay
from store.traces.replay import TracePast, TraceRows
from store.view import EntityView

Facts = dict[str, Any]


class Conditions:
    """Expressions over calls and rows, run. One that has no value does not hold."""

    def __init__(self, world: World, rows: TraceRows, now: str) -> None:
        self.view = EntityView(rows, world, 0, 0, now, {}, TracePast(()))
        self._evaluator = Evaluator({}, Overlay(world, self.view))

    def value(self, expression: Expression, names: Facts) -> Any:
        """The value of an expression.

        Raises:
            EvaluationError: it has none.
        """
        self._evaluator.names = names
        return self._evaluator.value(expression)

    def holds(self, expression: Expression, names: Facts) -> bool:
        """Whether an expression holds."""
        try:
            return bool(self.value(expression, names))
        except EvaluationError:
            return False


class Calls:
    """The patterns of one contract, made ready: equal ones share a number, and are looked at once for each call."""

    def __init__(self, world: World, conditions: Conditions) -> None:
        self.world = world
        self.conditions = conditions
        self.numbers: dict[str, int] = {}
        self.tests: list[_Test] = []
        self._defaults: dict[str, Facts] = {}

    def number(self, pattern: Pattern) -> int:
        """The number of a pattern."""
        key = pattern.model_dump_json()
        if key not in self.numbers:
            self.numbers[key] = len(self.tests)
            self.tests.append(_Test(pattern, self.world))
        return self.numbers[key]

    def defaults(self, tool: str) -> Facts:
        """The arguments that a tool has when they are left out."""
        if tool not in self._defaults:
            found = self.world.tools.get(tool)
            properties = found.input_schema.get("properties") if found is not None else None
            self._defaults[tool] = {
                name: part["default"]
                for name, part in (properties.items() if isinstance(properties, dict) else ())
                if isinstance(part, dict) and "default" in part
            }
        return self._defaults[tool]


class _Test:
    """A pattern, ready to be tried."""

    def __init__(self, pattern: Pattern, world: World) -> None:
        self.tools = None if pattern.tools == ("*",) else frozenset(meant(pattern, world.tools))
        self.ok = pattern.ok
        self.args = tuple(pattern.args.items())
        self.where = None if pattern.where is None else parse(pattern.where)


class Seen:
    """One step, as clauses see it; `entry` is what the ledger says of it."""

    def __init__(self, step: Step, index: int, calls: Calls) -> None:
        self.step = step
        self.n = step.n
        self.index = index
        self.entry: LedgerEntry | None = None
        self._calls = calls
        self._fits: dict[int, bool] = {}

    def fits(self, number: int) -> bool:
        """Whether the call fits the pattern of this number."""
        found = self._fits.get(number)
        if found is None:
            found = self._fits[number] = self._is_meant(self._calls.tests[number])
        return found

    def _is_meant(self, test: _Test) -> bool:
        step = self.step
        if test.tools is not None and step.call.tool not in test.tools:
            return False
        if test.ok is not None and test.ok == step.observation.is_error:
            return False
        if any(name not in self.args or not same(self.args[name], value) for name, value in test.args):
            return False
        return test.where is None or self._calls.conditions.holds(test.where, self.facts)

    @property
    def tool(self) -> Tool | None:
        """The definition of the tool that was called."""
        return self._calls.world.tools.get(self.step.call.tool)

    @cached_property
    def args(self) -> Facts:
        """The arguments, with the defaults of those that were left out."""
        defaults = self._calls.defaults(self.step.call.tool)
        return {**defaults, **self.step.call.arguments} if defaults else self.step.call.arguments

    @cached_property
    def facts(self) -> Facts:
        """What a condition may name."""
        step, observation = self.step, self.step.observation
        answer = in_own_form(step)
        content = answer.structured_content
        return {
            "args": self.args,
            "observation": answer.text if content is None else content,
            "text": observation.text,
            "is_error": observation.is_error,
            "status": observation.status,
            "n": step.n,
            "at": step.at,
            "waited": step.call.waited,
            "tool": step.call.tool,
            "changes": [
                {"op": one.op, "entity": one.entity, "key": one.key, "before": one.before, "after": one.after}
                for one in step.delta.changes
            ],
        }

    @cached_property
    def signature(self) -> tuple[str, bytes]:
        """Equal for calls of the same tool with the same arguments."""
        return self.step.call.tool, canonical(self.args)

    @cached_property
    def moment(self) -> float:
        """Virtual time, in seconds since 1970."""
        return datetime.fromisoformat(self.step.at).timestamp()


def texts(value: Any) -> Iterator[str]:
    """Every text and number in a JSON value, as text."""
    return (key_text(found) for found in scalars(value) if found is not None)
