"""Which processes came from which, read from /proc."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def descendants(ancestor: int) -> set[int]:
    """Everything that this process started, and that they started, as far as it still runs."""
    parents = {pid: found[1] for pid, found in _running().items()}
    found: set[int] = set()
    while more := {pid for pid, parent in parents.items() if parent in {ancestor, *found}} - found:
        found |= more
    return found


def running(pids: set[int]) -> set[int]:
    """Those that have not ended; what waits to be reaped has."""
    return {pid for pid, (state, _) in _running().items() if pid in pids and state != "Z"}


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Return as soon as it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.02)


def _running() -> dict[int, tuple[str, int]]:
    """State and parent of every process."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = file.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[int(file.parent.name)] = (state, int(parent))
    return found
