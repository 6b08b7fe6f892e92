"""What may come in: by which host name, from which web page, with which token, how large."""

from __future__ import annotations

import hmac
import re
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_sim.errors import SetupError
from mcp_sim.http.errors import MAX_BODY, HttpError, respond, too_large

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Guard:
    """Stands before every route, so that no face can be forgotten.

    On loopback, a web page that had its own name point here (DNS rebinding) is refused by `Host` and `Origin`. With a
    token, every request must carry it.
    """

    def __init__(self, app: ASGIApp, host: str, token: str | None) -> None:
        self.app = app
        self.hosts = LOOPBACK | {host} if is_loopback(host) else None
        self.token = token.encode() if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the refusal, or pass on."""
        refusal = self.refusal(Headers(scope=scope)) if scope["type"] == "http" else None
        await (respond(refusal) if refusal else self.app)(scope, receive, send)

    def refusal(self, headers: Headers) -> HttpError | None:
        """Why this request may not pass, or None."""
        if self.hosts is not None:
            if _hostname(f"//{headers.get('host', '')}") not in self.hosts:
                return HttpError(421, "wrong_host", "this server answers to localhost alone; see the Host header")
            origin = headers.get("origin")
            if origin is not None and _hostname(origin) not in self.hosts:
                return HttpError(403, "wrong_origin", "pages from elsewhere may not call this server")
        if self.token is not None and not self._knows_token(headers.get("authorization", "")):
            message = "send the token as 'Authorization: Bearer TOKEN'"
            return HttpError(401, "unauthorized", message, {"WWW-Authenticate": "Bearer"})
        # A body of undeclared size is stopped while it is read.
        declared = headers.get("content-length", "")
        return too_large() if declared.isdecimal() and int(declared) > MAX_BODY else None

    def _knows_token(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        assert self.token is not None
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode("latin-1"), self.token)


def check_binding(host: str, token: str | None) -> None:
    """Refuse to serve other machines without a usable token.

    Raises:
        SetupError: the host is not loopback and there is no token, or the token is not one.
    """
    if token is not None and not re.fullmatch(r"[\x21-\x7e]{8,}", token):
        raise SetupError("a token is at least 8 printable ASCII characters, without spaces")
    if token is None and not is_loopback(host):
        raise SetupError(f"'{host}' can be reached from other machines: give a token, or bind to 127.0.0.1")


def is_loopback(host: str) -> bool:
    """Whether this host name or address can be reached from this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
