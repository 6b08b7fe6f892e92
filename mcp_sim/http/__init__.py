"""The HTTP half: one Starlette application with the MCP endpoints, the REST face and the control API."""

from mcp_sim.http.app import create_app
from mcp_sim.http.mcp import McpFace

__all__ = ["McpFace", "create_app"]
