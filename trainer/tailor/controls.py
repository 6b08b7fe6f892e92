"""Controls: as many turns as a filter takes out, or turns of as many characters, by chance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trainer.tailor.classes import draw

Weighed = tuple[str, str, str, int]
"""Event, the filter that takes it out or nothing, source, characters."""


def control(found: Iterable[Weighed], name: str, kind: str, seed: int) -> list[str]:
    """The events of a control for one filter, of each source as many (`random`) or as much (`tokens`) as it takes out.

    They are drawn from all events of the source that no other filter takes out, each by its own id.
    """
    by_source: dict[str, list[Weighed]] = {}
    for one in found:
        if one[1] in ("", name):
            by_source.setdefault(one[2], []).append(one)
    return [event for source in sorted(by_source) for event in _drawn(by_source[source], name, kind, seed)]


def _drawn(found: list[Weighed], name: str, kind: str, seed: int) -> list[str]:
    lost = [one for one in found if one[1] == name]
    wanted = sum(one[3] for one in lost) if kind == "tokens" else len(lost)
    ordered = sorted(found, key=lambda one: (draw(f"{seed}:control:{name}:{one[0]}"), one[0]))
    chosen, have = [], 0
    for event, _, _, characters in ordered:
        own = characters if kind == "tokens" else 1
        if have + own <= wanted:
            chosen.append(event)
            have += own
    return chosen


def summary(found: list[Weighed], names: Iterable[str], seed: int) -> dict[str, Any]:
    """What each filter takes out, and both controls of the same size."""
    return {
        name: {
            "taken_out": sorted(one[0] for one in found if one[1] == name),
            "random": control(found, name, "random", seed),
            "tokens": control(found, name, "tokens", seed),
        }
        for name in names
        if any(one[1] == name for one in found)
    }
