"""The report for a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from mcp_sim.runner.report import Report
from mcp_sim.runner.reports import text
from tests.runner.reports.samples import FLOOD, multiplied


def printed(report: Report, *, encoding: str = "utf-8") -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    text(report, Console(file=file, width=160, legacy_windows=False))
    file.flush()
    file.seek(0)
    return file.read()


def block(shown: str, start: str) -> str:
    """The lines about one case."""
    return shown[shown.index(start) :].split("\n\n", maxsplit=1)[0]


def test_a_broken_clause_is_told_with_its_steps_their_arguments_and_answers(report: Report) -> None:
    told = printed(replace(report, results=report.results[1:2]))
    assert "broken   says how much  absence" in told
    assert "step 1 (refund_order) is refund_order where args.amount_cents is None, which may not come at all" in told
    assert "Without an amount, everything that is left is paid back." in told
    assert 'step 2  refund_order(order_id="ORD-00005", reason="damaged")  ->  {"id":"REF-00004"' in told
    assert "step 1  refund_order" in told
    assert "[flaky-503 (error)]" in told


def test_the_fault_ledger_stands_beside_the_clauses(report: Report) -> None:
    told = printed(replace(report, results=report.results[1:2]))
    assert "Fault ledger\n    step 1  refund_order: 503, owed to an injected fault: Service Unavailable" in told


def test_a_broken_should_is_a_warning(report: Report) -> None:
    told = block(printed(report), "FAILED  helpdesk/merge-the-holiday-tickets")
    assert "warning  merges before it tags  not_succession" in told


def test_a_case_without_a_fair_trial_says_why_and_what_the_agent_wrote(report: Report) -> None:
    told = block(printed(report), "ERROR  shop/cancel-unpaid-orders · calm · seed 0")
    assert "The agent ended with status 3 and never connected to http://127.0.0.1:41234" in told
    assert "ModuleNotFoundError: No module named 'agent'" in told


def test_the_table_tells_pass_at_k_and_pass_hat_k_with_intervals_by_contract_and_profile(report: Report) -> None:
    shown = printed(report)
    (flaky,) = (line for line in shown.splitlines() if "│ flaky" in line)
    assert "✗✗" in flaky
    assert "0 of 2" in flaky
    assert "0% (0% to 66%)" in flaky
    (whole,) = (line for line in shown.splitlines() if "2 of 4" in line)
    assert "50% (15% to 85%)" in whole
    assert "83% (28% to 98%)" in whole
    assert "17% (2% to 72%)" in whole


def test_trials_that_were_not_fair_count_for_nothing(report: Report) -> None:
    shown = printed(report)
    (calm,) = (line for line in shown.splitlines() if "│ calm" in line)
    assert "0 of 0, 1 without" in calm
    assert "too few trials" in calm


def test_the_last_line_counts(report: Report) -> None:
    assert printed(report).rstrip().endswith("3 passed, 3 failed, 1 without a fair trial of 7 cases in 12.5 s")


def test_cases_that_are_wrong_in_the_same_way_are_told_in_full_once(report: Report) -> None:
    shown = printed(multiplied(report, 70))
    assert shown.count("Without an amount, everything that is left is paid back.") == 1
    assert "And in short" in shown
    assert (
        "shop/refund-a-damaged-order · flaky · seed 7  4 of 12 clauses are broken: the blankets are paid back" in shown
    )


def test_a_thousand_cases_are_a_text_that_a_person_scrolls_through(report: Report) -> None:
    assert len(printed(multiplied(report, 1000)).splitlines()) < 350


def test_a_console_without_unicode_gets_letters(report: Report) -> None:
    (flaky,) = (line for line in printed(report, encoding="ascii").splitlines() if " flaky " in line and "of 2" in line)
    assert " FF " in flaky


def test_texts_can_neither_command_the_terminal_nor_flood_it(hostile: Report) -> None:
    shown = printed(hostile)
    assert set(map(ord, shown)).isdisjoint({0, 7, 27, 0x202E, 0xD800})
    assert "\\x1b[31mred" in shown
    assert len(shown) < len(FLOOD) / 100


def test_square_brackets_are_no_markup(report: Report) -> None:
    result = report.results[0]
    odd = replace(result, told="[bold]odd[/bold] [/]", trouble="hung")
    assert "[bold]odd[/bold] [/]" in printed(replace(report, agent="[red]x", results=(odd,)))


def test_a_run_without_cases_is_told_as_such(report: Report) -> None:
    assert "no cases of 0 cases" in printed(replace(report, results=()))


@pytest.mark.parametrize("k", [1, 5])
def test_k_may_be_one_or_more_than_there_are_trials(report: Report, k: int) -> None:
    shown = printed(replace(report, k=k))
    assert ("pass^5" in shown) == (k == 5)
    assert "pass@1" in shown
