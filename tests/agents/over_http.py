"""The tools of a session over plain HTTP: one request for each call, with the standard library alone, so it starts fast.

`python -m tests.agents.over_http tests.agents.careful` does the job of a contract, as an agent command does;
`tests.agents.over_http:careful` does it inside the runner.
"""

from __future__ import annotations

import http.client
import importlib
import itertools
import json
import os
import sys
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from tests.agents.tools import Answer

VERSION = "2026-07-28"
WAITED = "io.mcp-sim/waited"
_CLIENT = {
    "io.modelcontextprotocol/protocolVersion": VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "light", "version": "1"},
}


class OverHttp:
    """A connection to an MCP endpoint; waiting costs virtual time alone."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        self._path = address.path
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        self._numbers = itertools.count(1)
        self._waited = 0.0

    def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        waited, self._waited = self._waited, 0.0
        meta = _CLIENT | ({WAITED: waited} if waited else {})
        answer = self.request("tools/call", {"name": tool, "arguments": arguments, "_meta": meta}, tool)
        if "error" in answer:
            return Answer(str(answer["error"]["message"]), is_error=True)
        result = answer["result"]
        text = "\n".join(part.get("text", "") for part in result["content"])
        return Answer(text, result.get("structuredContent"), result.get("isError", False))

    def wait(self, seconds: float) -> None:
        self._waited += seconds

    def close(self) -> None:
        self._connection.close()

    def request(self, method: str, params: dict[str, Any], name: str = "") -> dict[str, Any]:
        """The answer to one JSON-RPC request."""
        message = {"jsonrpc": "2.0", "id": next(self._numbers), "method": method, "params": params}
        headers = {
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            "MCP-Protocol-Version": VERSION,
            "Mcp-Method": method,
        }
        self._connection.request(
            "POST", self._path, json.dumps(message), headers | ({"Mcp-Name": name} if name else {})
        )
        body = self._connection.getresponse().read()
        lines = [line[6:] for line in body.split(b"\n") if line.startswith(b"data: {")]
        found: dict[str, Any] = json.loads(lines[-1] if lines else body)
        return found


def careful(job: Any) -> None:
    """The careful agent as a function, for the runner."""
    _do("tests.agents.careful", job.contract, job.url)


def careless(job: Any) -> None:
    """The careless agent as a function."""
    _do("tests.agents.careless", job.contract, job.url)


def main() -> None:
    _do(sys.argv[1], os.environ["MCP_SIM_CONTRACT"], os.environ["MCP_SIM_URL"])


def _do(agent: str, contract: str, url: str) -> None:
    with closing(OverHttp(url)) as tools:
        importlib.import_module(agent).JOBS[contract](tools)


if __name__ == "__main__":
    main()
