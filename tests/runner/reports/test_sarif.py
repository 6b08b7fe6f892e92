"""The report as SARIF 2.1.0."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from mcp_sim.runner.report import Report
from mcp_sim.runner.reports import sarif
from schemas.contracts.load import SHIPPED, load_contract
from tests.runner.reports.samples import CANCEL, FLOOD, REFUND

MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
ARTIFACT = {
    "type": "object",
    "required": ["uri"],
    "additionalProperties": False,
    "properties": {"uri": {"type": "string", "format": "uri-reference"}, "uriBaseId": {"type": "string"}},
}
LOCATION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "message": MESSAGE,
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": ARTIFACT,
                "region": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"startLine": {"type": "integer", "minimum": 1}},
                },
            },
        },
        "logicalLocations": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string"},
                    "fullyQualifiedName": {"type": "string"},
                    "kind": {"enum": ["function", "member", "module", "element", "object", "property", "value"]},
                },
            },
        },
    },
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
ESSENTIALS: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "informationUri": {"type": "string", "format": "uri"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "name": {"type": "string"},
                                                "shortDescription": MESSAGE,
                                                "defaultConfiguration": {
                                                    "type": "object",
                                                    "additionalProperties": False,
                                                    "properties": {"level": LEVEL},
                                                },
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "invocations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["executionSuccessful"],
                            "additionalProperties": False,
                            "properties": {
                                "executionSuccessful": {"type": "boolean"},
                                "startTimeUtc": {"type": "string", "format": "date-time"},
                                "properties": {"type": "object"},
                            },
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "originalUriBaseIds": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {
                                "uri": {"type": "string", "format": "uri", "pattern": "/$"},
                                "description": MESSAGE,
                            },
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message"],
                            "additionalProperties": False,
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": LEVEL,
                                "message": MESSAGE,
                                "locations": {"type": "array", "items": LOCATION},
                                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                                "properties": {"type": "object"},
                                "codeFlows": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "required": ["threadFlows"],
                                        "additionalProperties": False,
                                        "properties": {
                                            "message": MESSAGE,
                                            "threadFlows": {
                                                "type": "array",
                                                "minItems": 1,
                                                "items": {
                                                    "type": "object",
                                                    "required": ["locations"],
                                                    "additionalProperties": False,
                                                    "properties": {
                                                        "locations": {
                                                            "type": "array",
                                                            "minItems": 1,
                                                            "items": {
                                                                "type": "object",
                                                                "additionalProperties": False,
                                                                "properties": {
                                                                    "location": LOCATION,
                                                                    "executionOrder": {"type": "integer", "minimum": 0},
                                                                    "executionTimeUtc": {
                                                                        "type": "string",
                                                                        "format": "date-time",
                                                                    },
                                                                },
                                                            },
                                                        }
                                                    },
                                                },
                                            },
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}
"""What the schema of SARIF 2.1.0 says of the parts that are used here, and of nothing else."""
VALIDATOR = jsonschema_rs.Draft7Validator(ESSENTIALS, validate_formats=True)


def run(report: Report) -> dict[str, Any]:
    log = orjson.loads(sarif(report))
    assert [error.message for error in VALIDATOR.iter_errors(log)] == []
    (only,) = log["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert all(rules[found["ruleIndex"]]["id"] == found["ruleId"] for found in only["results"])
    found: dict[str, Any] = only
    return found


def of(report: Report, number: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run(replace(report, results=(report.results[number],)))["results"]
    return found


def test_a_report_is_of_the_form_of_sarif(report: Report) -> None:
    assert len(run(report)["results"]) > 10


def test_a_result_points_to_the_line_of_its_clause_in_the_contract(report: Report) -> None:
    log = run(report)
    found = next(one for one in log["results"] if one["message"]["text"].startswith("says how much: "))
    place = found["locations"][0]["physicalLocation"]
    base = log["originalUriBaseIds"][place["artifactLocation"]["uriBaseId"]]["uri"]
    file = Path((base + place["artifactLocation"]["uri"]).removeprefix("file://"))
    line = file.read_text().splitlines()[place["region"]["startLine"] - 1]
    assert line == "  - name: says how much"
    assert found["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "/clauses/4"


def test_the_steps_that_decide_are_a_code_flow(report: Report) -> None:
    found = next(one for one in of(report, 1) if one["message"]["text"].startswith("looks before it pays"))
    (flow,) = found["codeFlows"][0]["threadFlows"]
    told = [one["location"]["message"]["text"] for one in flow["locations"]]
    assert told[0].startswith('step 1  refund_order(order_id="ORD-00005", reason="damaged")  ->  503 Service')
    assert told[1].startswith("step 2  refund_order(")
    assert flow["locations"][0]["location"]["logicalLocations"][0]["name"] == "refund_order"


def test_a_broken_should_is_a_warning_and_a_broken_must_an_error(report: Report) -> None:
    levels = {one["ruleId"]: one["level"] for one in of(report, 5)}
    assert levels["clause/not_succession"] == "warning"
    assert levels["clause/row"] == "error"


def test_every_kind_of_broken_clause_is_a_rule_that_says_what_it_asks(report: Report) -> None:
    rules = {rule["id"]: rule for rule in run(report)["tool"]["driver"]["rules"]}
    assert rules["clause/precedence"]["shortDescription"]["text"] == "Before every b came an a."
    assert rules["clause/nothing_else"]["name"] == "NothingElse"
    assert rules["trouble/never-connected"]["shortDescription"]["text"] == "The agent never connected to its session."


def test_without_a_fair_trial_the_trouble_is_a_result(report: Report) -> None:
    (found,) = of(report, 6)
    assert found["ruleId"] == "trouble/never-connected"
    assert "never connected to http://127.0.0.1:41234" in found["message"]["text"]
    assert found["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert run(report)["invocations"][0]["executionSuccessful"] is False


def test_what_passed_leaves_no_results(report: Report) -> None:
    log = run(replace(report, results=report.results[2:4]))
    assert log["results"] == []
    assert log["invocations"][0]["executionSuccessful"] is True


def test_a_contract_of_ones_own_is_named_as_it_was_given(report: Report, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my contracts").mkdir()
    given = Path("my contracts/refund.yaml")
    given.write_text("# mine\n" + (SHIPPED / f"{REFUND}.yaml").read_text())
    result = report.results[0]
    case = replace(result.case, contract=load_contract(given), source=str(given))
    found = run(replace(report, results=(replace(result, case=case),)))["results"][0]
    place = found["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "my%20contracts/refund.yaml"}
    assert given.read_text().splitlines()[place["region"]["startLine"] - 1] == "  - name: the blankets are paid back"


def test_a_contract_made_in_python_has_no_file(report: Report) -> None:
    result = report.results[0]
    odd = replace(result, case=replace(result.case, source="tests.contracts:refund"))
    log = run(replace(report, results=(odd,)))
    assert "physicalLocation" not in log["results"][0]["locations"][0]
    assert "originalUriBaseIds" not in log


def test_results_of_different_seeds_have_different_fingerprints(report: Report) -> None:
    prints = [one["partialFingerprints"]["mcpSim/v1"] for one in run(report)["results"]]
    assert len(set(prints)) == len(prints)
    assert all(CANCEL not in one or "trouble" in one for one in prints)


def test_harmful_texts_and_floods_are_tamed(hostile: Report) -> None:
    run(hostile)
    assert len(sarif(hostile)) < len(FLOOD) / 10
