"""A client of a real MCP server, of either protocol era, over stdio or HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import httpx2
import orjson
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent
from pydantic import ValidationError

from mcp_sim.responders.live.address import Address
from mcp_sim.responders.live.pipes import Pipes
from mcp_sim.responders.live.upstream import MOST, TIMEOUT, UpstreamFailed
from schemas.types import Observation, Tool, Wire

_GONE = -32000
"""The code of the SDK for a connection that ended."""
_TIMED_OUT = -32001
_MOST_PAGES = 1000
START = 30.0
"""Seconds that a server has to start and to list its tools."""


class McpUpstream:
    """One connection to a real MCP server, made when it is first wanted, and anew after a failure."""

    def __init__(self, address: Address, timeout: float = TIMEOUT) -> None:
        self.name = address.name
        self._address = address
        self._timeout = timeout
        self._pipes = Pipes()
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[None] | None = None
        self._client: Client | None = None
        self._listed: list[dict[str, Any]] = []

    async def ask(self, tool: Tool, arguments: dict[str, Any]) -> Observation:
        """What it answers to one call.

        Raises:
            UpstreamFailed: it hung, died, or answered what is no answer; the next call connects anew.
        """
        client = await self._connected()
        try:
            async with asyncio.timeout(self._timeout):
                result = await client.session.call_tool(tool.name, arguments)
        except TimeoutError:
            raise await self._lost(f"did not answer '{tool.name}' within {self._timeout:g} s") from None
        except MCPError as error:
            if error.code in (_GONE, _TIMED_OUT):
                raise await self._lost(f"ended the connection during '{tool.name}'") from None
            return Observation(error.message, is_error=True, status=400, wire=Wire(code=error.code))
        except (RuntimeError, ValidationError) as error:
            reason = _reason(error)[:300]
            raise UpstreamFailed(f"{self.name} answers '{tool.name}' otherwise than it declares: {reason}") from None
        except (OSError, ValueError, httpx2.HTTPError) as error:
            raise await self._lost(f"failed during '{tool.name}': {_reason(error)}") from None
        return _observation(result)

    async def tools(self) -> list[dict[str, Any]]:
        """What it lists, page by page.

        Raises:
            UpstreamFailed: it gave no list.
        """
        await self._connected()
        return self._listed

    async def aclose(self) -> None:
        """End the connection, and the process where one was started."""
        await self._drop()

    async def _connected(self) -> Client:
        async with self._lock:
            if self._client is not None and self._holder is not None and not self._holder.done():
                return self._client
            ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
            self._pipes = Pipes()
            self._holder = asyncio.create_task(self._hold(ready))
            try:
                async with asyncio.timeout(START):
                    self._client = await asyncio.shield(ready)
            except TimeoutError:
                raise await self._lost(f"did not list its tools over MCP within {START:g} s") from None
            except UpstreamFailed:
                raise
            except Exception as error:
                raise await self._lost(f"does not list its tools over MCP: {_reason(error)}") from None
            return self._client

    async def _hold(self, ready: asyncio.Future[Client]) -> None:
        """Keep the connection open in a task of its own, which the SDK wants to enter and leave it."""
        try:
            async with self._transport() as transport, Client(transport, cache=None) as client:
                self._listed = await _listed(client)
                ready.set_result(client)
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            if not ready.done():
                ready.set_exception(_first(error))
        finally:
            if not ready.done():
                ready.cancel()

    @asynccontextmanager
    async def _transport(self) -> AsyncIterator[Any]:
        async with AsyncExitStack() as stack:
            if self._address.url is None:
                yield self._pipes.open(self._address.command)
                return
            http = httpx2.AsyncClient(
                transport=_Bounded(httpx2.AsyncHTTPTransport()),
                headers=self._address.headers,
                timeout=httpx2.Timeout(self._timeout, read=None),
            )
            await stack.enter_async_context(http)
            yield streamable_http_client(self._address.url, http_client=http, max_sse_event_size=MOST)

    async def _drop(self) -> None:
        holder, self._holder, self._client = self._holder, None, None
        if holder is not None:
            holder.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await holder

    async def _lost(self, what: str) -> UpstreamFailed:
        """The failure that ends this connection, with what is known of its cause."""
        await asyncio.sleep(0)
        why = self._pipes.why()
        await self._drop()
        why = why or self._pipes.why() if self._pipes.ended_alone else why
        return UpstreamFailed(f"{self.name} {what}{f' ({why})' if why else ''}")


async def _listed(client: Client) -> list[dict[str, Any]]:
    """Every page of its tools, which the client goes by in later calls."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools]
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


class _Bounded(httpx2.AsyncBaseTransport):
    """Bodies of responses end with an error before they are too large to hold."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
        if not is_stream and isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Body(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Body(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._inner:
            size += len(piece)
            if size > MOST:
                raise httpx2.ReadError(f"a message of more than {MOST // 2**20} MiB")
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


def _observation(result: CallToolResult) -> Observation:
    """The result as an observation; content that is no text is told as its JSON."""
    parts = [
        part.text
        if isinstance(part, TextContent)
        else orjson.dumps(part.model_dump(mode="json", by_alias=True, exclude_none=True)).decode()
        for part in result.content
    ]
    structured = result.structured_content
    text = "\n".join(parts) if parts or structured is None else orjson.dumps(structured).decode()
    is_error = bool(result.is_error)
    return Observation(text, structured, is_error, 400 if is_error else 200)


def _first(error: BaseException) -> Exception:
    """The first failure of a group of them, which is what a user can do something about."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Exception) else RuntimeError(type(error).__name__)


def _reason(error: BaseException) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
    lines = str(_first(error)).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
