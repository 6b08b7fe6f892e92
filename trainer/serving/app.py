"""The application of the endpoint: its routes, who may come in, what a refusal looks like."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcp_sim.http.errors import MAX_BODY, HttpError, error_response, respond
from mcp_sim.http.guard import Guard
from trainer.serving.engine import Engine, Refused
from trainer.serving.service import Service

WAITING = 256
"""Requests under way at once; further ones are told to come again."""


def application(engine: Engine, name: str, *, host: str = "127.0.0.1", waiting: int = WAITING) -> Starlette:
    """The application that serves a model under a name, to whoever reaches the host."""
    service = Service(engine, name, waiting)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        service.close()

    return Starlette(
        routes=[
            Route("/health", service.health),
            Route("/v1/models", service.models),
            Route("/v1/chat/completions", service.complete, methods=["POST"]),
        ],
        middleware=[
            Middleware(Guard, host=host, token=None),
            Middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY),
        ],
        exception_handlers={HTTPException: _http, HttpError: _answer, Refused: _refuse, Exception: _answer},
        lifespan=lifespan,
    )


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return error_response(error.status_code, error.detail, headers=error.headers)


async def _refuse(_: Request, error: Exception) -> Response:
    return error_response(400, str(error))


async def _answer(_: Request, error: Exception) -> Response:
    return respond(error)
