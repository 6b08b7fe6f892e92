"""What was learned, as people read it: in a real browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from mcp_sim.learn.given import Given
from mcp_sim.learn.report import html
from mcp_sim.learn.tools import tools_of
from mcp_sim.learn.twin import Learned, learn
from tests.learn.service import recorded, rows
from tests.runner.reports.browser import Window, chromium

HOSTILE = "<script>alert(1)</script> \x00 \ud800"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True}


@pytest.fixture(scope="module")
def learned() -> Learned:
    given = Given(rows())
    names = ("get_boat", "find_sailor", "hire_boat", "get_sailor", "search_boats", "weather")
    given.add_tools(tools_of([{"name": name, "description": name} for name in names], "tools.json"))
    given.add_calls(recorded(range(60)))
    given.told.append(HOSTILE)
    return learn("harbour", given)


def test_it_shows_what_is_known_guessed_and_missing(learned: Learned, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(html("harbour", learned.facts), encoding="utf-8")
    with chromium() as browser:
        window = Window(browser)
        window.open(path)
        expect(window.page.get_by_role("heading", level=1)).to_have_text("harbour")
        hire = window.page.locator("details.tool", has=window.page.locator("summary code", has_text="hire_boat"))
        hire.locator("summary").first.click()
        expect(hire).to_contain_text("“Only free boats can be hired”")
        expect(hire).to_contain_text("its answers do not show it")
        expect(hire).to_contain_text("held out")
        expect(window.page.locator("body")).to_contain_text("weather nothing is known of it: its answers are made up")
        expect(window.page.locator("body")).to_contain_text("<script>alert(1)</script>")
        assert window.complaints == []
        assert window.requests == [path.as_uri()]
        phone = Window(browser, **PHONE)
        phone.open(path)
        assert phone.page.evaluate("document.documentElement.scrollWidth") == 390


def test_everything_that_was_learned_has_its_evidence_by_call(learned: Learned) -> None:
    tool = learned.facts["tools"]["hire_boat"]
    for item in [tool["answer"], *tool["guards"], *tool["changes"]]:
        assert item["held_out"]["of"] > 0
        assert item["held_out"]["for"]
    assert 0.5 < tool["confidence"] <= 1


def test_the_facts_are_plain_json(learned: Learned) -> None:
    facts: dict[str, Any] = json.loads(json.dumps(learned.facts))
    assert facts["not_called"] == ["weather"]
    assert facts["judged"]["of"] == facts["calls"]


def test_what_no_answer_shows_after_a_write_is_told() -> None:
    calls = [call for call in recorded(range(12)) if call.tool not in ("get_sailor", "find_sailor")]
    blind = learn("harbour", Given(rows(), calls)).facts["tools"]["hire_boat"]["blind"]
    assert blind["rows"]["boat"]["never"] == []
    assert (blind["rows"]["sailor"]["shown"], blind["tables"]) == (0, ["sailors"])
