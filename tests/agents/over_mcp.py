"""The tools of a session over the MCP SDK's own client, as an agent under test has them.

`python -m tests.agents.careful` does the job of a contract in a process of its own; `tests.agents.over_mcp:careful` does
it inside the runner.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from anyio import from_thread, to_thread
from mcp import MCPError
from mcp.client import Client
from mcp_types import CallToolResult, TextContent

from tests.agents.tools import Answer, Job

if TYPE_CHECKING:
    from mcp_sim.runner import Job as Trial

WAITED = "io.mcp-sim/waited"


class OverMcp:
    """A connection to an MCP endpoint, for a job in a thread beside it; waiting costs virtual time alone."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waited = 0.0

    def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        meta, self._waited = ({WAITED: self._waited} if self._waited else None), 0.0
        try:
            result: CallToolResult = from_thread.run(partial(self._client.call_tool, tool, arguments, meta=meta))
        except MCPError as error:
            return Answer(str(error), is_error=True)
        text = "\n".join(part.text for part in result.content if isinstance(part, TextContent))
        return Answer(text, result.structured_content, bool(result.is_error))

    def wait(self, seconds: float) -> None:
        self._waited += seconds


async def work(url: str, job: Job) -> None:
    """Do a job at this address."""
    async with Client(url) as client:
        await to_thread.run_sync(job, OverMcp(client), abandon_on_cancel=True)


def main(jobs: Mapping[str, Job]) -> None:
    """Do the job of the contract that the environment names."""
    anyio.run(work, os.environ["MCP_SIM_URL"], jobs[os.environ["MCP_SIM_CONTRACT"]])


async def careful(trial: Trial) -> None:
    from tests.agents.careful import JOBS  # noqa: PLC0415 - which imports this module as a program

    await work(trial.url, JOBS[trial.contract])


async def careless(trial: Trial) -> None:
    from tests.agents.careless import JOBS  # noqa: PLC0415 - which imports this module as a program

    await work(trial.url, JOBS[trial.contract])
