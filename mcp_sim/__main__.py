"""`python -m mcp_sim`, the same as `mcp-sim`."""

from mcp_sim.cli import main

main()
