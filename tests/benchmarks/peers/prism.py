"""Prism: answers from an OpenAPI document, and validates against it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import packages
from tests.benchmarks.dialect import Described
from tests.benchmarks.peers.base import DOCUMENT


class Prism:
    """It keeps no state."""

    name = "Prism"
    dialect = Described()
    root = ""
    reset = None

    @property
    def version(self) -> str:
        """The version that is installed."""
        return packages.version("@stoplight/prism-cli")

    def command(self, port: int, folder: Path) -> Sequence[str]:
        """In its default mode."""
        options = ["--host", "127.0.0.1", "--port", str(port), "--verboseLevel", "error"]
        return [*packages.script("@stoplight/prism-cli/dist/index.js"), "mock", str(DOCUMENT), *options]
