"""`python -m tests.trainer.training.killed FOLDER [LINES event|moment AMOUNT]`: the recipe `debug`, killed at some point.

LINES are lines of its log, as JSON; none means its start. From the first of them on, `event` counts what it does to files in its folder and
dies at the so many-th; `moment` dies after so many milliseconds, whatever it does then. Without them it goes to its end.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

CHANGES = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "open"})


class Killer(logging.Handler):
    """Listens to the log, and to what happens to files."""

    def __init__(self, folder: Path, lines: list[str], how: str, amount: int) -> None:
        super().__init__()
        self.folder, self.lines, self.how, self.amount = str(folder), lines, how, amount
        self.armed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Hear a line."""
        if not self.armed and record.getMessage() in self.lines:
            self.arm()

    def arm(self) -> None:
        """From here on."""
        self.armed = True
        if self.how == "moment":
            threading.Timer(self.amount / 1000, die).start()

    def watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """See what is done to files."""
        if not self.armed or self.how != "event" or event not in CHANGES:
            return
        reads = event == "open" and not (isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"))
        if reads or not str(arguments[0]).startswith(self.folder):
            return
        self.amount -= 1
        if not self.amount:
            die()


def die() -> None:
    """At once."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path, lines: str = "[]", how: str = "", amount: str = "0") -> None:
    """Run, and die on the way if it is asked for."""
    from trainer.training import run  # noqa: PLC0415 - torch is not everywhere

    killer = Killer(folder, json.loads(lines), how, int(amount))
    sys.addaudithook(killer.watch)
    logging.getLogger("trainer").addHandler(killer)
    if how and not killer.lines:
        killer.arm()
    run("debug", folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
