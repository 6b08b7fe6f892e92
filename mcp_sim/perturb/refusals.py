"""What the agent is told instead of an answer."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil
from typing import Any

from mcp_sim.perturb.limits import Limited
from mcp_sim.perturb.occasion import Occasion
from mcp_sim.perturb.rule import Memory, Rule
from mcp_sim.responders.base import UNKNOWN_TOOL, unknown_tool
from schemas.perturbations import (
    Auth,
    Cancel,
    Error,
    Permission,
    ProtocolError,
    RateLimit,
    Timeout,
    Unavailable,
)
from schemas.types import Observation, Wire

_TEXTS = {
    500: "Internal Server Error: the service could not complete the request.",
    502: "Bad Gateway: the service did not get a valid response from its backend.",
    503: "Service Unavailable: the service cannot handle the request right now.",
    504: "Gateway Timeout: the service did not answer in time.",
}
CLIENT_CLOSED = 499
"""The status of a request that was given up; HTTP has no name for it."""


def refusal(rule: Rule, occasion: Occasion, memory: Memory) -> tuple[Observation, dict[str, Any]]:
    """What the agent sees of a call that a rule refuses or silences, and what the ledger says of it."""
    match rule.perturbation.spec:
        case RateLimit() as limit:
            assert isinstance(rule, Limited)
            seconds = rule.retry_after(occasion.seconds, memory)
            headers = rule.headers(occasion.seconds, memory, taken=False) if limit.headers else {}
            text = limit.text or f"Too Many Requests: at most {limit.calls} calls in {limit.per:g} seconds."
            return _failed(429, text, headers, seconds)
        case Auth(text=text, renewed_by=tool):
            how = f" Renew it with {tool}." if tool else " It is being renewed; try again."
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="The token expired"'}
            return _failed(401, text or f"Unauthorized: the access token has expired.{how}", headers)
        case Permission(status=status, text=text):
            return _failed(status, text or f"Forbidden: you do not have permission to use {occasion.call.tool}.")
        case Unavailable(gone=True, text=text):
            told = text or f"Unknown tool: {occasion.call.tool}"
            return unknown_tool(told), {"status": 404, "code": UNKNOWN_TOOL}
        case (
            Unavailable(status=status, text=text, retry_after=after)
            | Error(status=status, text=text, retry_after=after)
        ):
            return _failed(status, text or _text(status), {}, after)
        case ProtocolError() as error:
            return protocol_error(error)
        case Timeout(seconds=seconds, after_commit=after_commit, text=text):
            told = text or f"The request timed out after {seconds:g} seconds."
            return Observation(told, is_error=True, status=504), {"status": 504, "after_commit": after_commit}
        case Cancel(text=text, after_commit=after_commit):
            did = {"status": CLIENT_CLOSED, "after_commit": after_commit}
            return Observation(text, is_error=True, status=CLIENT_CLOSED), did
    raise AssertionError(rule.kind)


def protocol_error(spec: ProtocolError) -> tuple[Observation, dict[str, Any]]:
    """A JSON-RPC error in place of a result, and what the ledger says of it."""
    return Observation(spec.text, is_error=True, status=500, wire=Wire(code=spec.code)), {"code": spec.code}


def _failed(
    status: int, text: str, headers: dict[str, str] | None = None, retry_after: float | None = None
) -> tuple[Observation, dict[str, Any]]:
    did: dict[str, Any] = {"status": status}
    headers = dict(headers or {})
    if retry_after is not None:
        seconds = ceil(retry_after)
        did["retry_after"] = seconds
        headers["Retry-After"] = str(seconds)
        text = f"{text} Retry after {seconds} second{'' if seconds == 1 else 's'}."
    return Observation(text, is_error=True, status=status, wire=Wire(headers) if headers else None), did


def _text(status: int) -> str:
    if status in _TEXTS:
        return _TEXTS[status]
    try:
        return f"{HTTPStatus(status).phrase}: the request failed."
    except ValueError:
        return "The request failed."
