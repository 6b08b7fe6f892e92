"""Learning from very many calls of one service: how long it takes, and how much memory."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tests.fidelity.measure import Run, run
from tests.fidelity.sets import MANY
from tests.fidelity.split import lines, unpacked

CALLS = 40_000


@dataclass
class Learning:
    """How many calls there were, and what learning from them took."""

    calls: int
    run: Run


def learning(data: Path, folder: Path, most: int = CALLS) -> Learning:
    """Learn from as many calls as there are, at most so many.

    Raises:
        Failed: the command failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    traces = folder / "calls.jsonl"
    with traces.open("wb") as file:
        found = [line for line, _ in islice((one for part in MANY for one in lines(part, data)), most)]
        file.writelines(found)
    rows = [word for name in MANY[0].rows for word in ("--data", str(unpacked(data / "databases" / name, folder)))]
    return Learning(
        len(found), run("learn", "--name", "twin", "--out", str(folder / "twin"), *rows, "--traces", str(traces))
    )
