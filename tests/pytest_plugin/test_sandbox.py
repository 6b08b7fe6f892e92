"""The `sandbox` fixture, used as a project would use it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from mcp.client import Client

from mcp_sim.pytest_plugin import Sandbox
from schemas.contracts.load import shipped_contract
from schemas.types import Verdict
from tests.agents.careful import JOBS
from tests.agents.over_http import OverHttp
from tests.agents.tools import Answer

REFUND = "shop/refund-a-damaged-order"


class Within:
    """The scripted agents, at home in a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.wait = sandbox.wait

    def call(self, tool: str, arguments: dict[str, object]) -> Answer:
        seen = self._sandbox.call(tool, **arguments)
        return Answer(seen.text, seen.structured_content, seen.is_error)


@pytest.mark.sandbox(contract=REFUND, profiles=["calm", "flaky", "rate-limited"], seeds=range(2))
def test_a_careful_agent_keeps_its_contract(sandbox: Sandbox) -> None:
    JOBS[REFUND](Within(sandbox))
    sandbox.judge().check()


@pytest.mark.sandbox(contract=REFUND, profiles=["flaky"], seeds=[1])
def test_a_broken_contract_is_told_with_its_clauses_their_steps_and_the_ledger(sandbox: Sandbox) -> None:
    for _ in range(2):
        sandbox.call("refund_order", order_id="ORD-00005", reason="damaged")
    with pytest.raises(AssertionError) as caught:
        sandbox.judge().check()
    told = str(caught.value)
    assert told.startswith(f"refund-a-damaged-order-flaky-1: 4 of 12 clauses of {REFUND} are broken\n")
    assert "broken: says how much (absence)\n    step 1 (refund_order) is refund_order where" in told
    assert 'step 2  refund_order(order_id="ORD-00005", reason="damaged")  ->  {"id":"REF-00004"' in told
    assert "fault ledger\n    step 1  refund_order: 503, owed to an injected fault: Service Unavailable" in told


@pytest.mark.sandbox(contract=REFUND)
def test_an_agent_speaks_mcp_at_the_address_of_the_sandbox(sandbox: Sandbox) -> None:
    async def agent() -> str:
        async with Client(sandbox.url) as client:
            result = await client.call_tool("get_order", {"id": "ORD-00005"})
            return str(result.structured_content)

    assert sandbox.url.startswith("http://127.0.0.1:")
    assert "ORD-00005" in asyncio.run(agent())
    assert [step.call.tool for step in sandbox.trace.steps] == ["get_order"]


@pytest.mark.sandbox(contract=REFUND, profiles="slow", seeds=3)
def test_calls_from_within_and_over_http_are_of_one_session(sandbox: Sandbox) -> None:
    agent = OverHttp(sandbox.url)
    agent.call("get_order", {"id": "ORD-00005"})
    agent.close()
    sandbox.call("get_order", id="ORD-00005")
    steps = sandbox.trace.steps
    assert [step.n for step in steps] == [1, 2]
    assert sandbox.session.seed == 3
    assert steps[0].perturbations[0].kind == "latency"


@pytest.mark.sandbox(world="shop")
def test_an_asynchronous_agent_awaits_its_calls(sandbox: Sandbox) -> None:
    async def agent() -> list[str]:
        keys = ["ORD-00001", "ORD-00002", "ORD-00003"]
        several = await asyncio.gather(*(sandbox.acall("get_order", id=key) for key in keys))
        assert sandbox.call("get_order", id="ORD-00004").status == 200
        return [seen.structured_content["id"] for seen in several]

    assert asyncio.run(agent()) == ["ORD-00001", "ORD-00002", "ORD-00003"]


@pytest.mark.sandbox(world="shop", seeds=range(2))
def test_every_test_has_a_world_of_its_own(sandbox: Sandbox) -> None:
    assert sandbox.trace.steps == ()
    assert [row["id"] for row in sandbox.rows("refund")][-1] == "REF-00003"
    sandbox.call("refund_order", order_id="ORD-00005", reason="damaged")
    assert [row["id"] for row in sandbox.rows("refund")][-1] == "REF-00004"


@pytest.mark.sandbox(world="shop")
def test_waiting_takes_virtual_time_alone(sandbox: Sandbox) -> None:
    sandbox.call("get_order", id="ORD-00001")
    sandbox.wait(3600)
    sandbox.call("get_order", id="ORD-00001")
    first, second = sandbox.trace.steps
    assert (first.at[11:19], second.at[11:19]) == ("08:00:01", "09:00:02")


@pytest.mark.sandbox(contract=REFUND)
def test_the_instruction_of_the_contract_is_at_hand(sandbox: Sandbox) -> None:
    assert sandbox.contract is not None
    assert sandbox.instruction == sandbox.contract.instruction
    assert "ORD-00005" in sandbox.instruction


@pytest.mark.sandbox(world="shop")
def test_a_sandbox_is_judged_by_any_contract_of_its_world(sandbox: Sandbox, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("name: own\nworld: shop\nclauses: [{init: get_order}]\n")
    sandbox.call("get_order", id="ORD-00001")
    found = sandbox.judge(own)
    found.check()
    assert found.passed
    assert isinstance(found.verdict, Verdict)
    assert not sandbox.judge(REFUND).passed
    assert sandbox.judge(shipped_contract(REFUND)).broken[0].clause == "the blankets are paid back"
    assert sandbox.instruction == ""
    with pytest.raises(ValueError, match="name the contract"):
        sandbox.judge()


@pytest.mark.sandbox(world="shop")
def test_a_tool_that_there_is_not_is_named_with_the_nearest(sandbox: Sandbox) -> None:
    found = sandbox.call("get_orders")
    assert found.is_error
    assert found.text.startswith("no tool 'get_orders' (did you mean 'get_order")
    assert [step.call.tool for step in sandbox.trace.steps] == ["get_orders"]


@pytest.mark.sandbox(world="shop")
def test_what_the_agent_said_in_the_end_is_judged_too(sandbox: Sandbox, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("name: own\nworld: shop\nclauses: [{answer: '\"17680\" in answer'}]\n")
    assert sandbox.judge(own, answer="There are 17680 cents left.").passed
    assert not sandbox.judge(own, answer="I do not know.").passed
