"""A client of a real HTTP API."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson

from mcp_sim.responders.live.address import Address
from mcp_sim.responders.live.upstream import MOST, TIMEOUT, UpstreamFailed
from schemas.effects import Http
from schemas.types import Observation, Tool

_OURS = {"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "upgrade", "te", "trailer"}
"""Headers that belong to one connection."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: status, headers in order, body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The first header of this name, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), "")


class HttpUpstream:
    """A real HTTP API; a tool of it is an operation with a method and a path."""

    def __init__(self, address: Address, timeout: float = TIMEOUT) -> None:
        assert address.url is not None
        self.name = address.name
        self.base = address.url.rstrip("/")
        self._timeout = timeout
        self._headers = address.headers
        self._client: httpx.AsyncClient | None = None

    async def ask(self, tool: Tool, arguments: dict[str, Any]) -> Observation:
        """What it answers to one call.

        Raises:
            UpstreamFailed: it gave no answer, or the tool is no operation of an HTTP API.
        """
        http = None if tool.effect is None else tool.effect.http
        if http is None:
            raise UpstreamFailed(f"'{tool.name}' has no HTTP method and path here, so {self.name} cannot be asked")
        path, body = _request(http, arguments)
        headers = {} if body is None else {"Content-Type": "application/json"}
        return observation(await self.send(http.method, path, headers, b"" if body is None else orjson.dumps(body)))

    async def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Send one request; `path` begins with a slash, and holds the query.

        Raises:
            UpstreamFailed: no response came in time, or one that is too large.
        """
        if self._client is None:
            self._client = httpx.AsyncClient(headers=self._headers, timeout=self._timeout, follow_redirects=False)
        kept = {name: value for name, value in headers.items() if name.lower() not in _OURS}
        try:
            return await self._sent(self._client.build_request(method, self.base + path, headers=kept, content=body))
        except httpx.TimeoutException:
            raise UpstreamFailed(
                f"{self.name} did not answer {method} {path[:100]} within {self._timeout:g} s"
            ) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise UpstreamFailed(f"{self.name} failed on {method} {path[:100]}: {reason}") from None

    async def aclose(self) -> None:
        """End its connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _sent(self, request: httpx.Request) -> Answer:
        assert self._client is not None
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MOST:
                    where = f"{request.method} {request.url.path[:100]}"
                    raise UpstreamFailed(f"{self.name} answered {where} with more than {MOST // 2**20} MiB")
        finally:
            await response.aclose()
        dropped = {*_OURS, "content-encoding", "date", "server", "keep-alive"}
        headers = tuple((name, value) for name, value in response.headers.multi_items() if name.lower() not in dropped)
        return Answer(response.status_code, headers, bytes(body))


def observation(answer: Answer) -> Observation:
    """A response as an observation."""
    text = answer.body.decode(errors="replace")
    structured = None
    if "json" in answer.header("content-type") or text[:1] in ("{", "["):
        try:
            structured = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            structured = None
    return Observation(text, structured, answer.status >= 400, answer.status)


def _request(http: Http, arguments: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    """The path with its query, and the body."""
    names = re.findall(r"{(\w+)}", http.path)
    path = re.sub(r"{(\w+)}", lambda found: quote(_text(arguments.get(found[1], "")), safe=""), http.path)
    others = {name: value for name, value in arguments.items() if name not in names}
    if http.method in ("POST", "PUT", "PATCH"):
        return path, others
    query = urlencode({name: _query(value) for name, value in others.items()}, doseq=True)
    return (f"{path}?{query}" if query else path), None


def _query(value: Any) -> Any:
    return [_text(part) for part in value] if isinstance(value, list) else _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
