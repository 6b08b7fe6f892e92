"""Server processes: started on a free loopback port, watched, and always ended."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
START = 60.0
"""Seconds that a server has until it listens."""


class NotRunning(Exception):
    """A server that did not start, or is no more."""


class ServerProcess:
    """One server, with all processes that it started itself."""

    def __init__(self, command: Sequence[str], folder: Path, port: int) -> None:
        self.port = port
        self._log = folder / "log.txt"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                # This source is measured, even where another one is installed.
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_it_listens(self) -> None:
        """Return as soon as the port takes connections.

        Raises:
            NotRunning: it ended, or was too slow.
        """
        end = time.monotonic() + START
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise NotRunning(f"it ended with code {self._process.returncode}: {self._last_words()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise NotRunning(f"it did not listen within {START:g} s: {self._last_words()}")

    def cpu(self) -> float:
        """Seconds of CPU time, user and system, that it and the processes it started have used so far.

        Raises:
            NotRunning: it is no more, or the system does not tell.
        """
        used = [_cpu(process) for process in _group(self._process.pid)]
        if not used:
            raise NotRunning(f"it is no more, or this system is not Linux: {self._last_words()}")
        return sum(used)

    def end(self) -> None:
        """End it and everything that it started."""
        for deadly in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, deadly)
            except ProcessLookupError:
                break
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                continue
        self._process.wait(timeout=5)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return " ".join(lines[-3:])[:300] or "it said nothing"


def _group(leader: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            group = int(status.read_text(errors="replace").rpartition(")")[2].split()[2])
            if group == leader:
                found.append(int(status.parent.name))
    return found


def _cpu(process: int) -> float:
    """To the nanosecond; /proc counts in hundredths of a second."""
    clock = ctypes.c_int()
    gone = ctypes.CDLL(None).clock_getcpuclockid(process, ctypes.byref(clock))
    return 0.0 if gone else time.clock_gettime(clock.value)


@contextmanager
def serving(command: Sequence[str], folder: Path, port: int) -> Iterator[ServerProcess]:
    """A server that listens, for as long as the block runs.

    Raises:
        NotRunning: it did not start.
    """
    process = ServerProcess(command, folder, port)
    try:
        process.wait_until_it_listens()
        yield process
    finally:
        process.end()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
