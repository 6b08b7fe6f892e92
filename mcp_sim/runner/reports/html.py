"""A report as one web page that needs nothing else: no server, no network, no other file."""

from __future__ import annotations

import gzip
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from mcp_sim import pages
from mcp_sim.runner.reliability import Estimate
from mcp_sim.runner.report import CaseResult, Report
from mcp_sim.runner.reports.account import account
from mcp_sim.runner.reports.findings import Trials, by_contract, by_profile, contract_name, headline
from mcp_sim.runner.reports.words import brief, printable

_FOLDER = Path(__file__).parent / "page"
_BUDGET = 150_000_000
"""About how many characters of answers all cases together may hold, before they are compressed."""
_ROOM = (400, 20_000)
"""The least and the most that one text gets of it."""


def html(report: Report) -> str:
    """The page. What a case holds is packed, and unpacked when it is opened, so that a thousand stay quick."""
    texts = 3 * sum(len(result.trace.steps) for result in report.results)
    room = min(max(_BUDGET // max(texts, 1), _ROOM[0]), _ROOM[1])
    numbers = {id(result): number for number, result in enumerate(report.results)}
    script, style = (pages.part(_FOLDER, name) for name in ("page.js", "page.css"))
    outcomes = [result.outcome for result in report.results]
    return pages.template(_FOLDER).render(
        report=report,
        agent=printable(report.agent),
        counts={name: outcomes.count(name) for name in ("passed", "failed", "error")},
        contracts=[_contract(trials, report.k, numbers) for trials in by_contract(report)],
        cases=[_line(number, result) for number, result in enumerate(report.results)],
        profiles=list(dict.fromkeys(_profile(result) for result in report.results)),
        packed=[_packed(account(result, room)) for result in report.results],
        script=script,
        style=style,
        script_hash=b64encode(sha256(script.encode()).digest()).decode(),
    )


def _packed(given: dict[str, Any]) -> str:
    return b64encode(gzip.compress(orjson.dumps(given), compresslevel=6, mtime=0)).decode()


def _line(number: int, result: CaseResult) -> dict[str, Any]:
    """A case in the list."""
    return {
        "number": number,
        "outcome": result.outcome,
        "contract": contract_name(result),
        "title": printable(result.case.contract.title or result.case.contract.name),
        "profile": _profile(result),
        "seed": result.case.seed,
        "calls": len(result.trace.steps),
        "wrong": brief(headline(result), 220),
    }


def _contract(trials: Trials, k: int, numbers: dict[int, int]) -> dict[str, Any]:
    """A contract in the overview: how far the agent can be relied on, and its cases by profile and seed."""
    found = trials.reliability
    return {
        "name": trials.contract,
        "title": printable(trials.title or trials.contract),
        "passed": found.passed,
        "trials": found.trials,
        "errors": trials.errors,
        "bars": _bars(trials, k),
        "profiles": [
            {
                "name": part.profile,
                "passed": part.reliability.passed,
                "trials": part.reliability.trials,
                "cases": [(numbers[id(result)], result) for result in part.results],
            }
            for part in by_profile(trials)
        ],
    }


def _bars(trials: Trials, k: int) -> list[tuple[str, str, Estimate | None]]:
    """(name, meaning, estimate)."""
    found = trials.reliability
    once = [("pass^1", "1 of 1 passes", found.every_one(1))]
    several = [
        (f"pass^{k}", f"{k} of {k} pass", found.every_one(k)),
        (f"pass@{k}", f"1 of {k} passes", found.at_least_one(k)),
    ]
    return once if k == 1 else once + several


def _profile(result: CaseResult) -> str:
    return result.case.profile or "as declared"
