"""A report for a terminal: how often the agent kept each contract, and where it did not."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO, TextIOWrapper

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mcp_sim.runner.reliability import Estimate
from mcp_sim.runner.report import CaseResult, Outcome, Report
from mcp_sim.runner.reports.findings import (
    SHOWN,
    Found,
    Trials,
    broken,
    by_contract,
    by_profile,
    contract_name,
    deciding_steps,
    headline,
    some,
)
from mcp_sim.runner.reports.words import acted, answered, brief, called, owed, printable, shortened
from schemas.types import Blame, Step

_DETAILED = 12
"""How many cases are told in full, each wrong in a way of its own; of the others, one line each."""
_LISTED = 100
_OUTPUT = 1000
"""How many characters of what an agent wrote, where there was no fair trial."""
_STYLES: dict[Outcome, str] = {"passed": "green", "failed": "red", "error": "yellow"}
_MARKS: dict[Outcome, str] = {"passed": "✓", "failed": "✗", "error": "!"}
_PLAIN: dict[Outcome, str] = {"passed": ".", "failed": "F", "error": "E"}
_BLAMES: dict[Blame, str] = {"agent": "red", "fault": "yellow", "simulator": "magenta"}


def text(report: Report, console: Console) -> None:
    """Print a report. What the console has no character for is spelled out."""
    if not console.options.ascii_only:
        _print(report, console)
        return
    plain = TextIOWrapper(BytesIO(), console.encoding, errors="backslashreplace", write_through=True)
    _print(report, Console(file=plain, width=console.width, color_system=None))
    plain.seek(0)
    console.out(plain.read(), highlight=False, end="")


def _print(report: Report, console: Console) -> None:
    console.print(_trials(report, _PLAIN if console.options.ascii_only else _MARKS))
    wrong = [result for result in report.results if result.outcome != "passed" or broken(result.verdict)]
    in_full = _examples(wrong)
    for result in in_full:
        for line in _details(result):
            console.print(line, soft_wrap=True, highlight=False)
    told = {id(result) for result in in_full}
    rest = [result for result in wrong if id(result) not in told]
    if rest:
        console.print(Text("\nAnd in short", style="bold"))
    for result in rest[:_LISTED]:
        line = Text.assemble((f"  {result.case.name}", _STYLES[result.outcome]), "  ", brief(headline(result), 300))
        console.print(line, soft_wrap=True)
    if len(rest) > _LISTED:
        console.print(f"  and {len(rest) - _LISTED} more cases", highlight=False)
    console.print(_sum(report), soft_wrap=True)


def _examples(wrong: list[CaseResult]) -> list[CaseResult]:
    """One case for each way to be wrong, those that passed with a warning last."""
    kinds: dict[tuple[str, ...], CaseResult] = {}
    for result in sorted(wrong, key=lambda result: result.outcome == "passed"):
        clauses = (found.clause.clause for found in broken(result.verdict))
        kinds.setdefault((contract_name(result), result.trouble or "", *clauses), result)
    return list(kinds.values())[:_DETAILED]


def _trials(report: Report, marks: dict[Outcome, str]) -> Table:
    table = Table(title=Text(f"Agent: {brief(report.agent, 200)}"), title_justify="left", title_style="bold")
    k = report.k
    for name in ("contract", "profile", "seeds", "passed", "pass@1", *((f"pass@{k}", f"pass^{k}") if k > 1 else ())):
        table.add_column(name, justify="right" if name == "passed" else "left")
    for trials in by_contract(report):
        apart = by_profile(trials)
        for number, part in enumerate(apart):
            table.add_row(trials.contract if number == 0 else "", Text(part.profile or ""), *_row(part, k, marks))
        if len(apart) > 1:
            table.add_row("", "all of them", *_row(trials, k, None), style="bold")
        table.add_section()
    return table


def _row(trials: Trials, k: int, marks: dict[Outcome, str] | None) -> Iterator[Text | str]:
    yield (
        Text()
        if marks is None
        else Text("").join(Text(marks[result.outcome], _STYLES[result.outcome]) for result in trials.results)
    )
    found = trials.reliability
    errors = f", {trials.errors} without a fair trial" if trials.errors else ""
    yield f"{found.passed} of {found.trials}{errors}"
    yield _shown(found.every_one(1))
    if k > 1:
        yield _shown(found.at_least_one(k))
        yield _shown(found.every_one(k))


def _shown(found: Estimate | None) -> str:
    if found is None:
        return "too few trials"
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%})"


def _details(result: CaseResult) -> Iterator[Text]:
    name = Text(f"\n{result.outcome.upper()}  {result.case.name}", style=f"bold {_STYLES[result.outcome]}")
    yield name
    if result.told:
        yield Text(f"  {printable(result.told)}")
    for found in broken(result.verdict):
        yield from _clause(found)
    steps = deciding_steps(result.verdict, result.trace)
    yield from _listed("The steps that decide it", [_step(step) for step in steps])
    ledger = result.verdict.ledger if result.verdict else ()
    yield from _listed("Fault ledger", [Text(owed(entry), style=_BLAMES[entry.blame]) for entry in ledger])
    if result.outcome == "error" and result.output:
        yield Text("  The agent wrote", style="bold")
        yield from (Text(f"    {line}", style="dim") for line in shortened(result.output, _OUTPUT).splitlines())


def _clause(found: Found) -> Iterator[Text]:
    must = found.clause.severity == "must"
    mark = ("broken ", "bold red") if must else ("warning", "bold yellow")
    yield Text.assemble("  ", mark, "  ", (printable(found.clause.clause), "bold"), (f"  {found.clause.verb}", "dim"))
    for line in some(f"    {brief(failure.message, 500)}" for failure in found.failures):
        yield Text(line)
    if found.clause.why:
        yield Text(f"    {printable(found.clause.why)}", style="italic dim")


def _listed(title: str, lines: list[Text]) -> Iterator[Text]:
    if lines:
        yield Text(f"  {title}", style="bold")
    for line in lines[:SHOWN]:
        yield Text("    ").append_text(line)
    if len(lines) > SHOWN:
        yield Text(f"    and {len(lines) - SHOWN} more", style="dim")


def _step(step: Step) -> Text:
    line = Text.assemble((f"step {step.n}", "cyan"), "  ", called(step.call))
    if step.call.waited:
        line.append(f"  after waiting {step.call.waited:g} s", "dim")
    line.append("  ->  ").append(answered(step.observation), "red" if step.observation.is_error else "green")
    if step.perturbations:
        line.append(f"  [{', '.join(brief(acted(one), 80) for one in step.perturbations)}]", "yellow")
    return line


def _sum(report: Report) -> Text:
    outcomes = [result.outcome for result in report.results]
    counts: dict[Outcome, str] = {"passed": "passed", "failed": "failed", "error": "without a fair trial"}
    line = Text("\n")
    parts = [Text(f"{outcomes.count(one)} {said}", _STYLES[one]) for one, said in counts.items() if one in outcomes]
    line.append_text(Text(", ").join(parts or [Text("no cases")]))
    count = "1 case" if len(outcomes) == 1 else f"{len(outcomes)} cases"
    return line.append(f" of {count} in {report.seconds:.1f} s", "dim")
