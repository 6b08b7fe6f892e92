"""How a run goes on: a live bar on a terminal, a plain line for every case otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from mcp_sim.cli.output import notices
from mcp_sim.runner import Case, CaseResult, Watcher


@contextmanager
def watching(total: int) -> Iterator[Watcher]:
    """Show how a run of so many cases goes on, on stderr."""
    if not notices.is_terminal:
        yield Lines(total)
        return
    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=notices, transient=True) as progress:
        yield Bar(progress, total)


class Lines:
    """A line for every case that has ended."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._ended = 0

    def began(self, case: Case) -> None:
        """Nothing to tell yet."""

    def ended(self, result: CaseResult) -> None:
        """Tell what it came to."""
        self._ended += 1
        line = f"[{self._ended}/{self._total}] {result.outcome:6} {result.case.name} ({_cost(result)})"
        told = f": {result.told}" if result.told else ""
        notices.out(line + told, highlight=False)


class Bar:
    """A bar, what it came to so far, and how many are running."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total)
        self._counts: Counter[str] = Counter()
        self._running = 0

    def began(self, _: Case) -> None:
        """Count it among those that run."""
        self._running += 1
        self._show()

    def ended(self, result: CaseResult) -> None:
        """Count it, and tell above the bar what did not pass."""
        self._running -= 1
        self._counts[result.outcome] += 1
        self._progress.advance(self._task)
        if result.outcome != "passed":
            told = f": {result.told}" if result.told else ""
            colour = "yellow" if result.outcome == "error" else "red"
            line = f"[{colour}]{result.outcome}[/] {escape(result.case.name)} ({_cost(result)}){escape(told)}"
            self._progress.console.print(line, highlight=False, soft_wrap=True)
        self._show()

    def _show(self) -> None:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self._counts.items())
        running = f"{self._running} running"
        self._progress.update(self._task, description=", ".join(filter(None, [counts, running])))


def _cost(result: CaseResult) -> str:
    count = len(result.trace.steps)
    return f"{count} call{'' if count == 1 else 's'}, {result.seconds:.1f} s"
