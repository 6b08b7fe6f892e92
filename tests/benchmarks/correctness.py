"""The forty checks, tried at one server."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import uvloop

from tests.benchmarks.checks import CHECKS, Result
from tests.benchmarks.checks.api import Api
from tests.benchmarks.connection import Connections, Sender
from tests.benchmarks.peers.base import Face, Peer
from tests.benchmarks.process import free_port, serving


@dataclass(frozen=True)
class Score:
    """How the checks ended at one server."""

    peer: str
    version: str
    results: list[Result]

    @property
    def right(self) -> int:
        """How many checks passed."""
        return sum(result.outcome == "right" for result in self.results)


async def results(sender: Sender, face: Face) -> list[Result]:
    """The outcome of every check, in order."""
    api = Api(sender, face)
    return [await check.at(api) for check in CHECKS]


def score(peer: Peer) -> Score:
    """Start a server, try every check, end it.

    Raises:
        NotRunning: it did not start.
        Missing: a program that it needs is not there.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, serving(peer.command(port, Path(folder)), Path(folder), port):
        return Score(peer.name, peer.version, uvloop.run(_try(port, peer)))


async def _try(port: int, face: Face) -> list[Result]:
    connections = Connections(port)
    try:
        return await results(connections, face)
    finally:
        connections.close()
