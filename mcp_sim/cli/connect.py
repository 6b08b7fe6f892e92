"""`mcp-sim connect`: the configuration for an MCP client, ready to paste."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mcp_sim.cli.output import console, notices
from mcp_sim.errors import SetupError
from schemas.load import shipped_worlds

URL = "http://127.0.0.1:8000/mcp"


class Client(StrEnum):
    """The MCP clients that `connect` knows."""

    CLAUDE_CODE = "claude-code"
    CLAUDE_DESKTOP = "claude-desktop"
    CODEX = "codex"
    CURSOR = "cursor"
    VS_CODE = "vscode"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("connect")(connect)


def connect(
    client: Annotated[Client, typer.Argument(help="The client to connect.")],
    url: Annotated[str, typer.Option(help="The MCP endpoint that `mcp-sim serve` printed.")] = URL,
    world: Annotated[
        str | None, typer.Option(help="Let the client start this world itself, over stdio, instead of using a URL.")
    ] = None,
) -> None:
    """Print the configuration that connects a client; notes go to stderr, so that the rest can be piped."""
    where, text = _FORMS[client](url, world)
    notices.print(where, highlight=False)
    console.out(text, highlight=False)


def config_file(client: Client, url: str) -> tuple[str, str]:
    """Name and content of the file that connects a client to a URL.

    Raises:
        SetupError: it takes no URL from a file.
    """
    if client is Client.CLAUDE_DESKTOP:
        raise SetupError("the configuration file of claude-desktop takes no URL; take another client")
    if client is Client.CLAUDE_CODE:  # claude --mcp-config FILE
        return ".mcp.json", _json("mcpServers", _entry(url, None)) + "\n"
    _, text = _FORMS[client](url, None)
    return ("config.toml" if client is Client.CODEX else "mcp.json"), text + "\n"


def _entry(url: str, world: str | None) -> dict[str, object]:
    if world is None:
        return {"type": "http", "url": url}
    command, *arguments = _command(world)
    return {"command": command, "args": arguments}


def _command(world: str) -> list[str]:
    """How a client starts this world, from whatever folder and with whatever PATH it has."""
    program = Path(sys.executable).with_name("mcp-sim")
    path = Path(world)
    return [
        str(program) if program.exists() else "mcp-sim",
        "serve",
        world if world in shipped_worlds() or not path.exists() else str(path.resolve()),
        "--stdio",
    ]


def _claude_code(url: str, world: str | None) -> tuple[str, str]:
    if world is None:
        return "Run this:", shlex.join(["claude", "mcp", "add", "--transport", "http", "mcp-sim", url])
    return "Run this:", shlex.join(["claude", "mcp", "add", "mcp-sim", "--", *_command(world)])


def _claude_desktop(url: str, world: str | None) -> tuple[str, str]:
    entry = _entry(url, world or "mars-colony")  # its configuration file starts programs; it takes no URL
    return "Put this into claude_desktop_config.json (Settings, Developer, Edit Config):", _json("mcpServers", entry)


def _codex(url: str, world: str | None) -> tuple[str, str]:
    entry = {key: value for key, value in _entry(url, world).items() if key != "type"}
    lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items()]  # JSON's texts and lists are TOML's too
    return "Put this into ~/.codex/config.toml:", "\n".join(["[mcp_servers.mcp-sim]", *lines])


def _cursor(url: str, world: str | None) -> tuple[str, str]:
    entry = {key: value for key, value in _entry(url, world).items() if key != "type"}
    return "Put this into ~/.cursor/mcp.json, or .cursor/mcp.json of the project:", _json("mcpServers", entry)


def _vs_code(url: str, world: str | None) -> tuple[str, str]:
    return "Put this into .vscode/mcp.json:", _json("servers", _entry(url, world))


def _json(section: str, entry: dict[str, object]) -> str:
    return json.dumps({section: {"mcp-sim": entry}}, indent=2)


_FORMS: dict[Client, Callable[[str, str | None], tuple[str, str]]] = {
    Client.CLAUDE_CODE: _claude_code,
    Client.CLAUDE_DESKTOP: _claude_desktop,
    Client.CODEX: _codex,
    Client.CURSOR: _cursor,
    Client.VS_CODE: _vs_code,
}
