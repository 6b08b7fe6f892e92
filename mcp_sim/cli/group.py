"""Groups of commands that are imported when they are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group


def imported_when_wanted(package: str, modules: Mapping[str, str]) -> type[TyperGroup]:
    """A group of the commands that the modules of a package `register`; `modules` names the one of each command."""

    class Commands(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**{**attributes, "commands": None})
            self.commands = _Known(package, modules)

        def list_commands(self, _: Any) -> list[str]:
            return list(modules)

    return Commands


class _Known(MutableMapping[str, Any]):
    def __init__(self, package: str, modules: Mapping[str, str]) -> None:
        self._package = package
        self._modules = modules
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            app = typer.Typer(rich_markup_mode="rich")
            import_module(f"{self._package}.{self._modules[name]}").register(app)
            self._found |= get_group(app).commands
        return self._found[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._found[name] = command

    def __delitem__(self, name: str) -> None:
        del self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)
