"""The five dimensions in which an answer is judged, by rule where there is no judge; each from 1 to 5.

* **format**: how much of the structure, fields and types, is that of the real answer; at most 2 with talk around it.
* **factuality**: F1 over the leaves of the real answer, changes included; of a text, F1 over its words.
* **consistency**: the share of the checks that pass of status, agreement and changes; none of it with an id that does
  not exist, or a broken reference.
* **realism**: it is what this service says: no placeholder, no repetition of the question; half for words that it
  knows, half for being about as long as the real answer.
* **quality**: whole for being exact; else, where both or neither are errors, half of what factuality says.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from mcp_sim.fidelity import leaves, overlap, same_json
from schemas.canonical import canonical
from schemas.rows import scalars
from trainer.cases import Case, Given
from trainer.verifiers import Checks

DIMENSIONS = ("format", "factuality", "consistency", "realism", "quality")
_PLACEHOLDER = re.compile(
    r"\b(lorem ipsum|placeholder|todo|tbd|sample text|example value|your[_ -]\w+[_ -]here|foo ?bar)\b"
    r"|^(string|text|value)$|<[a-z_ ]+>|\.\.\.$",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Scores:
    """The five dimensions, each from 1 to 5."""

    format: float
    factuality: float
    consistency: float
    realism: float
    quality: float

    @property
    def mean(self) -> float:
        """From 1 to 5."""
        return sum(self.each().values()) / len(DIMENSIONS)

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return (self.mean - 1) / 4

    def each(self) -> dict[str, float]:
        """The dimensions by name."""
        return asdict(self)


def judge_by_rule(case: Case, given: Given, checks: Checks) -> Scores:
    """The documented, deterministic rubric."""
    expected = case.read(case.gold)
    real, told = _whole(case, expected), _whole(case, given)
    same = same_json(real, told) and expected.said.is_error == given.said.is_error
    form = _f1(_structure(real), _structure(told)) if expected.said.is_error == given.said.is_error else 0.0
    facts = _facts(real, told)
    held = [found for found in (checks.status, checks.agreement, checks.changes) if found is not None]
    return Scores(
        format=_scaled(form) if given.bare else min(_scaled(form), 2.0),
        factuality=_scaled(facts),
        consistency=_scaled(0.0 if checks.integrity is False else sum(held) / len(held) if held else 1.0),
        realism=_scaled(1.0 if same else _realism(case, given, real, told)),
        quality=_scaled(1.0 if same else 0.5 * facts * (expected.said.is_error == given.said.is_error)),
    )


def _whole(case: Case, given: Given) -> Any:
    """The observation, with the changes where some may be proposed."""
    said = given.said
    observation = {"error": said.observation} if said.is_error else said.observation
    return {"observation": observation, "changes": said.changes or []} if case.writes else observation


def _facts(real: Any, told: Any) -> float:
    if isinstance(real, str) or isinstance(told, str):
        return _f1(Counter(_WORD.findall(str(real).lower())), Counter(_WORD.findall(str(told).lower())))
    return overlap(real, told).f1


def _structure(value: Any) -> Counter[Any]:
    """The paths of a value with the type of what is there; positions in lists are all one."""
    return Counter(
        (tuple("[]" if isinstance(part, int) else part for part in path), kind) for path, kind, _ in leaves(value)
    )


def _realism(case: Case, given: Given, real: Any, told: Any) -> float:
    texts = [text for text in scalars(given.said.observation) if isinstance(text, str)]
    known = f"{case.prompt}\n{case.gold}"
    if any(found.group() not in known for text in texts for found in [_PLACEHOLDER.search(text)] if found):
        return 0.0
    asked = case.facts.get("arguments")
    if asked and told in (asked, {"name": case.facts.get("tool"), "arguments": asked}) and not same_json(real, told):
        return 0.0
    words = [word for text in texts for word in _WORD.findall(text)]
    heard = set(_WORD.findall(known))
    familiar = sum(word in heard for word in words) / len(words) if words else 1.0
    lengths = sorted((len(canonical(real)), len(canonical(told))))
    return 0.5 * familiar + 0.5 * min(1.0, 2 * lengths[0] / lengths[1])


def _f1(real: Counter[Any], told: Counter[Any]) -> float:
    both = sum((real & told).values())
    whole = sum(real.values()) + sum(told.values())
    return 2 * both / whole if whole else 1.0


def _scaled(share: float) -> float:
    return 1 + 4 * share
