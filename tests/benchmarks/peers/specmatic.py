"""Specmatic: a mock from an OpenAPI contract."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import packages
from tests.benchmarks.dialect import Described
from tests.benchmarks.peers.base import DOCUMENT


class Specmatic:
    """It keeps no state."""

    name = "Specmatic"
    dialect = Described()
    root = ""
    reset = None

    @property
    def version(self) -> str:
        """The version that is installed."""
        return packages.version("specmatic")

    def command(self, port: int, folder: Path) -> Sequence[str]:
        """Without its console log."""
        options = ["--host=127.0.0.1", f"--port={port}", "--noConsoleLog", "--hot-reload=disabled"]
        return [*packages.archive("specmatic/specmatic.jar"), "mock", *options, str(DOCUMENT)]
