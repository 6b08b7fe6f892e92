"""What was measured, as it is printed, and as it is kept: a page with links, and one file of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from tests.fidelity import aims, tables
from tests.fidelity.aims import Outcome
from tests.fidelity.definitions import Loaded
from tests.fidelity.learning import Learning
from tests.fidelity.measure import Failed, Measured
from tests.fidelity.page import page
from tests.fidelity.probe import Probe
from tests.fidelity.references import Agreement

Found = Measured | Loaded | Agreement | Learning | list[Probe]


@dataclass
class Report:
    """What was measured, which aims are reached, and what could not be run."""

    measured: list[Measured] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)
    learnings: list[Learning] = field(default_factory=list)
    others: list[Loaded | Agreement] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def take(self, found: Found) -> None:
        """Take in what one part came to."""
        match found:
            case Measured():
                self.measured.append(found)
                self.outcomes += aims.of_set(found)
            case Learning():
                self.learnings.append(found)
                self.outcomes += aims.of_learning(found)
            case Loaded():
                self.others.append(found)
                self.outcomes += aims.of_definitions(found)
            case Agreement():
                self.others.append(found)
                self.outcomes += aims.of_references(found)
            case _:
                self.probes += found

    def fail(self, name: str, error: BaseException) -> None:
        """Note that a part could not be run; the others are."""
        told = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        self.problems.append(f"{name}: {told}")
        self.outcomes += aims.not_measured(name)

    @property
    def is_fine(self) -> bool:
        """Whether everything ran, and every aim is reached."""
        return not self.problems and all(one.is_met for one in self.outcomes)

    def print(self, console: Console) -> None:
        """Every table, the aims last."""
        if self.measured:
            console.print(tables.splits(self.measured), tables.shares(self.measured))
        for table in self._tables():
            console.print(table)
        for problem in self.problems:
            console.print(problem, style="red", markup=False)

    def _tables(self) -> Iterable[Any]:
        by_family = tables.families(self.measured)
        yield from [] if by_family is None else [by_family]
        for one in self.others:
            yield tables.definitions(one) if isinstance(one, Loaded) else tables.references(one)
        yield from map(tables.learning, self.learnings)
        yield from [tables.probes(self.probes)] if self.probes else []
        yield from [tables.outcomes(self.outcomes)] if self.outcomes else []

    def write(self, folder: Path) -> Path:
        """`index.html` and `index.json` in a folder; gives the page."""
        shown = page(self.measured, self.probes, self.outcomes, folder)
        (folder / "index.html").write_text(shown, encoding="utf-8")
        numbers = {
            "aims": [{**asdict(one), "met": one.is_met} for one in self.outcomes],
            "sets": {one.set.name: _facts(one) for one in self.measured},
            "others": {type(one).__name__.lower(): asdict(one) for one in [*self.others, *self.learnings]},
            "probes": [asdict(one) for one in self.probes],
            "problems": self.problems,
        }
        options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
        (folder / "index.json").write_bytes(orjson.dumps(numbers, default=str, option=options))
        return folder / "index.html"


def _facts(one: Measured) -> dict[str, Any]:
    return {"split": asdict(one.split), "learned": asdict(one.learned), "numbers": one.numbers}
