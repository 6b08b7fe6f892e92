"""What an answer is worth: a rubric and the rule verifiers, nine to one; nothing for what is no answer.

The rubric is a judge's, or the deterministic one where there is none. An answer that cannot be read, that praises
itself or that speaks to its judge is worth 0. Where the judge itself failed there is no reward at all: None, never 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mcp_sim.responders.worldmodel.manners import out_of_role
from mcp_sim.worldmodel.parse import Unreadable
from trainer.cases import Case, Given, without_thinking
from trainer.rubric import Scores, judge_by_rule
from trainer.verifiers import Checks, verify

RUBRIC, RULES = 0.9, 0.1
"""What the two parts count."""
_TO_THE_JUDGE = re.compile(
    r"</?(final_evaluation|evaluation|score|verdict)>|\"scores\"\s*:\s*\{"
    r"|\b(dear|attention|note (to|for)( the)?|hello) (judge|grader|evaluator|reviewer|assessor)"
    r"|\bto (the|whoever|my) (judges?|grad(er|es)|evaluat(or|es)|reviewer)\b"
    r"|\b(award|give|assign|deserves?|merits?|rate)\b.{0,30}\b(full|perfect|maximum|highest|top|5|five|10|ten)\b.{0,12}"
    r"\b(scores?|marks?|points?|rating|grades?)\b"
    r"|\bignore (all |any )?(the |your )?(previous|prior|above|earlier) (instructions|rubric|criteria)"
    r"|\b(this|the above|my) (is|was) (an? )?(exact|perfect|flawless|faithful|correct|ideal)"
    r"( and \w+)? (simulation|prediction|observation|response|answer|output|reproduction)",
    re.IGNORECASE,
)

Judge = Callable[[Sequence[tuple[Case, Given]]], Sequence[Scores | None]]
"""Gives the scores of answers; None where it failed."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What one answer is worth.

    Attributes:
        rubric: from 0 to 1; None where the judge failed.
        rules: 1 if no rule is broken, else 0; None where the judge failed.
        invalid: why it counts as no answer; empty where it does not.
        scores: the dimensions; None of an invalid answer.
        checks: the rules; None of an invalid answer.
    """

    rubric: float | None
    rules: float | None
    invalid: str = ""
    scores: Scores | None = None
    checks: Checks | None = None

    @property
    def reward(self) -> float | None:
        """From 0 to 1; None where there is none."""
        if self.rubric is None or self.rules is None:
            return None
        return RUBRIC * self.rubric + RULES * self.rules

    def components(self) -> dict[str, float]:
        """Each dimension and each rule that applies, from 0 to 1, by name."""
        scores = {} if self.scores is None else self.scores.each()
        checks = {} if self.checks is None else self.checks.each()
        return {
            "valid": float(not self.invalid),
            **{f"rubric/{name}": (value - 1) / 4 for name, value in scores.items()},
            **{f"rules/{name}": float(passed) for name, passed in checks.items() if passed is not None},
        }


def worth(answers: Sequence[tuple[Case, str]], judge: Judge | None = None) -> list[Worth]:
    """What answers are worth, in their order.

    Args:
        answers: the cases, and what was said, thinking included.
        judge: in place of the deterministic rubric.
    """
    found: dict[int, Worth] = {}
    valid: dict[int, tuple[Case, Given, Checks]] = {}
    for at, (case, text) in enumerate(answers):
        try:
            given = case.read(text)
        except Unreadable as error:
            found[at] = Worth(0.0, 0.0, f"unreadable: {error}")
            continue
        words = flattery(case, text)
        if words:
            found[at] = Worth(0.0, 0.0, f"it speaks of itself or to its judge: '{words}'")
        else:
            valid[at] = (case, given, verify(case, given))
    judged = _judged(valid, judge)
    for at, (_, _, checks) in valid.items():
        scores = judged[at]
        if scores is None:
            found[at] = Worth(None, None, checks=checks)
        else:
            found[at] = Worth(scores.share, float(checks.passed), "", scores, checks)
    return [found[at] for at in range(len(answers))]


def flattery(case: Case, text: str) -> str:
    """The words with which an answer praises itself or speaks to a judge, unless the service itself says them."""
    body = without_thinking(text)
    known = f"{case.prompt}\n{case.gold}"
    words = out_of_role(body, known)
    if words:
        return words
    spoken = next((found.group() for found in _TO_THE_JUDGE.finditer(body) if found.group() not in known), "")
    return spoken[:60]


def _judged(valid: Mapping[int, tuple[Case, Given, Checks]], judge: Judge | None) -> dict[int, Scores | None]:
    if judge is None:
        return {at: judge_by_rule(case, given, checks) for at, (case, given, checks) in valid.items()}
    scores = judge([(case, given) for case, given, _ in valid.values()])
    return dict(zip(valid, scores, strict=True))


@dataclass(slots=True)
class Means:
    """The means of what many answers are worth, part by part."""

    _sums: dict[str, float] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    trials: int = 0
    failed: int = 0

    def add(self, one: Worth) -> None:
        """Take in one answer."""
        self.trials += 1
        self.failed += one.reward is None
        parts = one.components()
        if one.reward is not None:
            parts |= {"reward": one.reward}
        if one.rubric is not None:
            parts |= {"rubric": one.rubric}
        if one.rules is not None:
            parts |= {"rules": one.rules}
        for name, value in parts.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + 1

    def each(self) -> dict[str, float]:
        """The means by name; `reward_all` counts a failure of the judge as 0, `reward` leaves it out."""
        means = {name: self._sums[name] / self._counts[name] for name in sorted(self._sums)}
        return {**means, "reward_all": self._sums.get("reward", 0.0) / self.trials} if self.trials else means
