"""The report as JUnit XML."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from mcp_sim.runner.report import Report
from mcp_sim.runner.reports import junit
from tests.runner.reports.samples import FLOOD, flooded

ELEMENTS: dict[str, tuple[list[str], set[str], set[str]]] = {
    # children in their order, required attributes, optional ones
    "testsuites": (["testsuite"], set(), {"name", "time", "tests", "failures", "disabled", "errors"}),
    "testsuite": (
        ["properties", "testcase", "system-out", "system-err"],
        {"name", "tests", "failures", "errors", "time", "timestamp", "hostname", "id", "package"},
        {"skipped", "disabled"},
    ),
    "properties": (["property"], set(), set()),
    "property": ([], {"name", "value"}, set()),
    "testcase": (
        ["skipped", "error", "failure", "system-out", "system-err"],
        {"name", "classname", "time"},
        {"assertions", "status"},
    ),
    "failure": ([], {"type"}, {"message"}),
    "error": ([], {"type"}, {"message"}),
    "system-out": ([], set(), set()),
    "system-err": ([], set(), set()),
}
"""What the schemas of Jenkins (junit-10.xsd) and of Ant (windyroad) both allow."""


def check(element: ET.Element) -> None:
    children, required, optional = ELEMENTS[element.tag]
    assert required <= set(element.keys()) <= required | optional, element.tag
    places = [children.index(child.tag) for child in element]
    assert places == sorted(places), element.tag
    if element.tag == "testcase":
        assert len({"error", "failure"} & {child.tag for child in element}) <= 1
    if element.tag == "testsuite":
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", element.get("timestamp", ""))
        assert [*map(int, (element.get("tests", ""), element.get("failures", ""), element.get("errors", "")))] == [
            len(element.findall(path)) for path in ("testcase", "testcase/failure", "testcase/error")
        ]
    if element.get("time") is not None:
        assert float(element.get("time", "")) >= 0
    for child in element:
        check(child)


def parsed(report: Report) -> ET.Element:
    return ET.fromstring(junit(report))


def test_it_is_of_the_form_that_jenkins_and_ant_agree_on(report: Report) -> None:
    check(parsed(report))


def test_every_contract_is_a_suite_and_every_profile_and_seed_a_case(report: Report) -> None:
    root = parsed(report)
    assert [suite.get("name") for suite in root] == [
        "shop/refund-a-damaged-order",
        "shop/cancel-unpaid-orders",
        "helpdesk/merge-the-holiday-tickets",
    ]
    assert [case.get("name") for case in root[0].iter("testcase")] == [
        "flaky · seed 0",
        "flaky · seed 1",
        "production · seed 0",
        "production · seed 1",
    ]
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("7", "3", "1")


def test_a_failure_names_the_clauses_and_tells_where(report: Report) -> None:
    case = parsed(report)[0].findall("testcase")[1]
    failure = case.find("failure")
    assert failure is not None
    assert str(failure.get("message")).startswith("4 of 12 clauses are broken: the blankets are paid back;")
    assert failure.get("type") == "row,precedence,absence"
    assert "step 1 (refund_order) comes without get_order or get_order_history before it" in str(failure.text)
    assert 'step 2  refund_order(order_id="ORD-00005", reason="damaged")  ->' in str(failure.text)
    assert "owed to an injected fault: Service Unavailable" in str(failure.text)


def test_a_case_that_passed_has_neither_and_tells_its_steps(report: Report) -> None:
    case = parsed(report)[0].findall("testcase")[2]
    assert [child.tag for child in case] == ["system-out", "system-err"]
    assert "step 1  get_order_history" in str(case.findtext("system-out"))


def test_without_a_fair_trial_it_is_an_error(report: Report) -> None:
    (error,) = parsed(report).iter("error")
    assert error.get("type") == "never-connected"
    assert "never connected to http://127.0.0.1:41234" in str(error.get("message"))


def test_the_suite_tells_how_far_the_agent_can_be_relied_on(report: Report) -> None:
    found = {one.get("name"): one.get("value") for one in parsed(report)[0].iter("property")}
    assert found["agent"] == "python agent.py --model small"
    assert found["contract"] == "shop/refund-a-damaged-order"
    assert str(found["pass^2"]).startswith("0.1667 (0.02")
    assert str(found["pass@2"]).startswith("0.8333 (0.2")


def test_what_xml_forbids_is_left_out_and_floods_are_cut(hostile: Report) -> None:
    written = junit(hostile)
    root = ET.fromstring(written)
    check(root)
    assert "<script>" in str(root[0].find("testcase/failure/..").find("failure").text)  # type: ignore[union-attr]
    assert len(written) < len(FLOOD) / 10


def test_a_long_session_is_told_by_its_beginning(report: Report) -> None:
    out = parsed(flooded(report, 2000)).findtext(".//system-out")
    assert str(out).endswith("and 1600 more steps")


@pytest.mark.parametrize("text", ["\x00", "\x0b", "\ud800", "\ufffe", "]]>"])
def test_any_output_of_an_agent_can_be_written(report: Report, text: str) -> None:
    result = replace(report.results[0], output=f"before{text}after")
    err = parsed(replace(report, results=(result,))).findtext(".//system-err")
    assert str(err).startswith("before")
    assert str(err).endswith("after")
