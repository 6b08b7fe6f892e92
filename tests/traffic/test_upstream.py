"""A real service that misbehaves costs one clear sentence; the next call is answered."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from mcp_sim.errors import SetupError
from mcp_sim.responders.live import mcp
from mcp_sim.responders.live.address import Address, address_of
from mcp_sim.responders.live.mcp import McpUpstream
from mcp_sim.responders.live.upstream import UpstreamFailed
from schemas.types import Tool
from tests.traffic.conftest import Pinboard, run

ROGUE = Address(command=(sys.executable, "-I", str(Path(__file__).parent / "rogue.py")))


@pytest.mark.parametrize(
    ("tool", "sentence"),
    [
        ("hang", "did not answer 'hang' within 0.4 s"),
        ("babble", "did not answer 'babble' within 0.4 s (its last words: Segmentation fault, sort of)"),
        ("die", "ended the connection during 'die' (it ended with status 3)"),
        ("lie", "answers 'lie' otherwise than it declares: Invalid structured content"),
        ("flood", "16 MiB"),
    ],
)
def test_an_upstream_that_misbehaves_costs_one_sentence(tool: str, sentence: str) -> None:
    async def talk() -> None:
        upstream = McpUpstream(ROGUE, 30.0 if tool == "flood" else 0.4)
        async with aclosing(upstream):
            with pytest.raises(UpstreamFailed) as failed:
                await upstream.ask(Tool(name=tool), {})
            assert sentence in str(failed.value)
            assert "\n" not in str(failed.value)
            assert (await upstream.ask(Tool(name="ask"), {})).structured_content == {"id": "N-1"}

    run(talk)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("no-such-program --at-all", "'no-such-program' cannot be started: No such file or directory"),
        ("false", "'false' does not list its tools over MCP: Connection closed (it ended with status 1)"),
        ("sleep 100", "'sleep 100' did not list its tools over MCP within 0.2 s"),
        ("http://127.0.0.1:9/mcp", "http://127.0.0.1:9/mcp does not list its tools over MCP: All connection attempts"),
    ],
)
def test_what_is_no_mcp_server_is_told_in_one_sentence(
    command: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp, "START", 0.2 if command.startswith("sleep") else 30.0)

    async def talk() -> None:
        upstream = McpUpstream(address_of(command))
        with pytest.raises(UpstreamFailed) as failed:
            await upstream.tools()
        assert str(failed.value).startswith(sentence)
        await upstream.aclose()

    run(talk)


def test_calls_that_come_together_share_one_connection(pinboard: Pinboard) -> None:
    async def talk() -> None:
        async with pinboard() as upstream:
            tool = Tool(name="add_note")
            await asyncio.gather(*(upstream.ask(tool, {"id": f"N-{n}", "title": "x"}) for n in range(2, 8)))
            assert (await upstream.ask(Tool(name="count_notes"), {})).text == "7 notes"

    run(talk)


def test_an_address_is_a_url_or_a_command() -> None:
    assert address_of("npx -y 'a server' --flag").command == ("npx", "-y", "a server", "--flag")
    assert address_of("https://a.example/mcp", ["X-Key: 1:2"]) == Address(
        "https://a.example/mcp", headers={"X-Key": "1:2"}
    )
    assert address_of("https://ada:secret@a.example/mcp?key=1").name == "https://a.example/mcp"


@pytest.mark.parametrize(
    ("text", "headers", "sentence"),
    [
        ("", None, "name a real service: a URL, or the command that starts an MCP server"),
        ("https://", None, "'https://' names no host; write e.g. http://127.0.0.1:3000/mcp"),
        ("npx 'a", None, "'npx 'a' cannot be read as a command: no closing quotation"),
        ("http://a.example", ["nonsense"], "'nonsense' is no header; write 'Name: value'"),
        ("server", ["A: b"], "a command takes no headers; give it its secrets in the environment"),
    ],
)
def test_an_address_that_is_none_is_refused(text: str, headers: list[str] | None, sentence: str) -> None:
    with pytest.raises(SetupError) as refused:
        address_of(text, headers)
    assert str(refused.value) == sentence
