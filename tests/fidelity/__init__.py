"""How faithful are the twins that `mcp-sim learn` makes? Run as `python -m tests.fidelity`, or `make fidelity`."""
