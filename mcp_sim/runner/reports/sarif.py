"""A report as SARIF 2.1.0: a rule for each kind of clause, a result for each that is broken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from mcp_sim.runner.report import CaseResult, Report
from mcp_sim.runner.reports.findings import SHOWN, Found, broken, contract_name
from mcp_sim.runner.reports.places import Places
from mcp_sim.runner.reports.words import brief, printable, shortened, told
from schemas.contracts.clauses import VERBS
from schemas.types import Step

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/mcp-sim/mcp-sim"
_TROUBLES = {
    "not-started": "The command of the agent could not be started.",
    "never-connected": "The agent never connected to its session.",
    "no-call": "The agent connected and called no tool.",
    "crashed": "The agent ended with an error.",
    "hung": "The agent did not end in time.",
    "flooded": "The agent called without end.",
    "garbage": "The agent sent what is no MCP.",
    "left-children": "The agent left processes behind.",
    "simulator": "The simulator failed.",
}


def sarif(report: Report) -> bytes:
    """One run; a place in a contract file and the steps behind it for each result."""
    places = Places()
    results = [found for result in report.results for found in _results(result, places)]
    used = list(dict.fromkeys(found["ruleId"] for found in results))
    for found in results:
        found["ruleIndex"] = used.index(found["ruleId"])
    driver = {
        "name": "mcp-sim",
        "version": report.version,
        "informationUri": _HOME,
        "rules": [_rule(name) for name in used],
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "invocations": [
            {
                "executionSuccessful": report.outcome != "error",
                "startTimeUtc": report.started,
                "properties": {"agent": printable(report.agent), "seconds": report.seconds},
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    if places.bases:
        run["originalUriBaseIds"] = places.bases
    return orjson.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, option=orjson.OPT_INDENT_2)


def _rule(name: str) -> dict[str, Any]:
    kind, _, verb = name.partition("/")
    said = (VERBS[verb].__doc__ or verb) if kind == "clause" else _TROUBLES[verb]
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in verb.replace("-", "_").split("_")),
        "shortDescription": {"text": said.strip().splitlines()[0]},
        "defaultConfiguration": {"level": "error"},
    }


def _results(result: CaseResult, places: Places) -> Iterator[dict[str, Any]]:
    if result.trouble is not None:
        where = places.at(result.case, ())
        yield _result(result, f"trouble/{result.trouble}", "error", result.told, where, [])
    for found in broken(result.verdict):
        level = "error" if found.clause.severity == "must" else "warning"
        where = places.at(result.case, ("clauses", found.index))
        decide = set(found.steps)
        steps = [step for step in result.trace.steps if step.n in decide][:SHOWN]
        yield _result(result, f"clause/{found.clause.verb}", level, _message(found), where, steps, str(found.index))


def _message(found: Found) -> str:
    why = f" ({found.clause.why})" if found.clause.why else ""
    said = [failure.message for failure in found.failures[:SHOWN]]
    return f"{found.clause.clause}: {'; '.join(said)}{why}"


def _result(
    result: CaseResult,
    rule: str,
    level: str,
    message: str,
    where: dict[str, Any],
    steps: list[Step],
    clause: str = "",
) -> dict[str, Any]:
    case = result.case
    logical = [{"fullyQualifiedName": printable(case.name), "kind": "member"}]
    made: dict[str, Any] = {
        "ruleId": rule,
        "level": level,
        "message": {"text": f"{shortened(message, 4000)} [{printable(case.name)}]"},
        "locations": [{**where, "logicalLocations": [*where.get("logicalLocations", ()), *logical]}],
        "partialFingerprints": {"mcpSim/v1": f"{contract_name(result)}:{rule}:{clause}:{case.profile}:{case.seed}"},
        "properties": {"world": case.contract.world.name, "contract": case.contract.name, "seed": case.seed},
    }
    if case.profile is not None:
        made["properties"]["profile"] = case.profile
    if steps:
        flow = [_flow(case.name, order, step) for order, step in enumerate(steps, 1)]
        made["codeFlows"] = [{"message": {"text": "The calls that decide it"}, "threadFlows": [{"locations": flow}]}]
    return made


def _flow(case: str, order: int, step: Step) -> dict[str, Any]:
    name = f"{case} · step {step.n} · {step.call.tool}"
    location = {
        "message": {"text": told(step)},
        "logicalLocations": [{"name": brief(step.call.tool), "fullyQualifiedName": name, "kind": "function"}],
    }
    return {"location": location, "executionOrder": order, "executionTimeUtc": step.at}
