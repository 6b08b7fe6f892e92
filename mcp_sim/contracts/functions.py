"""Clauses that a function decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mcp_sim.contracts.calls import Seen
from mcp_sim.contracts.finding import Failures, Finding, JudgeError, held, vacuous
from mcp_sim.contracts.monitor import End
from schemas.contracts.conduct import Python
from schemas.contracts.entry import function_at
from schemas.types import Failure

Function = Callable[..., Iterable[Failure] | None]
"""Called with (trace, run, **parameters): the Failures it finds; None where nothing happened that it speaks of."""


class Decided:
    """`python`."""

    def __init__(self, clause: Python, functions: Mapping[str, Function]) -> None:
        self._clause = clause
        try:
            self._function = functions.get(clause.python) or function_at(clause.python)
        except LookupError as error:
            raise JudgeError(str(error.args[0])) from None

    def take(self, seen: Seen) -> None:
        """The function gets the whole trace."""

    def finding(self, end: End) -> Finding:
        """What the function says.

        Raises:
            JudgeError: it failed, or returned something else than Failures.
        """
        failures = Failures()
        try:
            found = self._function(end.trace, end.run, **self._clause.parameters)
            for failure in () if found is None else found:
                _add(failures, failure, self._clause.python)
        except JudgeError:
            raise
        except Exception as error:
            message = f"the function {self._clause.python} failed: {type(error).__name__}: {error}"
            raise JudgeError(message) from error
        if failures.count:
            return failures.finding()
        if found is None:
            return vacuous(f"{self._clause.python} had nothing to judge")
        return held(f"{self._clause.python} found no fault")


def _add(failures: Failures, failure: Any, entry: str) -> None:
    if not isinstance(failure, Failure):
        raise JudgeError(f"the function {entry} gave a {type(failure).__name__}; it gives Failures, or None")
    failures.add(failure.message, *failure.steps, settled=False)
