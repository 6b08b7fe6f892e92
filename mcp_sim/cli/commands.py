"""The commands by name. Each is imported when it is wanted: looking a thing up does not wait for what serves."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

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
    "sessions": "sessions",
    "branch": "sessions",
    "snapshot": "sessions",
    "rewind": "sessions",
    "reset": "sessions",
    "delete": "sessions",
    "worldmodel": "worldmodel",
}
"""In which module of this package each command is, in the order of `--help`."""


class Commands(TyperGroup):
    """A group whose commands are imported when they are wanted."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "commands": None})
        self.commands = _Known()

    def list_commands(self, _: Any) -> list[str]:
        """Their names, without importing one."""
        return list(MODULES)


class _Known(MutableMapping[str, Any]):
    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            app = typer.Typer(rich_markup_mode="rich")
            import_module(f"mcp_sim.cli.{MODULES[name]}").register(app)
            self._found |= get_group(app).commands
        return self._found[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._found[name] = command

    def __delitem__(self, name: str) -> None:
        del self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)
