"""The five dimensions, and what they come to where no judge is asked: worked out from the real answer and the rows."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mcp_sim.fidelity import Leaf
from trainer.rewards.classes import likeness, match
from trainer.rewards.rules import contradictions, unexcused
from trainer.rewards.target import Reading, Target

DIMENSIONS = ("format", "factuality", "consistency", "realism", "quality")
LEAST, MOST = 1, 5
Scores = Mapping[str, int]
"""A whole number from 1 to 5 for each dimension."""

_LONG, _SHORT = 2.0, 0.5
"""Lengths beside the real one that a reader would wonder at."""
_ROOM = 80
"""Characters by which any answer may differ in length."""
_PLACEHOLDER = re.compile(
    r"lorem ipsum|\b(todo|tbd|placeholder|foo|bar|n/a|string|example value)\b|^\.\.\.$", re.IGNORECASE
)


def total(scores: Scores) -> float:
    """The rubric as one number from 5 to 25."""
    return 5 * sum(scores[name] for name in DIMENSIONS) / len(DIMENSIONS)


def rubric(target: Target, reading: Reading) -> dict[str, int]:
    """What each dimension comes to without a judge.

    The full 5 everywhere is for the real answer alone, whatever the order of its fields; an answer that differs only
    where nobody could know better loses one point, in quality.
    """
    return {
        "format": _format(target, reading),
        "factuality": _factuality(target, reading),
        "consistency": _consistency(target, reading),
        "realism": _realism(target, reading),
        "quality": _quality(target, reading),
    }


def grade(share: float) -> int:
    """A share from 0 to 1 as a whole number from 1 to 5; 5 for all of it alone."""
    return MOST if share >= 1 else LEAST + min(int(share * 4), 3)


def _format(target: Target, reading: Reading) -> int:
    """Types and names of fields, whatever they hold; no talk around."""
    gold = target.gold
    if isinstance(gold.value, dict | list) != isinstance(reading.value, dict | list):
        return LEAST
    wanted, given = _form(gold), _form(reading)
    found = grade(2 * len(wanted & given) / (len(wanted) + len(given)))
    tool = target.tool
    breaks = tool is not None and tool.output is not None and not reading.is_error
    if breaks and tool is not None and tool.output is not None:
        is_real = gold.is_error or tool.output.holds(gold.said.observation)
        found = min(found, 3) if is_real and not tool.output.holds(reading.said.observation) else found
    return found if reading.bare or not gold.bare else min(found, 4)


def _factuality(target: Target, reading: Reading) -> int:
    gold = target.gold
    if gold.is_error != reading.is_error:
        return LEAST
    if isinstance(gold.value, dict | list) and isinstance(reading.value, dict | list):
        return grade(match(target, reading).f1)
    return grade(likeness(gold.text, reading.text))


def _consistency(target: Target, reading: Reading) -> int:
    """With the rows in view, and with what the answer itself changes."""
    wrong, shown = contradictions(target, reading)
    found = grade(1 - wrong / shown) if shown else MOST
    if reading.is_error != target.gold.is_error:
        found = min(found, 2)
    return min(found, 2) if unexcused(target, reading) else found


def _realism(target: Target, reading: Reading) -> int:
    """What such a service would say: no echo of the call, no failure without a reason, nothing too long or short."""
    if reading.is_error != target.gold.is_error:
        return 2
    mine, real = len(reading.text), len(target.gold.text)
    asked = target.arguments
    if reading.value in (asked, {"name": target.record.facts.get("tool"), "arguments": asked}):
        return MOST if reading.value == target.gold.value else LEAST
    found = MOST
    if mine > _LONG * real + _ROOM or mine < _SHORT * real - _ROOM:
        found = 3
    if _PLACEHOLDER.search(reading.text) and not _PLACEHOLDER.search(target.gold.text):
        found = min(found, 3)
    if not reading.bare and target.gold.bare:
        found = min(found, 3)
    return found


def _quality(target: Target, reading: Reading) -> int:
    """Nothing missing, nothing too much, everything as it is."""
    gold = target.gold
    if gold.leaves == reading.leaves and gold.is_error == reading.is_error:
        return MOST if reading.bare or not gold.bare else 4
    if not isinstance(gold.value, dict | list) or not isinstance(reading.value, dict | list):
        return min(grade(likeness(gold.text, reading.text)), 4)
    found = match(target, reading)
    return min(grade(min(found.precision, found.recall)), 4)


def _form(reading: Reading) -> set[tuple[tuple[str, ...], str]]:
    """The paths of an answer, places in lists left open, each with the kind of what stands there."""
    return {_open(leaf) for leaf in reading.leaves}


def _open(leaf: Leaf) -> tuple[tuple[str, ...], str]:
    path, kind, _ = leaf
    return tuple("*" if isinstance(part, int) else part for part in path), kind
