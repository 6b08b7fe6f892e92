"""What was measured, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from mcp_sim.fidelity import wilson
from tests.fidelity.aims import Outcome
from tests.fidelity.definitions import Loaded
from tests.fidelity.learning import Learning
from tests.fidelity.measure import Measured
from tests.fidelity.probe import Probe
from tests.fidelity.references import Agreement

SLICES = {
    "": "all calls",
    "reads": "reads",
    "writes": "writes",
    "successful_writes": "successful writes",
    "changed_reads": "reads of changed state",
    "unseen_arguments": "arguments never seen",
}


def splits(found: Sequence[Measured]) -> Table:
    """Who taught and who judges, and what learning took."""
    table = _table("The splits, by task or family of tasks, and what learning took")
    table.add_column("set")
    for side in ("taught by", "judged by"):
        for what in ("calls", "runs", "families"):
            table.add_column(f"{side}\n{what}", justify="right")
    for what in ("left out", "seconds", "of CPU", "MiB"):
        table.add_column(what, justify="right")
    for one in found:
        sides = [one.split.taught, one.split.judged]
        counts = [f"{n:,}" for side in sides for n in (side.calls, side.trajectories, side.families)]
        left_out = f"{one.split.left_out:,}" if one.split.left_out else ""
        took = f"{one.learned.seconds:.0f}", f"{one.learned.processor:.0f}", f"{one.learned.memory:,}"
        table.add_row(one.set.name, *counts, left_out, *took)
    return table


def shares(found: Sequence[Measured]) -> Table:
    """How many answers are exact, slice by slice, in both modes."""
    table = _table("Exact answers, with intervals of 95 % confidence")
    table.add_column("set")
    table.add_column("calls of")
    table.add_column("calls", justify="right")
    for mode in ("teacher-forced", "closed loop"):
        table.add_column(mode, justify="right")
        table.add_column("95 %", justify="right", style="dim")
    for what in ("status", "HTTP", "err. text", "leaf F1", "declined"):
        table.add_column(f"{what}\nforced", justify="right")
    for one in found:
        for part, shown in SLICES.items():
            forced, closed = (slice_of(one.numbers[mode], part) for mode in ("teacher_forced", "closed_loop"))
            if not forced.get("calls"):
                continue
            cells = [f"{forced['calls']:,}"]
            for numbers in (forced, closed):
                cells += [percent(numbers["exact"]), _interval(numbers["exact"], numbers["calls"])]
            cells += [percent(forced[measure]) for measure in ("status", "code", "error_text", "leaf_f1", "declined")]
            table.add_row(
                "" if part else one.set.name, shown, *cells, end_section=shown == "", style="" if part else "bold"
            )
        table.add_section()
    return table


def families(found: Sequence[Measured]) -> Table | None:
    """Exact answers of families of tools, where the names of tools tell them; None where none do."""
    table = _table("Families of tools, by what stands before the point in their names")
    table.add_column("set")
    table.add_column("family")
    for what in ("calls", "teacher-forced", "95 %", "closed loop", "95 %"):
        table.add_column(what, justify="right", style="dim" if "%" in what else None)
    for one in found:
        names = {tool.partition(".")[0] for tool in one.numbers["teacher_forced"]["by_tool"] if "." in tool}
        for family in sorted(names):
            calls, forced = _family(one.numbers["teacher_forced"]["by_tool"], family)
            _, closed = _family(one.numbers["closed_loop"]["by_tool"], family)
            cells = [cell for share in (forced, closed) for cell in (percent(share), _interval(share, calls))]
            table.add_row(one.set.name, family, f"{calls:,}", *cells)
    return table if table.row_count else None


def _family(by_tool: dict[str, Any], family: str) -> tuple[int, float]:
    """(calls, share of exact answers) of the tools of one family."""
    of = [numbers for tool, numbers in by_tool.items() if tool.startswith(f"{family}.")]
    calls = sum(numbers["calls"] for numbers in of)
    return calls, sum(numbers["calls"] * numbers["exact"] for numbers in of) / calls


def slice_of(numbers: dict[str, Any], part: str) -> dict[str, Any]:
    """The numbers of one slice; all of them where it has no name."""
    found: dict[str, Any] = numbers.get(part, {}) if part else numbers
    return found


def percent(share: float | None) -> str:
    """A share as people read it."""
    return "–" if share is None else f"{share:.1%}"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))


def definitions(found: Loaded) -> Table:
    """What became of real definitions of tools."""
    table = _table("Real definitions of tools")
    for what in ("loaded", "set aside", "share"):
        table.add_column(what, justify="right")
    table.add_column("the rules that they break", overflow="fold")
    rules = "\n".join(f"{count:,} × {rule}" for rule, count in list(found.rules.items())[:8])
    table.add_row(f"{found.loaded:,}", f"{found.set_aside:,}", percent(found.share), rules)
    return table


def references(found: Agreement) -> Table:
    """How inferred references agree with labelled ones."""
    table = _table("References of a spec, beside those that it labels")
    for what in ("right", "wrong", "missed", "precision", "95 %", "recall", "95 %"):
        table.add_column(what, justify="right")
    pairs = [(found.precision, found.right + found.wrong), (found.recall, found.right + found.wrong + found.missed)]
    cells = [cell for share, of in pairs for cell in (percent(share), _interval(share, of))]
    table.add_row(*map(str, (found.right, found.wrong, found.missed)), *cells)
    return table


def learning(found: Learning) -> Table:
    """What learning from very many calls took."""
    table = _table("Learning from very many calls")
    for what in ("calls", "seconds", "of CPU", "MiB"):
        table.add_column(what, justify="right")
    run = found.run
    table.add_row(f"{found.calls:,}", f"{run.seconds:.0f}", f"{run.processor:.0f}", f"{run.memory:,}")
    return table


def outcomes(found: Sequence[Outcome]) -> Table:
    """The aims, met or missed by how much."""
    table = _table("The aims")
    for what in ("set", "what"):
        table.add_column(what)
    for what in ("aim", "reached", "95 %"):
        table.add_column(what, justify="right", style="dim" if "%" in what else None)
    table.add_column("")
    for one in found:
        verdict = "met" if one.is_met else f"missed: {one.missed_by}"
        table.add_row(one.set, one.what, one.aim, one.found, one.interval, verdict, style="" if one.is_met else "red")
    return table


def probes(found: Sequence[Probe]) -> Table:
    """Rows told rightly after writes that nobody recorded."""
    table = _table("Hidden side effects of a fictional ferry line, probed with generated calls: rows told rightly")
    table.add_column("the recorded client\nasked after a write")
    for writes in found[0].right:
        table.add_column(f"after {writes}\n{'write' if writes == 1 else 'writes'}", justify="right")
        table.add_column("95 %", justify="right", style="dim")
    table.add_column("answers to\nthe writes", justify="right")
    for one in found:
        cells = [cell for right, of in one.right.values() for cell in (percent(right / of), _interval(right / of, of))]
        table.add_row(percent(one.candour), *cells, percent(one.answers[0] / one.answers[1]))
    return table


def _interval(share: float, of: int) -> str:
    low, high = wilson(share, of)
    return f"{low * 100:.0f}–{high * 100:.0f}"
