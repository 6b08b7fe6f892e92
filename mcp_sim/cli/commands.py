"""The commands by name. Each is imported when it is wanted: looking a thing up does not wait for what serves."""

from __future__ import annotations

from mcp_sim.cli.group import imported_when_wanted

MODULES = {
    "serve": "serve",
    "worlds": "worlds",
    "connect": "connect",
    "check": "check",
    "call": "call",
    "test": "test",
    "tasks": "tasks",
    "learn": "learn",
    "bench": "bench",
    "state": "state",
    "diff": "state",
    "trace": "trace",
    "export": "export",
    "sessions": "sessions",
    "branch": "sessions",
    "snapshot": "sessions",
    "rewind": "sessions",
    "reset": "sessions",
    "delete": "sessions",
    "worldmodel": "worldmodel",
}
"""In which module of this package each command is, in the order of `--help`."""

Commands = imported_when_wanted("mcp_sim.cli", MODULES)
"""The group of them."""
