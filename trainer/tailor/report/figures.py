"""The numbers of a manifest, as pictures and tables show them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from trainer.tailor.classes import PRECEDENCE
from trainer.tailor.statistics import BOUNDS

MOST = 24
"""Domains that are shown by name; the others are put together."""
OTHERS = "all others"
Shares = dict[str, dict[str, float]]
"""Shares from 0 to 1: what is shown in rows, by what it consists of."""


def largest(events: dict[str, int]) -> dict[str, str]:
    """As what each domain is shown: by its name if it is one of the largest."""
    first = sorted(events, key=lambda name: (-events[name], name))[:MOST]
    return {name: name if name in first else OTHERS for name in events}


def class_shares(counts: dict[str, Any]) -> Shares:
    """The share of each class of turns, by domain."""
    shown = largest(counts["events"])
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for place, count in counts["classes"].items():
        domain, _, name = place.rpartition("\t")
        found[shown[domain]][name] += count
    return {
        domain: {name: own[name] / own.total() for name in PRECEDENCE if own[name]}
        for domain, own in sorted(found.items(), key=lambda part: -part[1].total())
    }


def error_rates(counts: dict[str, Any]) -> dict[str, float]:
    """The share of errors, by domain."""
    shown = largest(counts["events"])
    events, errors = Counter[str](), Counter[str]()
    for domain, count in counts["events"].items():
        events[shown[domain]] += count
        errors[shown[domain]] += counts["errors"].get(domain, 0)
    return {domain: errors[domain] / count for domain, count in events.most_common()}


def lengths(counts: dict[str, Any]) -> dict[str, int]:
    """How many observations are at most so long."""
    names = [*(str(bound) for bound in BOUNDS), "more"]
    return {name: counts["lengths"].get(name, 0) for name in names}


def losses(counts: dict[str, Any]) -> dict[str, int]:
    """How many turns each filter takes out."""
    found = Counter[str]()
    for place, count in counts["losses"].items():
        found[place.partition("\t")[2]] += count
    return dict(found.most_common())


def coverage(manifest: dict[str, Any]) -> Shares:
    """The share of each intent in the records of each domain, whose name tells how many those are."""
    shown = largest(manifest["counts"]["events"])
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for split in manifest["records"].values():
        for place, count in split["intents_by_domain"].items():
            domain, _, intent = place.rpartition("\t")
            found[shown.get(domain, OTHERS)][intent] += count
    ordered = sorted(found.items(), key=lambda part: -part[1].total())
    return {
        f"{domain} ({own.total()})": {name: own[name] / own.total() for name in sorted(own)} for domain, own in ordered
    }
