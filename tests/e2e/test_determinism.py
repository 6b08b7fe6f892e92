"""The same world, seed and calls: byte-identical traces, whichever process, transport, place or day."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

from .program import Program

pytestmark = pytest.mark.anyio
Calls = Sequence[tuple[str, dict[str, Any]]]

CALLS: dict[str, Calls] = {
    "helpdesk": [
        ("list_tickets", {"unassigned": True, "sort": "resolution_due"}),
        ("summarize_ticket", {"ticket_id": "TKT-00015"}),
        ("create_user", {"name": "Ada Lark", "email": "ada@quarrystreet.example"}),
        ("assign_ticket", {"id": "TKT-00042", "agent_id": "AGT-009", "group_id": "GRP-01"}),
        ("assign_ticket", {"id": "TKT-00042", "agent_id": "AGT-005"}),
        ("suggest_reply", {"ticket_id": "TKT-00042", "tone": "brief"}),
        ("solve_ticket", {"id": "TKT-00015", "solution": "Please unplug yours once."}),
        ("delete_tag", {"name": "hub"}),
    ],
    "mars-colony": [
        ("get_colony_status", {}),
        ("forecast_weather", {"site_id": "SITE-02", "hours": 48}),
        ("start_expedition", {"id": "EXP-012"}),
        ("charge_rover", {"id": "ROV-04", "to_percent": 60}),
        ("start_expedition", {"id": "EXP-012"}),
        ("list_colonists", {"limit": "many"}),
        ("assess_health", {"colonist_id": "COL-013", "task": "shift"}),
        ("remove_module", {"id": "MOD-32"}),
        ("survey_route", {"site_id": "SITE-02", "rover_id": "ROV-05"}),
    ],
    "shop": [
        ("recommend_products", {"customer_id": "CUS-0001"}),
        ("quote_cart", {"id": "CRT-0003"}),
        ("checkout", {"cart_id": "CRT-0003", "address_id": "ADR-0004", "payment_method": "card"}),
        ("ship_order", {"order_id": "ORD-00023", "warehouse_id": "WH-01", "carrier": "northway"}),
        ("capture_payment", {"order_id": "ORD-00023"}),
        ("estimate_delivery", {"warehouse_id": "WH-01", "country": "FR"}),
        ("delete_product", {"id": "PRD-0014"}),
    ],
}
AUCKLAND = {"PYTHONHASHSEED": "1", "TZ": "Pacific/Auckland"}
LIMA = {"PYTHONHASHSEED": "2", "TZ": "America/Lima"}


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Program]:
    with Program(tmp_path / "elsewhere") as program:
        yield program


async def work(server: str | StdioServerParameters, calls: Calls) -> None:
    async with Client(server) as client:
        for tool, arguments in calls:
            await client.call_tool(tool, arguments)


def trace(program: Program, *options: str, **environment: str) -> bytes:
    file = program.home / "trace.jsonl"
    done = program.run("trace", "--out", str(file), *options, **environment)
    assert done.returncode == 0, done.stderr
    return file.read_bytes()


def assert_complete(written: bytes, calls: Calls) -> None:
    _, *steps = map(json.loads, written.splitlines())
    assert [(step["call"]["tool"], step["call"]["arguments"]) for step in steps] == calls
    assert {step["responder"] for step in steps} >= {"effects", "synthesize"}


@pytest.mark.parametrize("world", ["helpdesk", "shop"])
async def test_two_processes_far_apart_write_the_same_trace(program: Program, other: Program, world: str) -> None:
    calls = CALLS[world]
    await work(program.serve(world, **AUCKLAND).url, calls)
    await work(other.stdio(world, **LIMA), calls)
    written = trace(program, **AUCKLAND)
    assert written == trace(other, **LIMA)
    assert_complete(written, calls)


async def test_a_restart_in_the_middle_leaves_no_mark(program: Program, other: Program) -> None:
    calls = CALLS["mars-colony"]
    served = program.serve("mars-colony")
    await work(served.url, calls[:4])
    served.end()
    served = program.serve("mars-colony")
    await work(served.url, calls[4:])
    await work(other.stdio("mars-colony"), calls)
    written = trace(program)
    assert written == trace(program, "--url", served.address) == trace(other)
    assert_complete(written, calls)


async def test_another_seed_makes_up_other_answers(program: Program, other: Program) -> None:
    forecast = CALLS["mars-colony"][1:2]
    await work(program.stdio("mars-colony"), forecast)
    await work(other.stdio("mars-colony", "--seed", "431"), forecast)
    (_, one), (_, another) = trace(program).splitlines(), trace(other).splitlines()
    assert json.loads(one)["call"] == json.loads(another)["call"]
    assert json.loads(one)["observation"] != json.loads(another)["observation"]
