"""The MCP Inspector at the shop, through every door."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from .node import Outcome, run

INSPECTOR = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
TOOL_SAID_NO = 5
UNPAID = {"order_id": "ORD-00020", "warehouse_id": "WH-01", "carrier": "gull_post"}


class Inspector:
    """The Inspector's command line, pointed at one server."""

    def __init__(self, *target: str) -> None:
        self._target = target

    def ask(self, method: str, *arguments: str) -> Outcome:
        return run(INSPECTOR, "--cli", *self._target, "--format", "json", "--method", method, *arguments)

    def call(self, tool: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
        outcome = self.ask("tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments))
        assert outcome.stdout, outcome.stderr
        result = outcome.json["result"]
        assert isinstance(result, dict)
        return outcome.code, result


@pytest.fixture(params=["legacy", "modern", "stdio"], ids=["http-handshake", "http-2026-07-28", "stdio"])
def inspector(request: pytest.FixtureRequest, tmp_path: Path) -> Inspector:
    if request.param == "stdio":
        serve = ["-m", "mcp_sim", "serve", "shop", "--stdio", "--db", f"sqlite:///{tmp_path}/shop.db"]
        return Inspector(sys.executable, *serve)
    url = request.getfixturevalue("shop_url")
    return Inspector(url, "--transport", "http", "--protocol-era", request.param)


def test_the_inspector_lists_every_tool_and_finds_no_error_in_them(inspector: Inspector) -> None:
    outcome = inspector.ask("tools/list", "--strict")
    assert outcome.code == 0, outcome.stderr
    assert "0 errors" in outcome.stderr
    result = outcome.json["result"]
    assert isinstance(result, dict)
    assert len(result["tools"]) == 49


def test_the_inspector_reads_what_it_created(inspector: Inspector) -> None:
    code, created = inspector.call("create_customer", name="Ada Lark", email="ada.lark@example.org")
    assert code == 0, created
    _, read = inspector.call("get_customer", id=created["structuredContent"]["id"])
    assert read["structuredContent"] == created["structuredContent"]


@pytest.mark.parametrize(
    ("tool", "arguments", "reason"),
    [
        (
            "ship_order",
            {"order_id": "ORD-00020", "warehouse_id": "WH-01", "carrier": "gull_post"},
            "only a paid order can ship",
        ),
        ("delete_customer", {"id": "CUS-0001"}, "stays in the books"),
    ],
    ids=["guarded", "restricted"],
)
def test_the_inspector_is_told_why_not(inspector: Inspector, tool: str, arguments: dict[str, Any], reason: str) -> None:
    code, refused = inspector.call(tool, **arguments)
    assert (code, refused["isError"]) == (TOOL_SAID_NO, True)
    assert reason in refused["content"][0]["text"]
