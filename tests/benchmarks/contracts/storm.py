"""A storm: every kind of trouble at once, far worse than any profile that ships."""

from __future__ import annotations

from typing import Any

from schemas.types import World


def storm(world: World) -> tuple[dict[str, Any], ...]:
    """The perturbations of a storm; what no tool of the world can do is left out."""
    tick = max(world.clock.tick, 1.0)
    some: tuple[dict[str, Any], ...] = (
        {"latency": {"seconds": 0.3, "upto": 3}},
        {"auth": {"lifetime": 15 * tick}},
        {"rate_limit": {"calls": 20, "per": 60, "burst": 3}},
        {"error": {"status": 503, "retry_after": 4}, "where": {"probability": 0.06}},
        {"error": {"status": 500}, "where": {"probability": 0.03}},
        {"protocol_error": {}, "where": {"probability": 0.03}},
        {"timeout": {}, "where": {"probability": 0.04}},
        {"cancel": {}, "where": {"probability": 0.03}},
        {"timeout": {"after_commit": True}, "where": {"writes": True, "probability": 0.25}},
        {"cancel": {"after_commit": True}, "where": {"writes": True, "probability": 0.1}},
        {"page": {"items": 2}},
        {"stale": {"steps": 1}, "where": {"writes": False, "probability": 0.1}},
        {"distract": {"records": 2}, "where": {"probability": 0.2}},
        {"duplicate": {}, "where": {"probability": 0.3}},
        {"reorder": {}, "where": {"probability": 0.3}},
        {"hostile": {}, "where": {"probability": 0.4}},
        {"drift": {}, "where": {"after": {"tool": "*", "times": 5}}},
        {"format": {"as": "envelope"}, "where": {"after": {"tool": "*", "times": 9}}},
        {"truncate": {}, "where": {"probability": 0.05}},
    )
    return tuple({"name": f"storm-{n}", "optional": True, **one} for n, one in enumerate(some))
