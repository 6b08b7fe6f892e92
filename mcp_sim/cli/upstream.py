"""What commands ask of a real service before they begin."""

from __future__ import annotations

import asyncio

from mcp_sim.errors import SetupError
from mcp_sim.learn.tools import ToolList, tools_of
from mcp_sim.responders.live.address import Address
from mcp_sim.responders.live.http import HttpUpstream
from mcp_sim.responders.live.mcp import McpUpstream
from mcp_sim.responders.live.upstream import TIMEOUT, UpstreamFailed


def reached(address: Address, timeout: float = TIMEOUT) -> tuple[McpUpstream | HttpUpstream, ToolList]:
    """The real service at an address, and the tools that it lists; an HTTP API lists none.

    Raises:
        SetupError: nothing answers there.
    """

    async def ask() -> list[dict[str, object]] | None:
        upstream = McpUpstream(address, timeout)
        try:
            return await upstream.tools()
        except UpstreamFailed as error:
            if address.url is None or not await _answers_http(address, timeout):
                raise SetupError(str(error)) from None
            return None
        finally:
            await upstream.aclose()

    found = asyncio.run(ask())
    if found is None:
        return HttpUpstream(address, timeout), ToolList()
    return McpUpstream(address, timeout), tools_of(found, address.name)


async def _answers_http(address: Address, timeout: float) -> bool:
    upstream = HttpUpstream(address, timeout)
    try:
        await upstream.send("GET", "/", {}, b"")
    except UpstreamFailed:
        return False
    finally:
        await upstream.aclose()
    return True
