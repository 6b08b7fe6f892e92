"""docs/contracts.md is true: every clause is in it with its fields, and its examples are executed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcp_sim.sessions import Sessions
from schemas.contracts import load_contract, shipped_contracts
from schemas.contracts.clauses import VERBS
from schemas.contracts.conduct import Limits
from schemas.contracts.patterns import Common, Pattern
from schemas.contracts.scope import CALL
from schemas.load import LoadError
from schemas.types import Verdict
from tests.agents import careful, careless
from tests.agents.in_process import InProcess
from tests.agents.mutants import MUTANTS
from tests.contracts.test_groups import PARTS
from tests.contracts.traces import Fleet

DOCUMENT = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text()
ROWS = [line.strip("| ").split(" | ") for line in DOCUMENT.splitlines() if line.startswith("| ")]
YAML, PYTHON, JSON = (re.findall(rf"```{kind}\n(.*?)```", DOCUMENT, re.DOTALL) for kind in ("yaml", "python", "json"))
JOB = "shop/refund-a-damaged-order"


def named(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


def test_every_clause_is_told_with_its_fields() -> None:
    told = {verb: row for row in ROWS for verb in named(row[0]) & VERBS.keys()}
    assert told.keys() == VERBS.keys()
    for verb, kind in VERBS.items():
        fields = {str(field.serialization_alias or name) for name, field in kind.model_fields.items()}
        fields -= Common.model_fields.keys() | {verb, "with"}
        assert fields <= named(told[verb][1]), verb
        if len(told[verb]) > 2 and verb != "budget":
            outside = re.sub(r"\([^)]*\)", "", told[verb][1])
            assert named(outside) <= fields, verb
    assert Limits.model_fields.keys() == named(told["budget"][1])
    assert all(f"`{name}`" in DOCUMENT for name in ("name", "why", "severity", "with"))


def test_every_condition_of_a_pattern_is_told() -> None:
    told = {name: row[1] for row in ROWS for name in named(row[0]) & Pattern.model_fields.keys()}
    assert told.keys() >= Pattern.model_fields.keys()
    assert set(CALL) <= named(next(row[1] for row in ROWS if row[0] == "`where`"))


def test_every_part_of_a_verdict_is_told(fleet: Fleet) -> None:
    (one,) = fleet.judge(fleet.voyage(), {"budget": {"calls": 1}}).clauses
    assert set(one.__slots__) <= {name for row in ROWS for name in named(row[0])}
    assert set(PARTS) <= named(DOCUMENT)
    assert {"agent", "fault", "simulator"} <= {name for row in ROWS for name in named(row[0])}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the example."""
    (tmp_path / "pay-back.yaml").write_text(YAML[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def verdict_of(job: Any, sessions: Sessions, folder: Path) -> Verdict:
    """The verdict that the five lines come to."""
    session = sessions.create(load_contract(folder / "pay-back.yaml").world)
    job(InProcess(session))
    (folder / "demo.jsonl").write_bytes(b"".join(sessions.trace(session.id)))
    found: dict[str, Any] = {}
    exec(PYTHON[0], found)
    verdict: Verdict = found["verdict"]
    return verdict


def test_the_example_passes_the_careful_agent_and_catches_the_careless(sessions: Sessions, folder: Path) -> None:
    assert verdict_of(careful.JOBS[JOB], sessions, folder).passed
    verdict = verdict_of(careless.JOBS[JOB], sessions, folder)
    assert [one.clause for one in verdict.broken] == ["the blankets are paid back", "looks before it pays"]


def test_the_errors_are_told_as_shown(folder: Path) -> None:
    text = YAML[0].replace("history], refund_order]", "history], refund_ordr]").replace("{amount_cents:", "{amount:")
    (folder / "pay-back.yaml").write_text(text)
    with pytest.raises(LoadError) as caught:
        load_contract("pay-back.yaml")
    shown = re.search(r"```\n(pay-back.*?)```", DOCUMENT, re.DOTALL)
    assert shown is not None
    assert sorted(line.partition("; fields: id, ")[0] for line in str(caught.value).splitlines()) == sorted(
        line.partition("; fields: id, ")[0] for line in shown[1].splitlines()
    )
    (folder / "pay-back.yaml").write_text(YAML[0] + "  - existence: checkout\n  - absence: checkout\n")
    with pytest.raises(LoadError) as caught:
        load_contract("pay-back.yaml")
    assert (
        "'absence(checkout)' contradicts 'existence(checkout)': no session can satisfy them together"
        in DOCUMENT.replace("\n", " ")
    )
    assert "'absence(checkout)' contradicts 'existence(checkout)': no session can satisfy them together" in str(
        caught.value
    )


def test_the_function_decides(sessions: Sessions, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "house_rules.py").write_text(PYTHON[1])
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "house_rules", raising=False)
    clauses = yaml.safe_load(YAML[1])
    (folder / "pay-back.yaml").write_text(
        YAML[0] + yaml.safe_dump([{"any_of": clauses}]).replace("- any", "  - any").replace("\n  ", "\n    ")
    )
    assert verdict_of(careful.JOBS[JOB], sessions, folder).clauses[-1].outcome == "held"
    shouting = next(mutant for mutant in MUTANTS if mutant.name == "shouts")
    loud = verdict_of(lambda tools: shouting.work(shouting.agent(tools, 0)), sessions, folder).clauses[-1]
    assert (loud.outcome, loud.steps) == ("broken", (3,))
    assert "shouts: PAID BACK" in loud.message


def test_what_it_says_of_the_rest_is_so() -> None:
    assert f"every one of {len(MUTANTS)} faults" in DOCUMENT
    assert len(shipped_contracts()) == 10
    for name in re.findall(r"`((?:shop|helpdesk|mars-colony)/[\w-]+)`", DOCUMENT):
        assert name in shipped_contracts()
    assert '"_meta": {"io.mcp-sim/waited": 12.5}' in JSON[0]
