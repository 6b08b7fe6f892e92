"""The commands of the trainer by name, each imported when it is wanted."""

from __future__ import annotations

from mcp_sim.cli.group import imported_when_wanted

MODULES: dict[str, str] = {
    "tailor": "tailor.cli.tailor",
    "trace": "tailor.cli.trace",
    "run": "training",
    "cpt": "stages",
    "sft": "stages",
    "rl": "stages",
    "compare": "training",
    "export": "export.command",
    "bench": "bench.command",
    "serve": "serving.command",
}
"""In which module of this package each command is, in the order of `--help`; the module has `register(app)`."""

Commands = imported_when_wanted("trainer", MODULES)
"""The group of them."""
