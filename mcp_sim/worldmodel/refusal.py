"""Why a server gave no answer: one sentence for the Step, and whether asking again, or otherwise, may help."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx
import orjson

_SHOWN = 300
"""Characters of what a server says about its refusal."""
_BUSY = frozenset({408, 409, 425, 429})
_TOO_LONG = re.compile(
    r"context[ _](length|size|window)|maximum (model|input) length|prompt is too long", re.IGNORECASE
)
_UNSUPPORTED = re.compile(r"schema|grammar|guided|structured|response_format", re.IGNORECASE)
_BAD_ROLES = re.compile(
    r"\broles?\b.{0,60}(support|alternate|allowed|only)|(support|unexpected|unknown|invalid|only).{0,60}\broles?\b",
    re.IGNORECASE,
)


class Unanswered(Exception):
    """No answer came; the message is one sentence for the Step."""


class TooLong(Unanswered):
    """The server found the question longer than its context."""


class Unsupported(Unanswered):
    """The server does not take the schema of the answer."""


class NoSuchModel(Unanswered):
    """The server knows no model of this name, or is none."""


class BadRoles(Unanswered):
    """The chat template of the server does not take the roles of the messages."""


class Passing(Unanswered):
    """A failure that may be over soon, or that another server may not have.

    Attributes:
        after: seconds for which the server wants to be left alone.
    """

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


def refusal(status: int, body: bytes, headers: Mapping[str, str]) -> Unanswered:
    """What an answer with a status other than 200 means; of the headers, their names in lower case."""
    told = f"answers {_status(status)}"
    if said := _said(body):
        told = f"{told}: {said}"
    if place := headers.get("location"):
        told = f"{told}, and says that it is at {one_line(place)}"
    if status in _BUSY:
        return Passing(told, _seconds(headers.get("retry-after", "")))
    if status == 413 or _TOO_LONG.search(told):
        return TooLong(told)
    if _UNSUPPORTED.search(told):
        return Unsupported(told)
    if _BAD_ROLES.search(told):
        return BadRoles(told)
    if status >= 500:
        return Passing(told, _seconds(headers.get("retry-after", "")))
    return NoSuchModel(told) if status == 404 else Unanswered(told)


def unreached(error: httpx.HTTPError | httpx.InvalidURL) -> Passing:
    """What a failure on the way to a server, or back, means."""
    match error:
        case httpx.ConnectTimeout():
            return Passing("gives no connection in time")
        case httpx.ConnectError():
            return Passing(f"gives no connection ({one_line(str(error))})")
        case httpx.NetworkError() | httpx.RemoteProtocolError():
            return Passing("broke off the connection")
    return Passing(f"cannot be asked ({one_line(str(error)) or type(error).__name__})")


def blame(problem: Unanswered, base: str, secret: str) -> None:
    """Let the message begin with the server that it is about, and take out what nobody may read."""
    told = f"{base} {problem}"
    problem.args = (told.replace(secret, "…") if secret else told,)


def message_of(body: Any) -> str:
    """What an error body says, as far as it is one."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    return one_line(str(inner.get("message", inner) if isinstance(inner, dict) else inner))


def one_line(text: str) -> str:
    """A text without line breaks, and no longer than people like to read."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _said(body: bytes) -> str:
    try:
        return message_of(orjson.loads(body))
    except orjson.JSONDecodeError:
        text = body.decode(errors="replace").strip()
        return "" if text.startswith("<") else one_line(text)


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _seconds(retry_after: str) -> float:
    """The header Retry-After: seconds, or a date."""
    try:
        seconds = float(retry_after or 0)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return seconds if seconds > 0 else 0.0  # so NaN is none
