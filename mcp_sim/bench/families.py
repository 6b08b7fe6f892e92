"""Wrong answers that are wrong in the same way, each family with its first example."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mcp_sim.fidelity import NOT_JSON, Score, leaves, parsed
from schemas.recorded import RecordedCall
from schemas.types import Observation

_MOST = 5000
_PATHS = 6
_NUMBERS = re.compile(r"\d+")


@dataclass(slots=True)
class Family:
    """Answers of one tool that are wrong in one way.

    Attributes:
        what: how they are wrong, in a few words.
        call: the first of them, `answer` what the twin said to it; None: it declined.
        count: how many there are.
    """

    tool: str
    what: str
    call: RecordedCall
    answer: Observation | None
    score: Score
    count: int = 1


class Families:
    """The wrong answers of one mode."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Family] = {}

    def add(self, call: RecordedCall, answer: Observation | None, score: Score) -> None:
        """Take in a wrong answer."""
        what = _what(call, answer, score)
        family = self._found.get((call.tool, what))
        if family is not None:
            family.count += 1
        elif len(self._found) < _MOST:
            self._found[call.tool, what] = Family(call.tool, what, call, answer, score)

    def worst(self, limit: int) -> list[Family]:
        """The families with the most answers."""
        return sorted(self._found.values(), key=lambda family: (-family.count, family.tool, family.what))[:limit]


def _what(call: RecordedCall, answer: Observation | None, score: Score) -> str:
    if answer is None:
        return "declined"
    if not score.status:
        text = _brief(call.text if call.is_error else answer.text)
        return f"an error that it did not tell: {text}" if call.is_error else f"an error that was none: {text}"
    if call.is_error:
        return f"{_brief(answer.text)}, where it was {_brief(call.text)}"
    real, given = parsed(call.text), parsed(answer.text)
    if NOT_JSON in (real, given) or score.leaves is None:
        return "another text" if real is NOT_JSON else "another form"
    if score.leaves.f1 == 1.0:
        return f"status {answer.status}, where it was {call.status}"
    paths = sorted({_place(path) for path, _, _ in leaves(real) ^ leaves(given)})
    more = f" and {len(paths) - _PATHS} more" if len(paths) > _PATHS else ""
    return ", ".join(paths[:_PATHS]) + more


def _place(path: tuple[str | int, ...]) -> str:
    named = [_NUMBERS.sub("#", part) if isinstance(part, str) else "[]" for part in path]
    return ".".join(named).replace(".[]", "[]") or "the whole answer"


def _brief(text: str) -> str:
    return f"“{_NUMBERS.sub('#', text.strip())[:80]}”"
