"""What an agent is given, what it may report, and what it can reach."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client import Client as McpClient

from mcp_sim.cli.connect import Client, config_file
from mcp_sim.errors import SetupError
from mcp_sim.runner import Job, cases_of, run
from mcp_sim.runner.agents import agent_of
from mcp_sim.runner.job import Ending
from tests.agents.over_http import OverHttp
from tests.runner.conftest import DRACO, Try, TryOne, command
from tests.running import HARBOUR


def build(job: Job) -> None:
    with closing(OverHttp(job.url)) as tools:
        tools.call("build_ship", {"name": "Draco", "yard": "Gdansk"})


def outcome(found: Any, name: str) -> str:
    (clause,) = [clause for clause in found.verdict.clauses if clause.clause == name]
    return str(clause.outcome)


def test_a_command_finds_its_job_in_environment_and_arguments(
    tried_once: TryOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCP_SIM_DB", "sqlite:///secret.db")
    config = partial(config_file, Client.CLAUDE_CODE)
    result = tried_once(
        command("shows_what_it_is_given", "--url={url}", "{task}", "{config}", "{other}"), config=config
    )
    given = json.loads(result.output)
    environment = given["environment"]
    url = environment["MCP_SIM_URL"]
    assert url.startswith("http://127.0.0.1:")
    task = "Build a ship named Draco in Gdansk. Write {braces} if you like."
    assert given["arguments"][:2] == [f"--url={url}", task]
    assert given["arguments"][3] == "{other}"
    assert json.loads(given["config"]) == {"mcpServers": {"mcp-sim": {"type": "http", "url": url}}}
    assert environment["MCP_SIM_TASK"] == task
    assert environment["MCP_SIM_CONTRACT"] == "harbour/build-the-draco"
    assert environment["MCP_SIM_SEED"] == "0"
    assert "MCP_SIM_DB" not in environment
    assert given["stdin"] == ""


@pytest.mark.parametrize("client", sorted(set(Client) - {Client.CLAUDE_DESKTOP}))
def test_every_client_gets_a_file_that_names_the_url(client: Client) -> None:
    name, content = config_file(client, "http://127.0.0.1:1/x")
    assert "http://127.0.0.1:1/x" in content
    assert name.endswith(".toml" if client is Client.CODEX else ".json")


def test_a_client_that_takes_no_url_is_refused() -> None:
    with pytest.raises(SetupError, match="takes no URL; take another client"):
        config_file(Client.CLAUDE_DESKTOP, "http://127.0.0.1:1/x")


def test_what_an_agent_reports_is_judged(tried_once: TryOne) -> None:
    result = tried_once(command("reports"))
    assert outcome(result, "said so") == "held"
    assert "1200 tokens" in next(clause for clause in result.verdict.broken if clause.verb == "budget").message


def test_a_report_that_is_no_json_is_told_and_counts_for_nothing(tried_once: TryOne) -> None:
    result = tried_once(command("reports_nonsense"))
    assert result.outcome == "passed"
    assert result.output == "[its MCP_SIM_REPORT is no JSON]"
    assert outcome(result, "said so") == "broken"


@pytest.mark.parametrize("value", ["Draco is built", {"answer": "Draco is built", "tokens": 3}])
def test_a_function_is_an_agent_and_returns_its_answer(value: Any, tried_once: TryOne) -> None:
    def agent(job: Job) -> Any:
        build(job)
        return value

    async def meanwhile(job: Job) -> Any:
        return await asyncio.to_thread(agent, job)

    for each in (agent, meanwhile):
        result = tried_once(each)
        assert result.outcome == "passed"
        assert outcome(result, "said so") == "held"


def test_a_function_that_fails_has_crashed(tried_once: TryOne) -> None:
    def agent(job: Job) -> None:
        build(job)
        raise KeyError("ship")

    result = tried_once(agent)
    assert (result.outcome, result.trouble) == ("failed", "crashed")
    assert result.told.startswith("The agent ended with KeyError: 'ship' after 1 call")
    assert "Traceback" in result.output


def test_a_report_that_would_never_end_is_no_report(tried_once: TryOne) -> None:
    result = tried_once("bash -c 'mkfifo $MCP_SIM_REPORT'")
    assert result.trouble == "never-connected"
    assert "its MCP_SIM_REPORT is no file" in result.output


def test_an_agent_that_leaves_alone_what_it_shall_leave_alone_passes(tmp_path: Path) -> None:
    path = tmp_path / "refuse.yaml"
    path.write_text("name: refuse\nworld: harbour\ninstruction: Scrap all.\nclauses: [{nothing_else: true}]\n")
    path.write_text(path.read_text().replace("harbour", str(HARBOUR)))

    async def refuse(job: Job) -> str:
        async with McpClient(job.url) as client:
            await client.list_tools()
        return "I will not do that."

    report = asyncio.run(run(cases_of([str(path)]), refuse))
    assert report.outcome == "passed", report.results[0].told


def test_a_function_that_exits_has_crashed_and_nothing_else_has(tried_once: TryOne) -> None:
    def agent(job: Job) -> None:
        build(job)
        sys.exit(4)

    result = tried_once(agent)
    assert result.told.startswith("The agent ended with RuntimeError: SystemExit: 4 after 1 call")


def test_a_function_that_hangs_is_left_alone(tried_once: TryOne) -> None:
    over = threading.Event()

    def agent(job: Job) -> None:
        build(job)
        over.wait()

    async def waits(job: Job) -> None:
        await asyncio.to_thread(build, job)
        await asyncio.Event().wait()

    assert tried_once(agent, timeout=1).trouble == "hung"
    assert tried_once(waits, timeout=1).trouble == "hung"
    over.set()


def test_an_agent_reaches_its_own_session_and_nothing_else(tried: Try) -> None:
    urls: list[str] = []
    found: dict[str, int] = {}

    async def agent(job: Job) -> None:
        urls.append(job.url)
        base = job.url.partition("/sessions")[0]
        async with httpx.AsyncClient(trust_env=False) as client:
            for path in ("/", "/control/sessions", "/control/openapi.json", "/mcp", "/sessions/default/mcp"):
                found[path] = (await client.post(base + path, json={})).status_code
                assert "control" not in (await client.get(base + path)).text
            if len(urls) > 1:
                found["a session that is over"] = (await client.post(urls[0], json={})).status_code
            strange = {"Host": "example.com"}
            found["by another name"] = (await client.post(job.url, json={}, headers=strange)).status_code
        await asyncio.to_thread(build, job)

    report = tried(agent, seeds=[1, 2], jobs=1)
    assert report.outcome == "passed"
    assert found.pop("by another name") == 421
    assert len(found) == 6
    assert set(found.values()) == {404}
    assert urls[0] != urls[1]


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("", "--agent is empty: give a command, or module:function"),
        ("   ", "--agent is empty: give a command, or module:function"),
        ("agent 'half", "--agent 'agent 'half' cannot be taken apart: no closing quotation"),
        ("no_such_module:agent", "--agent 'no_such_module:agent': no module 'no_such_module' on the Python path"),
        ("tests.agents.over_mcp:carefull", "module 'tests.agents.over_mcp' has no function 'carefull'"),
    ],
)
def test_an_agent_that_cannot_be_meant_is_refused(agent: str, told: str) -> None:
    with pytest.raises(SetupError) as refused:
        agent_of(agent)
    assert told in str(refused.value)


def test_a_seed_repeats_itself(tried: Try) -> None:
    first, again = (tried(build, seeds=[7]).results[0].trace for _ in range(2))
    assert first.steps == again.steps


def test_results_come_in_the_order_of_their_cases(tried: Try) -> None:
    report = tried(build, seeds=range(20), jobs=7)
    assert [result.case.seed for result in report.results] == list(range(20))
    assert {result.case.source for result in report.results} == {DRACO}
    assert (report.k, report.outcome) == (20, "passed")


def test_a_fault_of_ours_is_no_fault_of_the_agent(tried_once: TryOne) -> None:
    class Lost:
        name = "lost"

        async def work(self, job: Job, stop: asyncio.Event) -> Ending:
            raise OSError("no room left")

    result = tried_once(Lost())
    assert (result.outcome, result.trouble) == ("error", "simulator")
    assert result.told == "The simulator failed, so this is no fair trial: no room left"
