"""The shipped worlds, answered by vLLM itself: over MCP, with replicas, through cancellations and restarts."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client import Client

from mcp_sim.worldmodel.client import Client as Asker
from mcp_sim.worldmodel.launch import Server, plan, serving
from mcp_sim.worldmodel.presets import PRESETS
from mcp_sim.worldmodel.settings import Settings
from schemas.load import shipped_world
from store.db import Database
from tests.e2e.program import Program
from tests.vllm.conftest import PATIENCE, Vllm
from tests.worldmodel.asking import Asking
from tests.worldmodel.ports import free_port
from tests.worldmodel.processes import until

pytestmark = pytest.mark.vllm

IMAGINED: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "mars-colony": [
        ("forecast_weather", {"site_id": "SITE-02", "hours": 48}),
        ("assess_health", {"colonist_id": "COL-013", "task": "shift"}),
        ("survey_route", {"site_id": "SITE-02", "rover_id": "ROV-05"}),
    ],
    "helpdesk": [
        ("summarize_ticket", {"ticket_id": "TKT-00015"}),
        ("suggest_reply", {"ticket_id": "TKT-00042", "tone": "brief"}),
    ],
    "shop": [
        ("recommend_products", {"customer_id": "CUS-0001"}),
        ("estimate_delivery", {"warehouse_id": "WH-01", "country": "FR"}),
    ],
}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    with Program(tmp_path) as program:
        yield program


async def ask(url: str, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    async with Client(url) as client:
        return [await client.call_tool(tool, arguments) for tool, arguments in calls]


@pytest.mark.parametrize("world", IMAGINED)
def test_the_imagined_tools_of_a_world_are_answered_by_the_model(vllm: Vllm, program: Program, world: str) -> None:
    calls = IMAGINED[world]
    served = program.serve(world, "--worldmodel", vllm.url, "--model", vllm.model)
    answers = asyncio.run(ask(served.url, calls))
    steps = [json.loads(line) for line in program.run("trace", "default").stdout.splitlines()[1:]]
    assert [step["call"]["tool"] for step in steps] == [tool for tool, _ in calls]
    assert "worldmodel" in {step["responder"] for step in steps}
    for (tool, _), answer, step in zip(calls, answers, steps, strict=True):
        said = [*step["completions"], *(one for attempt in step["attempts"] for one in attempt["draft"]["completions"])]
        assert all(completion["model"].startswith(f"{vllm.model}#") for completion in said)
        assert any(completion["said"] for completion in said), step["attempts"]
        assert (answer.is_error, answer.content[0].text) == (
            step["observation"]["is_error"],
            step["observation"]["text"],
        )
        if not answer.is_error:
            assert shipped_world(world).tools[tool].output.holds(answer.structured_content)  # type: ignore[union-attr]


def test_with_structured_output_the_form_holds_at_the_first_try(vllm: Vllm) -> None:
    database = Database("sqlite://")
    with Asking(database, vllm.url, world=shipped_world("shop"), structured=True, **PATIENT) as asking:
        for country in ("AT", "BE", "DE", "DK"):
            asking.ask("estimate_delivery", warehouse_id="WH-01", country=country)
            asking.ask("estimate_delivery", warehouse_id="WH-02", country=country)
        rules = [found.rule for step in asking.steps() for attempt in step.attempts for found in attempt.violations]
    database.close()
    # What a grammar cannot keep is checked afterwards; that an answer is JSON with the right fields, it does keep.
    assert "output" not in rules


PATIENT: dict[str, Any] = {"deadline": 120.0, "first_token": 60.0, "pause": 60.0}


def running(url: str) -> float:
    """How many requests the server works on."""
    found = re.findall(r"^vllm:num_requests_running{.*} (\S+)$", httpx.get(f"{url}/metrics").text, re.MULTILINE)
    return sum(map(float, found))


def test_a_call_that_is_cancelled_is_not_computed_any_further(vllm: Vllm) -> None:
    async def begin_and_leave() -> None:
        client = Asker(Settings(urls=(vllm.url,)))
        message: Any = {"role": "user", "content": "Count the crates."}
        asked = client.complete(
            vllm.model, (message,), deadline=time.monotonic() + 300, max_tokens=7000, min_tokens=7000, ignore_eos=True
        )
        task = asyncio.create_task(asked)
        while await asyncio.to_thread(running, vllm.url) == 0:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.close()

    asyncio.run(begin_and_leave())
    until(lambda: running(vllm.url) == 0)


def finished(url: str) -> float:
    """How many requests the server has answered."""
    found = re.findall(r"^vllm:request_success_total{.*} (\S+)$", httpx.get(f"{url}/metrics").text, re.MULTILINE)
    return sum(map(float, found))


def test_replicas_share_the_calls_and_one_that_dies_and_returns_is_asked_again(
    vllm: Vllm, python: Path, tmp_path: Path
) -> None:
    launch = plan(PRESETS["cpu"], python=python, model=vllm.checkpoint, port=free_port())

    def start(log: str) -> Any:
        return serving(launch, tmp_path / log)

    def up(server: Server) -> None:
        server.wait_until_ready(timeout=PATIENCE)

    database = Database("sqlite://")
    before = finished(vllm.url)
    with start("first") as server:
        up(server)
        settings = Settings(urls=(vllm.url, launch.url), model=vllm.model, **PATIENT)
        with Asking(database, None, world=shipped_world("shop"), asked=settings) as asking:
            sessions = [asking.sessions.create(shipped_world("shop"), seed=seed) for seed in range(8)]
            asking.together(sessions, "estimate_delivery", warehouse_id="WH-01", country="AT")
            assert finished(launch.url) > 0
            assert finished(vllm.url) > before
        alone = Asking(database, launch.url, world=shipped_world("shop"), session_id="alone", **PATIENT)
        alone.ask("estimate_delivery", warehouse_id="WH-01", country="BE")
        assert alone.last().completions or alone.last().attempts[0].draft.completions[0].said
    with alone:
        alone.ask("estimate_delivery", warehouse_id="WH-01", country="DE")
        assert alone.last().responder == "synthesize"
        assert [found.rule for found in alone.last().attempts[0].violations] == ["unanswered"]
        with start("second") as server:
            up(server)
            until(lambda: asked_again(alone))
    database.close()


def asked_again(asking: Asking) -> bool:
    asking.ask("estimate_delivery", warehouse_id="WH-01", country="DK")
    step = asking.last()
    drafts = [step.completions, *(attempt.draft.completions for attempt in step.attempts)]
    return any(completion.said for completions in drafts for completion in completions)
