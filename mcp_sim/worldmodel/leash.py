"""Run a command on a leash: when whoever holds the other end of standard input lets go, it ends with all its children.

`python leash.py COMMAND ...`. The end of a process closes its pipes however it came, so a server on a leash outlives
its owner in no case: not after Ctrl-C, a signal, or a crash. Imports the standard library alone; it is run as a file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

GRACE = 10.0
"""Seconds between asking the command to end and killing what is left of it."""


def main(command: list[str]) -> int:
    """Run the command to its end; its exit status, or 128 and the signal that killed it."""
    ended = threading.Event()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - a list, without a shell

    def end(why: str) -> None:
        with suppress(OSError):
            os.write(1, f"{why}, so this server ends.\n".encode())
        _signal(child.pid, signal.SIGTERM)
        if not ended.wait(GRACE):
            _signal(child.pid, signal.SIGKILL)

    def watch() -> None:
        while os.read(0, 4096):
            pass
        end("Whoever started it let go")

    def asked(*_: object) -> None:
        threading.Thread(target=end, args=("Its leash was asked to end",), daemon=True).start()

    signal.signal(signal.SIGTERM, asked)
    threading.Thread(target=watch, daemon=True).start()
    status = child.wait()
    ended.set()
    _signal(child.pid, signal.SIGKILL)  # what it left behind
    return status if status >= 0 else 128 - status


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
