"""`python -m mcp_sim.cli`, the same as `mcp-sim`."""

from mcp_sim.cli.app import main

main()
