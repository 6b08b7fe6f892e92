"""How a command serves an application on a port."""

from __future__ import annotations

import logging
import socket

import uvicorn
from starlette.applications import Starlette

from mcp_sim.errors import SetupError


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any free one.

    Raises:
        SetupError: the port is taken, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        hint = f"; take another with --port, e.g. --port {port + 1}" if port else ""
        raise SetupError(f"cannot listen on {host}:{port}: {error.strerror}{hint}") from None
    return listener


def address(host: str, port: int) -> str:
    """Where it answers, as a client on this machine writes it."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - shown, not bound
    return f"http://{shown}:{port}"


def run(app: Starlette, listener: socket.socket) -> None:
    """Serve until a signal says that it is enough."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    # That the end cuts off the streams of clients is no error.
    logging.getLogger("uvicorn.error").addFilter(lambda record: bool(record.exc_info) or not server.should_exit)
    server.run(sockets=[listener])
