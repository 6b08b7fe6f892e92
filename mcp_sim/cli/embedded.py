"""`--worldmodel embedded`: a small checkpoint served on this machine, for as long as this command runs."""

from __future__ import annotations

import atexit
import os
import socket
import sys
from pathlib import Path

import typer

from mcp_sim.cli.asking import EMBEDDED
from mcp_sim.cli.output import notices
from mcp_sim.errors import SetupError
from mcp_sim.worldmodel.launch import Launch, Server
from mcp_sim.worldmodel.settings import Settings, checked, read_file

HERE = Path(".venv-train/bin/python")
"""Where `make train-env` puts a Python that has torch."""
SETTINGS = "worldmodel.yaml"
"""What a checkpoint may say of how it is asked, in its folder, in the words of the settings of a world model."""
_HOW = {
    "prompt_tokens": 1500,
    "answer_tokens": {"read": 256, "write": 256},
    "sampling": {"temperature": 0},
    "tries": 2,
    "concurrency": 8,
    "deadline": 60,
    "first_token": 50,
}
"""How a small model is asked that says nothing of it."""
_PATIENCE = 300.0
"""Seconds for a start: torch alone takes ten on a busy machine."""


def embedded(checkpoint: str | None) -> Settings:
    """Start it, wait until it answers, and end it with this process; how it is asked.

    Args:
        checkpoint: its folder; None: the one that comes with the trainer.

    Raises:
        SetupError: it does not start; the message says what is missing.
    """
    launch = _launch(checkpoint)
    file = None if checkpoint is None else Path(checkpoint) / SETTINGS
    own = read_file(file) if file is not None and file.is_file() else {}
    settings = checked({**_HOW, **own, "urls": [launch.url], "model": launch.model}, str(file))
    server = Server(launch, Path(typer.get_app_dir("mcp-sim")) / f"{EMBEDDED}-{launch.port}.log")
    atexit.register(server.stop)
    with notices.status("The embedded world model is starting"):
        server.wait_until_ready(timeout=_PATIENCE)
    server.log.unlink()
    return settings


def _launch(checkpoint: str | None) -> Launch:
    python = Path(os.environ.get("MCP_SIM_TRAIN_PYTHON") or (HERE if HERE.exists() else sys.executable))
    if not python.exists():
        raise SetupError(f"there is no Python at {python}: let MCP_SIM_TRAIN_PYTHON name one that has torch")
    host, port = "127.0.0.1", _free_port()
    folder = [] if checkpoint is None else [checkpoint]
    command = (str(python), "-m", "trainer", "serve", "--host", host, "--port", str(port), "--name", EMBEDDED, *folder)
    return Launch(command, {}, host, port, EMBEDDED, server="The embedded world model")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
