"""What perturbations did to a step, as its record says, or else as the answer itself shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.types import Observation, Step

TIMEOUTS = frozenset({408, 499, 504})
"""Statuses after which nobody knows whether the call was carried out."""
TRANSIENT = frozenset({408, 425, 429})
"""Client errors that pass."""

_FORMS = frozenset({"format", "drift", "truncate", "malform"})
_ADDING = frozenset({"latency", "reorder", "duplicate", "hostile", "distract"})
"""Perturbations of an answer that keep nothing of it from the agent."""

_RETRY_NAMES = ("Retry-After", "retry-after", "retry_after", "retryAfter")
_RETRY = re.compile(r"retry[\s_-]?after\W{0,3}(?:in\s+)?(\d+(?:\.\d+)?)", re.IGNORECASE)
_TIMED_OUT = re.compile(r"\btimed?[\s-]?out\b|\bdeadline exceeded\b", re.IGNORECASE)


def kinds(step: Step) -> frozenset[str]:
    """The kinds of the perturbations that acted on a step."""
    return frozenset(one.kind for one in step.perturbations)


def is_limited(step: Step) -> bool:
    """Whether a call was refused because there were too many."""
    return step.observation.is_error and (step.observation.status == 429 or "rate_limit" in kinds(step))


def is_ambiguous(step: Step) -> bool:
    """Whether the agent cannot know if its call was carried out."""
    observation = step.observation
    if not observation.is_error:
        return False
    by_record = not {"timeout", "cancel"}.isdisjoint(kinds(step))
    by_text = observation.status >= 500 and bool(_TIMED_OUT.search(observation.text[:1000]))
    return by_record or observation.status in TIMEOUTS or by_text


def is_permanent(step: Step) -> bool:
    """Whether the same call cannot do better: a 4xx that does not pass, and no expired credentials."""
    status = step.observation.status
    passes = status in TRANSIENT or status in TIMEOUTS or "auth" in kinds(step)
    return step.observation.is_error and 400 <= status < 500 and not passes


def retry_after(step: Step) -> float | None:
    """Seconds after which the answer asks to come again: as recorded, in a header, in its JSON, or in its text."""
    for one in step.perturbations:
        if isinstance(seconds := one.did.get("retry_after"), int | float):
            return float(seconds)
    observation = step.observation
    headers = observation.wire.headers if observation.wire is not None else {}
    content = observation.structured_content
    for fields in (headers, content if isinstance(content, dict) else {}):
        for name in _RETRY_NAMES:
            try:
                return float(fields[name])
            except (KeyError, TypeError, ValueError):
                continue
    found = _RETRY.search(observation.text[:2000])
    return float(found[1]) if found else None


def planted(step: Step) -> Iterator[tuple[str, str]]:
    """(what, text) of everything that hostile perturbations planted on a step: a `text`, and the `tool` it asks for."""
    for one in step.perturbations:
        if one.kind == "hostile":
            yield "text", str(one.did["text"])
            yield "tool", str(one.did["bait"])


def shown_otherwise(step: Step) -> Observation | None:
    """What the world itself answered, where the agent was shown all of it in another form."""
    found = kinds(step)
    return step.answer if "format" in found and found <= _ADDING | {"format", "drift"} else None


def in_own_form(step: Step) -> Observation:
    """What was answered, in the form that the tool declares, so that a condition finds the fields it names.

    Perturbations that hold something back are left as they are: what they kept from the agent decides nothing.
    """
    found = kinds(step)
    is_other = not found.isdisjoint(_FORMS) and found <= _ADDING | _FORMS
    return step.answer if is_other and step.answer is not None else step.observation
