"""Processes that carry a mark in their environment: the last resort against those that escaped their keeper."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

MARK = "MCP_SIM_MARK"
"""The variable with the mark."""


def sweep(mark: str) -> list[str]:
    """Kill every process whose mark begins like this; their commands. Where there is no /proc, nothing is found."""
    found = []
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            environment = (folder / "environ").read_bytes()
            if environment.startswith(wanted) or b"\0" + wanted in environment:
                command = (folder / "cmdline").read_bytes()[:200].replace(b"\0", b" ").decode(errors="replace").strip()
                os.kill(int(folder.name), signal.SIGKILL)
                found.append(command or f"process {folder.name}")
    return found
