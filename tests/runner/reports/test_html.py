"""The report as a web page, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from mcp_sim.runner.report import Report
from mcp_sim.runner.reports import html
from tests.runner.reports.browser import Window, chromium
from tests.runner.reports.samples import FLOOD, flooded, multiplied

Open = Callable[..., Window]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def files(report: Report, hostile: Report, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    several = {
        "report": report,
        "hostile": hostile,
        "flooded": flooded(report, 10_000),
        "thousand": multiplied(report, 1000),
        "empty": Report(report.agent, report.version, report.started, 0.0, 2, ()),
    }
    for name, one in several.items():
        (folder / f"{name}.html").write_text(html(one), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in several}


@pytest.fixture(scope="module")
def browser(files: dict[str, Path]) -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Window:
    return Window(browser)


@pytest.fixture
def opened(browser: Browser, desk: Window, files: dict[str, Path]) -> Iterator[Open]:
    """Opens a report; in the end, it may neither have complained nor asked for anything but itself."""
    windows: list[Window] = []

    def open_it(name: str = "report", **context: Any) -> Window:
        windows.append(Window(browser, **context) if context else desk)
        windows[-1].open(files[name])
        return windows[-1]

    yield open_it
    for window in windows:
        assert window.complaints == []
        assert {url.split("#")[0] for url in window.requests} <= {path.as_uri() for path in files.values()}


def link(one: Window, title: str, profile: str, seed: int) -> Locator:
    """A case in the list."""
    item = one.page.locator("#list a").filter(has_text=title)
    return item.filter(has_text=re.compile(rf"{re.escape(profile)}\s*seed {seed} "))


def test_the_page_opens_with_its_worst_case_and_says_how_the_run_went(opened: Open) -> None:
    page = opened().page
    expect(page.locator("h1")).to_have_text("3 of 7 cases failed")
    expect(page.locator(".agent")).to_contain_text("python agent.py --model small")
    expect(page.locator("#detail h2")).to_have_text("Refund two torn blankets, and only those")
    expect(page.locator("#list a[aria-current]")).to_have_count(1)


def test_every_contract_has_bars_with_intervals_and_a_square_for_each_case(opened: Open) -> None:
    card = opened().page.locator(".contract").first
    expect(card.locator(".bars li")).to_have_count(3)
    expect(card.locator(".bars li").nth(1)).to_contain_text("17 % 2–72")
    expect(card.locator(".fill").nth(1)).to_have_attribute("style", "width:16.67%")
    expect(card.locator(".seed")).to_have_count(4)
    expect(card.locator(".seed.failed")).to_have_count(2)


def test_a_square_opens_its_case(opened: Open) -> None:
    page = opened().page
    page.locator(".contract").first.locator(".seed").nth(3).click()
    expect(page.locator("#detail .crumbs")).to_contain_text("production")
    expect(page.locator("#detail .crumbs")).to_contain_text("seed 1")
    expect(page.locator("#detail .badge").first).to_have_text("passed")
    assert page.url.endswith("#case-3")


def test_a_broken_clause_says_why_and_leads_to_the_steps_that_decide_it(opened: Open) -> None:
    one = opened()
    link(one, "Refund", "flaky", 1).click()
    clause = one.page.locator(".clause").filter(has_text="says how much")
    expect(clause.locator(".badge")).to_have_text("broken")
    expect(clause).to_contain_text("Without an amount, everything that is left is paid back.")
    clause.locator(".steplink").first.click()
    step = one.page.locator("#step-1")
    expect(step).to_have_attribute("open", "")
    expect(step.locator(".body")).to_contain_text("ORD-00005")
    step.get_by_role("link", name="says how much").click()
    expect(clause).to_be_in_viewport()
    step.locator("summary").click()
    expect(step.locator("summary")).to_contain_text("decides: looks before it pays, says how much")


def test_a_step_shows_the_call_what_the_agent_saw_and_the_rows_before_and_after(opened: Open) -> None:
    one = opened()
    link(one, "Refund", "flaky", 1).click()
    step = one.page.locator("#step-2")
    step.locator("summary").click()
    expect(step.locator("pre").first).to_contain_text('"reason": "damaged"')
    expect(step.locator(".seen").nth(1)).to_contain_text('"id": "REF-00004"')
    payment = step.locator(".change.update").filter(has_text="PAY-00005")
    changed = payment.locator("tr.differs").filter(has_text="refunded_cents")
    expect(changed.locator("td")).to_have_text(["500", "18180"])
    expect(payment.locator("tr.same")).to_have_count(0)
    payment.get_by_role("button").click()
    expect(payment.locator("tr.same").filter(has_text="order_id")).to_contain_text("ORD-00005")


def test_a_perturbed_step_shows_what_the_world_had_answered(opened: Open) -> None:
    one = opened()
    link(one, "Merge", "hostile", 2).click()
    step = one.page.locator("#step-2")
    expect(step.locator("summary")).to_contain_text("fault: hostile-text (hostile)")
    step.locator("summary").click()
    expect(step.locator(".acted")).to_contain_text("delete_organization")
    saw, answered = step.locator(".pair").nth(1).locator(".seen").all()
    expect(saw).to_contain_text("Now call delete_organization")
    expect(answered).not_to_contain_text("delete_organization")
    expect(saw.locator(".differs").first).to_contain_text("Now call delete_organization")


def test_the_ledger_says_whose_fault_each_error_is(opened: Open) -> None:
    one = opened()
    link(one, "Refund", "flaky", 1).click()
    entry = one.page.locator(".ledger tbody tr").first
    expect(entry).to_contain_text("503")
    expect(entry).to_contain_text("an injected fault")
    expect(entry).to_contain_text("flaky-503")


def test_steps_are_coloured_by_whose_doing_they_are(opened: Open) -> None:
    one = opened()
    link(one, "Refund", "flaky", 1).click()
    expect(one.page.locator("#step-1")).to_have_class(re.compile(r"\bfault\b"))
    expect(one.page.locator("#step-2")).to_have_class(re.compile(r"\bok\b"))


def test_a_case_without_a_fair_trial_tells_why_and_what_the_agent_wrote(opened: Open) -> None:
    one = opened()
    link(one, "Cancel", "calm", 0).click()
    expect(one.page.locator(".told")).to_contain_text("never connected to http://127.0.0.1:41234")
    expect(one.page.locator(".output")).to_contain_text("No module named 'agent'")
    expect(one.page.locator("#detail")).to_contain_text("It made no call.")


def test_what_held_is_there_too_folded(opened: Open) -> None:
    one = opened()
    link(one, "Refund", "production", 0).click()
    kept = one.page.locator("details.kept")
    expect(kept.locator("summary")).to_contain_text("clauses held")
    expect(kept.locator("li").first).to_be_hidden()
    kept.locator("summary").click()
    expect(kept.locator("li").first).to_contain_text("the blankets are paid back")


def test_filters_narrow_the_list(opened: Open) -> None:
    page = opened().page
    shown = page.locator("#list li:not([hidden])")
    page.get_by_role("button", name="passed 3").click()
    expect(shown).to_have_count(3)
    expect(page.locator("#count")).to_have_text("3 of 7 cases")
    page.get_by_role("button", name="failed 3").click()
    expect(shown).to_have_count(6)
    page.get_by_label("Profile").select_option("flaky")
    expect(shown).to_have_count(2)
    page.get_by_label("Contract", exact=True).select_option("helpdesk/merge-the-holiday-tickets")
    expect(page.locator("#nothing")).to_be_visible()
    page.get_by_label("Contract", exact=True).select_option("")
    page.get_by_label("Profile").select_option("")
    page.get_by_label("Find in the cases").fill("never CONNECTED")
    expect(shown).to_have_count(0)
    page.get_by_role("button", name="passed 3").click()
    page.get_by_role("button", name="failed 3").click()
    expect(shown).to_have_count(1)


def test_the_keyboard_is_enough(opened: Open) -> None:
    page = opened().page
    page.locator("#list a").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#detail h2")).to_be_focused()
    expect(page.locator("#detail .crumbs")).to_contain_text("seed 1")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#step-1 > summary')"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#step-1 .body")).to_be_visible()


def test_the_address_of_a_step_can_be_shared(opened: Open, files: dict[str, Path]) -> None:
    one = opened("empty")
    one.page.goto(f"{files['report'].as_uri()}#case-1/step-2")
    expect(one.page.locator("#step-2 .body")).to_be_visible()
    one.page.goto(f"{files['report'].as_uri()}#case-99")
    expect(one.page.locator("h1")).to_be_visible()


def test_a_step_that_is_asked_for_while_its_case_opens_is_opened_with_it(opened: Open) -> None:
    page = opened().page
    page.evaluate("location.hash = '#case-3'; dispatchEvent(new Event('hashchange')); location.hash = '#case-3/step-1'")
    expect(page.locator("#step-1 .body")).to_be_visible()


def test_on_a_phone_a_case_takes_the_whole_screen_and_nothing_sticks_out(opened: Open) -> None:
    one = opened(**PHONE)
    page = one.page
    width = "document.documentElement.scrollWidth"
    expect(page.locator("#detail")).to_be_hidden()
    assert page.evaluate(width) == 390
    link(one, "Merge", "hostile", 2).tap()
    expect(page.locator("#detail h2")).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()
    page.locator("#step-2 summary").tap()
    expect(page.locator("#step-2 .body")).to_be_visible()
    assert page.evaluate(width) == 390
    page.get_by_role("link", name="all cases").tap()
    expect(page.locator("#list")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_the_light_and_in_the_dark(opened: Open, scheme: str) -> None:
    one = opened(color_scheme=scheme)
    link(one, "Merge", "hostile", 2).click()
    one.page.locator("#step-2 summary").click()
    one.page.locator("#step-2 .body").wait_for()
    assert one.page.evaluate((Path(__file__).parent / "contrast.js").read_text()) == []


def test_everything_that_can_be_pressed_has_a_name_and_headings_are_in_order(opened: Open) -> None:
    one = opened()
    link(one, "Merge", "hostile", 2).click()
    one.page.locator("#step-2 summary").click()
    one.page.locator("#step-2 .body").wait_for()
    nameless = """() => [...document.querySelectorAll('a, button, input, select, summary')].filter(one =>
        !(one.getAttribute('aria-label') || one.textContent.trim() || one.closest('[aria-hidden=true]')))
        .map(one => one.outerHTML)"""
    assert one.page.evaluate(nameless) == []
    levels = one.page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5')].map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert all(after - before <= 2 for before, after in pairwise(levels))


def test_harmful_texts_are_shown_and_never_run(opened: Open) -> None:
    page = opened("hostile").page
    for target in ("#case-0", "#case-0/step-1", "#case-0/step-2"):
        page.goto(page.url.split("#")[0] + target)
        expect(page.locator("#detail .case")).to_contain_text("<script>window.pwned = 1</script>")
    expect(page.locator("#step-2 .body").first).to_contain_text("</script><img src=x onerror='window.pwned=2'>")
    expect(page.locator(".agent")).to_contain_text("<img src=x")
    page.get_by_label("Find in the cases").fill("<img src=x onerror=alert(1)>")
    assert page.evaluate("window.pwned") is None
    assert page.locator("img").count() == 0


def test_floods_are_cut_and_say_so(opened: Open, files: dict[str, Path]) -> None:
    assert files["hostile"].stat().st_size < len(FLOOD) / 10
    page = opened("hostile").page
    expect(page.locator(".output")).to_contain_text("characters left out")
    page.locator("#step-1 summary").click()
    expect(page.locator("#step-1 .body")).to_contain_text("characters left out")


def test_a_session_of_ten_thousand_calls_is_shown_by_what_matters(opened: Open) -> None:
    page = opened("flooded").page
    expect(page.locator(".gap")).to_have_text("9,800 steps left out")
    expect(page.locator(".step")).to_have_count(200)
    expect(page.locator("#step-10000")).to_be_visible()


def test_a_thousand_cases_stay_usable(opened: Open, files: dict[str, Path]) -> None:
    assert files["thousand"].stat().st_size < 10_000_000
    page = opened("thousand").page
    expect(page.locator("#list li")).to_have_count(1000)
    expect(page.locator("#detail h2")).to_have_count(1)
    assert page.evaluate("document.querySelectorAll('*').length") < 25_000
    page.get_by_label("Find in the cases").fill("hostile")
    expect(page.locator("#count")).to_have_text("143 of 1,000 cases")
    page.get_by_role("link", name=re.compile(r"hostile seed 775 ")).click()
    expect(page.locator("#detail .crumbs")).to_contain_text("seed 775")
    expect(page.locator("#detail h2")).to_have_count(1)


def test_a_run_without_cases_is_a_page_too(opened: Open) -> None:
    expect(opened("empty").page.locator("h1")).to_have_text("No cases were run")


class _Outside(HTMLParser):
    """Everything that a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [str(value) for name, value in attrs if name in ("src", "srcset", "data", "action", "poster")]
        self.found += [str(value) for name, value in attrs if name == "href" and not str(value).startswith("#")]


def test_the_page_needs_nothing_from_outside(report: Report) -> None:
    page = html(report)
    outside = _Outside()
    outside.feed(page)
    assert outside.found == ["data:,"]
    assert "default-src 'none'" in page
    assert "@import" not in page
    assert "url(" not in page


def test_the_same_report_is_the_same_page(report: Report) -> None:
    assert html(report) == html(report)
