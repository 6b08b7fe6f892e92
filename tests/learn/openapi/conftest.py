"""Specs written to files, and the worlds that are learned from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from mcp_sim.cli.learn import command
from mcp_sim.learn.openapi import Api, learn_openapi
from mcp_sim.sessions import Sessions
from schemas.load import load_world
from schemas.types import World
from tests.running import Running

Learn = Callable[..., Api]


@pytest.fixture
def learn(tmp_path: Path) -> Learn:
    """What is learned from a spec: data, or the bytes of a file."""

    def of(spec: Any) -> Api:
        path = tmp_path / "spec"
        path.write_bytes(spec if isinstance(spec, bytes) else orjson.dumps(spec, option=orjson.OPT_NON_STR_KEYS))
        return learn_openapi(path)

    return of


@pytest.fixture
def serving(learn: Learn, sessions: Sessions) -> Callable[[Any], Running]:
    """A running session of the world that is learned from a spec."""

    def of(spec: Any) -> Running:
        world = World.model_validate({"name": "learned", "packs": [learn(spec).pack("learned")]})
        return Running(sessions, world)

    return of


@pytest.fixture
def run_learn(tmp_path: Path) -> Callable[[Any, Path], World]:
    """The world that `mcp-sim learn --openapi --traces` writes."""

    def of(document: Any, traces: Path) -> World:
        spec, out = tmp_path / "spec.json", tmp_path / "out"
        spec.write_bytes(orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS))
        command(name="harbour", out=out, openapi=spec, traces=[traces])
        return load_world(out)

    return of
