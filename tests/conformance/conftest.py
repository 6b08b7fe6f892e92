"""The production application, equipped with what the conformance suite expects, and the programs that judge it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_sim.http import McpFace, create_app
from mcp_sim.server import build_server
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.load import load_world, shipped_world
from schemas.types import World
from store.db import Database

from .events import EventLog
from .fixtures import equip
from .node import install
from .serving import serving

HERE = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def _packages() -> None:
    install()


@pytest.fixture(scope="session")
def conformance_url() -> Iterator[str]:
    """The MCP endpoint of the equipped application; its streams can be resumed, which the suite wants to see."""
    sessions = _sessions(load_world(HERE / "world.yaml"))
    server = build_server(sessions)
    equip(server)
    face = McpFace(server, sessions, event_store=EventLog(), retry_interval=50)
    with serving(create_app(sessions, {}, mcp=face)) as address:
        yield f"{address}/mcp"


@pytest.fixture
def shop_url() -> Iterator[str]:
    """The MCP endpoint of the shop, as shipped."""
    with serving(create_app(_sessions(shipped_world("shop")), {})) as address:
        yield f"{address}/mcp"


def _sessions(world: World) -> Sessions:
    sessions = Sessions(Database("sqlite://"))
    sessions.create(world, session_id=DEFAULT)
    return sessions
