"""The MCP face: one server object for every session, transport and protocol era."""

from mcp_sim.server.catalog import quarantined
from mcp_sim.server.endpoint import build_server
from mcp_sim.server.stdio import serve_stdio
from mcp_sim.sessions import DEFAULT as DEFAULT_SESSION

__all__ = ["DEFAULT_SESSION", "build_server", "quarantined", "serve_stdio"]
