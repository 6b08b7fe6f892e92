"""What was measured as one page, with a picture of every set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcp_sim import pages
from mcp_sim.fidelity import wilson
from tests.fidelity.aims import Outcome
from tests.fidelity.measure import Measured
from tests.fidelity.probe import Probe
from tests.fidelity.tables import SLICES, slice_of

_FOLDER = Path(__file__).parent / "page"
_DRAWN = [
    ("teacher_forced", ""),
    ("closed_loop", ""),
    ("teacher_forced", "successful_writes"),
    ("closed_loop", "changed_reads"),
    ("teacher_forced", "unseen_arguments"),
]


def page(found: Sequence[Measured], probes: Sequence[Probe], outcomes: Sequence[Outcome], folder: Path) -> str:
    """The page; the reports of the sets are linked to, relative to `folder`."""
    return pages.template(_FOLDER).render(
        sets=[_set(one, folder) for one in found],
        probes=list(probes),
        outcomes=list(outcomes),
        style=pages.part(_FOLDER, "page.css"),
    )


def _set(one: Measured, folder: Path) -> dict[str, Any]:
    bars = [bar for mode, part in _DRAWN if (bar := _bar(one, mode, part))]
    links = [("what was learned", one.page.parent / "twin" / "report.html"), ("what is wrong", one.page)]
    return {
        "name": one.set.name,
        "calls": one.numbers["teacher_forced"]["calls"],
        "bars": bars,
        "taught": f"{one.split.taught.calls:,} calls" + (" and its spec" if one.split.spec is not None else ""),
        "seconds": one.learned.seconds,
        "memory": one.learned.memory,
        "links": [(label, os.path.relpath(path, folder)) for label, path in links],
    }


def _bar(one: Measured, mode: str, part: str) -> dict[str, Any] | None:
    numbers = slice_of(one.numbers[mode], part)
    if not numbers.get("calls"):
        return None
    low, high = wilson(numbers["exact"], numbers["calls"])
    aims = [aim.least for aim in one.set.aims if (aim.mode, aim.measure, aim.part) == (mode, "exact", part)]
    return {
        "label": SLICES[part],
        "tone": "f" if mode == "teacher_forced" else "c",
        "calls": numbers["calls"],
        "share": numbers["exact"],
        "low": low,
        "high": high,
        "aim": aims[0] if aims else None,
    }
