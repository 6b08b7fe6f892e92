"""The HTTP half: one Starlette application with the MCP endpoints, the REST face and the control API."""

from mcp_sim.http.app import create_app

__all__ = ["create_app"]
