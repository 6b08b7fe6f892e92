"""The real service: an MCP server that is started or called, or an HTTP API."""

from mcp_sim.responders.live.address import Address, address_of
from mcp_sim.responders.live.http import HttpUpstream
from mcp_sim.responders.live.live import LIVE, Live
from mcp_sim.responders.live.mcp import McpUpstream
from mcp_sim.responders.live.upstream import Upstream, UpstreamFailed

__all__ = ["LIVE", "Address", "HttpUpstream", "Live", "McpUpstream", "Upstream", "UpstreamFailed", "address_of"]
