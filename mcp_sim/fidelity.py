"""How faithfully an answer repeats the real one: the one set of metrics.

* **exact**: both are JSON and equal but for the order of keys and the form of numbers (1 is 1.0, true is not 1), or
  their texts are equal after trimming; both are errors, or neither; nothing is masked. Where the status of an HTTP
  response was recorded, it is part of the observation.
* **leaves**: precision, recall and F1 over the leaves of the real JSON object or list: pairs of a path, positions in
  lists included, and a scalar. An empty object or list is a leaf as well.
* **status**: both are errors, or neither. **code**: the HTTP status is the same.
* **error text**: of the calls that really failed, the share whose text is matched exactly, by an error.

An answer that was declined is wrong by every measure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from statistics import NormalDist
from typing import Any, Final, NamedTuple

from schemas.recorded import RecordedCall
from schemas.types import Observation

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)

NOT_JSON: Final = object()
"""What a text that is no JSON is parsed to."""
Leaf = tuple[tuple[str | int, ...], str, Any]
"""Path, kind and value; numbers of one value are one leaf, true and 1 are not."""


def parsed(text: str) -> Any:
    """The JSON value of a text, or `NOT_JSON`."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return NOT_JSON


def leaves(value: Any) -> frozenset[Leaf]:
    """Every leaf of a JSON value; equal values have equal leaves."""
    found: set[Leaf] = set()
    todo: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while todo:
        path, part = todo.pop()
        if isinstance(part, dict) and part:
            todo.extend(((*path, name), inner) for name, inner in part.items())
        elif isinstance(part, list) and part:
            todo.extend(((*path, index), inner) for index, inner in enumerate(part))
        else:
            found.add((path, *_scalar(part)))
    return frozenset(found)


def same_json(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal but for the order of keys and the form of numbers."""
    return leaves(left) == leaves(right)


def same_text(left: str, right: str) -> bool:
    """Whether two texts are the same observation: equal after trimming, or equal as JSON."""
    if left.strip() == right.strip():
        return True
    first, second = parsed(left), parsed(right)
    return first is not NOT_JSON and second is not NOT_JSON and same_json(first, second)


class Overlap(NamedTuple):
    """How the leaves of an answer agree with the real ones, each from 0 to 1."""

    precision: float
    recall: float
    f1: float


def overlap(real: Any, answered: Any) -> Overlap:
    """Precision, recall and F1 of the leaves of an answer; `NOT_JSON` has none."""
    expected = leaves(real)
    given = frozenset[Leaf]() if answered is NOT_JSON else leaves(answered)
    both = len(expected & given)
    return Overlap(both / len(given) if given else 0.0, both / len(expected), 2 * both / (len(expected) + len(given)))


@dataclass(frozen=True, slots=True)
class Score:
    """One answer beside the real one; None where a measure does not apply."""

    exact: bool
    leaves: Overlap | None
    status: bool
    code: bool | None
    error_text: bool | None
    declined: bool


def score(real: RecordedCall, answer: Observation | None) -> Score:
    """How an answer compares with what was recorded; None: it was declined."""
    expected = parsed(real.text)
    is_tree = isinstance(expected, dict | list)
    if answer is None:
        code = None if real.status is None else False
        nothing = Overlap(0.0, 0.0, 0.0) if is_tree else None
        return Score(False, nothing, False, code, False if real.is_error else None, True)
    text = _body(answer.text) if real.status is not None else answer.text
    given = parsed(text)
    found = overlap(expected, given) if is_tree else None
    is_same = _body(real.text).strip() == text.strip() if real.status is not None else real.text.strip() == text.strip()
    if not is_same and expected is not NOT_JSON and given is not NOT_JSON:
        is_same = found.f1 == 1.0 if found is not None else same_json(expected, given)
    status = real.is_error == answer.is_error
    code = None if real.status is None else real.status == answer.status
    return Score(
        exact=is_same and status and code is not False,
        leaves=found,
        status=status,
        code=code,
        error_text=is_same and answer.is_error if real.is_error else None,
        declined=False,
    )


def wilson(share: float, n: int) -> tuple[float, float]:
    """The interval of 95 % confidence of a share of n trials; everything where there were none.

    For a mean of values from 0 to 1 it is an upper bound of the width, because none varies more than a share.
    """
    if n == 0:
        return 0.0, 1.0
    z = _Z
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


@dataclass(slots=True)
class Tally:
    """What many scores come to."""

    calls: int = 0
    declined: int = 0
    _sums: dict[str, float] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, one: Score) -> None:
        """Take in one score."""
        self.calls += 1
        self.declined += one.declined
        self._add("exact", one.exact)
        self._add("status", one.status)
        if one.leaves is not None:
            self._add("leaf_f1", one.leaves.f1)
            self._add("leaf_precision", one.leaves.precision)
            self._add("leaf_recall", one.leaves.recall)
        if one.code is not None:
            self._add("code", one.code)
        if one.error_text is not None:
            self._add("error_text", one.error_text)

    def share(self, measure: str) -> float | None:
        """The mean of a measure, from 0 to 1; None where it applied to no call."""
        count = self.count(measure)
        return self._sums[measure] / count if count else None

    def count(self, measure: str) -> int:
        """To how many calls a measure applied."""
        return self.calls if measure == "declined" else self._counts.get(measure, 0)

    def summary(self) -> dict[str, Any]:
        """Shares, counts and intervals as plain JSON; the share of nothing is null."""
        shares: Mapping[str, float | None] = {
            **{measure: self.share(measure) for measure in MEASURES},
            "declined": self.declined / self.calls if self.calls else None,
        }
        return {
            "calls": self.calls,
            **shares,
            "counts": {measure: self.count(measure) for measure in MEASURES},
            "intervals": {
                measure: list(wilson(share, self.count(measure)))
                for measure, share in shares.items()
                if share is not None
            },
        }

    def _add(self, measure: str, value: float) -> None:
        self._sums[measure] = self._sums.get(measure, 0.0) + value
        self._counts[measure] = self._counts.get(measure, 0) + 1


MEASURES = ("exact", "leaf_f1", "leaf_precision", "leaf_recall", "status", "code", "error_text")


def _scalar(value: Any) -> tuple[str, Any]:
    match value:
        case bool():
            return "boolean", value
        case int() | float():
            return "number", value
        case str():
            return "text", value
        case None:
            return "null", None
        case dict():
            return "object", None
        case list() | tuple():
            return "list", None
    raise TypeError(f"{type(value).__name__} is no JSON")


def _body(text: str) -> str:
    """The body of a response: none at all and null are the same."""
    return "" if text.strip() == "null" else text


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
