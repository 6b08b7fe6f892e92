"""The servers that are measured: ours, and those that people use for the same job."""

from __future__ import annotations

from tests.benchmarks.peers.base import Peer
from tests.benchmarks.peers.json_server import JsonServer
from tests.benchmarks.peers.mcp_sim import McpSim
from tests.benchmarks.peers.mockoon import Mockoon
from tests.benchmarks.peers.prism import Prism
from tests.benchmarks.peers.specmatic import Specmatic
from tests.benchmarks.peers.wiremock import WireMock

PEERS: tuple[Peer, ...] = (McpSim(), JsonServer(), Mockoon(), Prism(), Specmatic(), WireMock())

__all__ = ["PEERS", "Peer"]
