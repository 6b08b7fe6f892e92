"""A report as JUnit XML, in the form that Jenkins and Ant agree on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from mcp_sim.runner.report import CaseResult, Report
from mcp_sim.runner.reports.findings import Trials, broken, by_contract, headline, wrong
from mcp_sim.runner.reports.words import printable, shortened, told

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STEPS = 400
"""How many steps of a case are written."""
_OUTPUT = 20_000
"""How many characters of what the agent wrote."""


def junit(report: Report) -> bytes:
    """A suite for each contract, a case for each profile and seed."""
    root = ET.Element("testsuites", {"name": "mcp-sim", **_counts(report.results), "time": _seconds(report.seconds)})
    for number, trials in enumerate(by_contract(report)):
        root.append(_suite(report, number, trials))
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _suite(report: Report, number: int, trials: Trials) -> ET.Element:
    facts = {
        "name": _sound(trials.contract),
        "package": _sound(trials.results[0].case.contract.world.name),
        "id": str(number),
        "hostname": "localhost",
        "timestamp": report.started[:19],
        "time": _seconds(sum(result.seconds for result in trials.results)),
        "skipped": "0",
    }
    suite = ET.Element("testsuite", facts | _counts(trials.results))
    properties = ET.SubElement(suite, "properties")
    for name, given in _properties(report, trials):
        ET.SubElement(properties, "property", name=name, value=_sound(given))
    for result in trials.results:
        suite.append(_case(result, trials.contract))
    return suite


def _properties(report: Report, trials: Trials) -> Iterator[tuple[str, str]]:
    yield "agent", report.agent
    yield "mcp-sim", report.version
    yield "contract", trials.results[0].case.source
    for k in range(1, report.k + 1):
        for sign, found in (("@", trials.reliability.at_least_one(k)), ("^", trials.reliability.every_one(k))):
            if found is not None:
                yield f"pass{sign}{k}", f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})"


def _case(result: CaseResult, contract: str) -> ET.Element:
    name = f"{result.case.profile or 'as declared'} · seed {result.case.seed}"
    case = ET.Element("testcase", classname=_sound(contract), name=_sound(name), time=_seconds(result.seconds))
    if result.outcome != "passed":
        verbs = [found.clause.verb for found in broken(result.verdict) if found.clause.severity == "must"]
        kind = result.trouble or ",".join(dict.fromkeys(verbs)) or result.outcome
        tag = "error" if result.outcome == "error" else "failure"
        fault = ET.SubElement(case, tag, message=_sound(headline(result)), type=kind)
        fault.text = _sound("\n".join(_details(result)))
    ET.SubElement(case, "system-out").text = _sound("\n".join(_story(result)))
    if result.output:
        ET.SubElement(case, "system-err").text = _sound(shortened(result.output, _OUTPUT))
    return case


def _details(result: CaseResult) -> Iterator[str]:
    if result.told:
        yield result.told
    if result.verdict is not None:
        yield from wrong(result.verdict, result.trace)


def _story(result: CaseResult) -> Iterator[str]:
    steps = result.trace.steps
    yield from (told(step) for step in steps[:_STEPS])
    if len(steps) > _STEPS:
        yield f"and {len(steps) - _STEPS} more steps"
    if not steps:
        yield "the agent made no call"


def _counts(results: tuple[CaseResult, ...]) -> dict[str, str]:
    outcomes = [result.outcome for result in results]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("failed")),
        "errors": str(outcomes.count("error")),
    }


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _sound(text: str) -> str:
    """Without the characters that XML 1.0 forbids."""
    return _NOT_XML.sub("", printable(text))
