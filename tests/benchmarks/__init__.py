"""How fast and how right mcp-sim is, beside the bare MCP SDK and beside other mock servers. `make bench` runs it."""
