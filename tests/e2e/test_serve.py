"""`mcp-sim serve`: what it says is so, what it began goes on, and it ends when asked to."""

from __future__ import annotations

import ast
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from mcp.client import Client

from .program import Program, Served
from .rows import read_rows, read_sessions

pytestmark = pytest.mark.anyio
ADA = {"name": "Ada Lark", "email": "ada.lark@example.org"}


def examples(served: Served) -> Iterator[tuple[str, dict[str, Any], str]]:
    """What the welcome proposes to try: tool, arguments, and what is said about it."""
    _, _, proposed = served.welcome.partition("Try first")
    for line in proposed.splitlines()[1:-1]:
        call, bracket, why = line.strip("│ ").partition(")  ")
        expression = ast.parse(call + bracket.strip(), mode="eval").body
        assert isinstance(expression, ast.Call)
        assert isinstance(expression.func, ast.Name)
        arguments = {str(given.arg): ast.literal_eval(given.value) for given in expression.keywords}
        yield expression.func.id, arguments, why


@pytest.mark.parametrize("world", ["helpdesk", "mars-colony", "shop"])
async def test_the_examples_of_the_welcome_go_as_it_says(program: Program, world: str) -> None:
    served = program.serve(world)
    outcomes = []
    async with Client(served.url) as client:
        for tool, arguments, why in examples(served):
            result = await client.call_tool(tool, arguments)
            outcomes.append((tool, result.is_error, why.startswith("refused")))
    assert [(tool, refused) for tool, refused, _ in outcomes] == [(tool, said) for tool, _, said in outcomes]
    assert {refused for _, refused, _ in outcomes} == {True, False}
    assert len(outcomes) == 5


async def test_the_default_session_goes_on_after_a_restart_even_of_a_server_that_was_killed(program: Program) -> None:
    served = program.serve("shop")
    assert "Continues" not in served.welcome
    async with Client(served.url) as client:
        created = await client.call_tool("create_customer", ADA)
        served.kill()
    served = program.serve("shop")
    assert "Continues      at step 1;" in served.welcome
    async with Client(served.url) as client:
        read = await client.call_tool("get_customer", {"id": created.structured_content["id"]})
    assert read.structured_content == created.structured_content
    served.end()
    assert "Continues      at step 2;" in program.serve("shop").welcome


async def test_another_world_or_seed_has_a_default_session_of_its_own_beside_the_earlier_one(program: Program) -> None:
    served = program.serve("shop")
    async with Client(served.url) as client:
        await client.call_tool("create_customer", ADA)
    before = read_rows(program.database)

    program.serve("helpdesk").end()
    other = program.serve("helpdesk", "--seed", "5")
    assert "this one is 'helpdesk-5'" in other.welcome
    assert sorted(read_sessions(program.database)) == ["default", "helpdesk", "helpdesk-5"]
    assert read_rows(program.database) == before
    async with Client(other.url) as client:
        assert "list_tickets" in {tool.name for tool in (await client.list_tools()).tools}
    async with Client(served.url) as client:
        customers = await client.call_tool("list_customers", {"q": ADA["email"]})
    assert [customer["name"] for customer in customers.structured_content["items"]] == ["Ada Lark"]


def refused(program: Program, *arguments: str) -> str:
    """The one sentence with which `serve` does not start."""
    done = program.run("serve", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


def test_a_port_in_use_is_named_and_leaves_the_default_session_alone(program: Program) -> None:
    port = program.serve("shop").address.rpartition(":")[2]
    said = refused(program, "helpdesk", "--port", port)
    assert said == (
        f"cannot listen on 127.0.0.1:{port}: Address already in use; take another with --port, "
        f"e.g. --port {int(port) + 1}"
    )
    assert read_sessions(program.database) == {"default"}


@pytest.mark.parametrize("how", [[], ["--stdio"]], ids=["http", "stdio"])
def test_a_file_that_is_no_database_is_named_and_left_alone(program: Program, how: list[str]) -> None:
    program.database.write_text("a shopping list\n" * 100)
    assert refused(program, *how) == f"sqlite:///{program.database}: file is not a database"
    assert program.database.read_text() == "a shopping list\n" * 100


def test_an_unknown_world_is_told_the_nearest_name(program: Program) -> None:
    assert refused(program, "mars-colny") == (
        "no world 'mars-colny' (did you mean 'mars-colony'?): give a file, a folder, or one of "
        "helpdesk, mars-colony, shop"
    )
    assert not program.database.exists()


def test_other_machines_are_not_served_without_a_token(program: Program) -> None:
    said = refused(program, "--host", "0.0.0.0", "--port", "0")
    assert said == "'0.0.0.0' can be reached from other machines: give a token, or bind to 127.0.0.1"


@pytest.mark.parametrize(
    ("how", "status", "era"), [(signal.SIGINT, 130, "legacy"), (signal.SIGTERM, -signal.SIGTERM, "auto")]
)
async def test_a_server_with_a_client_ends_in_silence_within_seconds(
    program: Program, how: signal.Signals, status: int, era: str
) -> None:
    served = program.serve("shop")
    async with Client(served.url, mode=era) as client:
        await client.call_tool("list_warehouses")
        asked = time.monotonic()
        # asyncio may take the interrupt itself while the last stream is cut off, and then ends with 0.
        assert served.end(how) in [(status, ""), (0, "")]
    assert time.monotonic() - asked < 10


def test_a_server_over_stdio_that_waits_for_a_line_can_be_interrupted(program: Program) -> None:
    server = program.stdio("shop")
    with subprocess.Popen(
        [server.command, *server.args], env=server.env, cwd=server.cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"hello?\n")
        process.stdin.flush()
        assert b"This line is not JSON" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=10) == -signal.SIGINT
        finally:
            process.kill()
