"""The real service: an MCP server that is started or called, or an HTTP API."""
