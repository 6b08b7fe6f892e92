"""mcp-sim itself, with a SQLite file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import mcp_sim
from tests.benchmarks.dialect import Described
from tests.benchmarks.peers.base import FOLDER, Reset

WORLD = FOLDER / "packs" / "accounts.yaml"


class McpSim:
    """The REST face of the session `default`; its MCP face is the floor's neighbour."""

    name = "mcp-sim"
    dialect = Described()
    root = "/api"
    reset = Reset("POST", "/control/sessions/default/reset")

    @property
    def version(self) -> str:
        """The version of this source."""
        return mcp_sim.__version__

    def command(self, port: int, folder: Path) -> Sequence[str]:
        """As a user starts it."""
        db = f"sqlite:///{folder / 'worlds.db'}"
        return [sys.executable, "-m", "mcp_sim", "serve", str(WORLD), "--port", str(port), "--db", db]
