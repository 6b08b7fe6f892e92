"""Run one agent, and keep hold of every process that it starts: when it ends, nothing of it is left.

`python keeper.py FD COMMAND ...`. Closing standard input kills the agent at once, so it outlives its owner in no case;
a byte on it asks the agent to end first. What became of it is told on the file descriptor FD, a line for each fact:
`error TEXT` if it did not start, `status N` (negative for a signal), `left COMMAND` for a process that it left behind.

On Linux, orphans are adopted, so that those which moved into a session of their own are found as well; elsewhere the
process group is what is known. Imports little, because every agent under test waits for it; it is run as a file.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress

GRACE = 2.0
"""Seconds between asking the agent to end and killing it."""
LINGER = 0.5
"""Seconds in which what an agent has started may still end after it."""
STUBBORN = 5.0
"""Seconds in which processes are killed again and again."""
_SHOWN = 10
_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER


def main(report: int, command: list[str]) -> None:
    """Run the command to its end, or to ours."""
    os.set_inheritable(report, False)
    adopts = _adopt_orphans()
    awake = _wake_on_children()
    try:
        agent = _start(command)
    except OSError as error:
        _tell(report, f"error {error.strerror or error}")
        return
    status, is_ended_by_us = _watch(agent, awake)
    left = [] if is_ended_by_us else _left(agent, adopts)
    _end_all(agent)
    for each in left[:_SHOWN]:
        _tell(report, f"left {each}")
    _tell(report, f"status {status}")


def _start(command: list[str]) -> int:
    nothing = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    defaults = [signal.SIGPIPE, signal.SIGCHLD]
    try:
        return os.posix_spawnp(command[0], command, os.environ, file_actions=nothing, setsigdef=defaults, setsid=True)
    except NotImplementedError:
        return os.posix_spawnp(command[0], command, os.environ, file_actions=nothing, setsigdef=defaults, setpgroup=0)


def _watch(agent: int, awake: int) -> tuple[int, bool]:
    """The exit status of the agent, and whether it ended because it was told to."""
    owner, deadline, is_told = [0], None, False
    while True:
        for pid, status in _reaped():
            if pid == agent:
                return status, is_told
        patience = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([*owner, awake], [], [], patience)
        if 0 in ready:
            is_told = True
            if os.read(0, 1):
                _signal_group(agent, signal.SIGTERM)
                deadline = time.monotonic() + GRACE
            else:
                owner, deadline = [], 0.0
        if awake in ready:
            os.read(awake, 4096)
        if deadline is not None and time.monotonic() >= deadline:
            _signal_group(agent, signal.SIGKILL)
            owner, deadline = [], None


def _left(agent: int, adopts: bool) -> list[str]:
    """The commands of what runs on although the agent has ended, after a moment in which it may end too."""
    patience = time.monotonic() + LINGER
    while _is_any_left(agent, adopts):
        if time.monotonic() > patience:
            return [_command(pid) for pid in _descendants()] or ["a process"]
        time.sleep(0.01)
    return []


def _is_any_left(agent: int, adopts: bool) -> bool:
    list(_reaped())
    if adopts:
        return _has_children()
    with suppress(OSError):
        os.killpg(agent, 0)
        return True
    return False


def _end_all(agent: int) -> None:
    """Kill what is left, again and again, because it may go on starting others meanwhile."""
    patience = time.monotonic() + STUBBORN
    _signal_group(agent, signal.SIGKILL)
    list(_reaped())
    while _has_children() and time.monotonic() < patience:
        for pid in _descendants():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        list(_reaped())
        time.sleep(0.002)


def _reaped() -> list[tuple[int, int]]:
    """(pid, exit status) of every child that has ended."""
    found = []
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            found.append((ended[0], os.waitstatus_to_exitcode(ended[1])))
    return found


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _descendants() -> list[int]:
    """Every process below this one, the nearest first; none where the system does not say."""
    parents = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
                if state != b"Z":
                    parents[int(name)] = int(parent)
    found, generation = [], [os.getpid()]
    while generation:
        generation = [pid for pid, parent in parents.items() if parent in generation]
        found += generation
    return found


def _command(pid: int) -> str:
    with suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
        words = file.read(200).replace(b"\0", b" ").split()
        if words:
            return b" ".join(words).decode(errors="replace")
    return f"process {pid}"


def _signal_group(agent: int, number: signal.Signals) -> None:
    with suppress(OSError):
        os.killpg(agent, number)


def _adopt_orphans() -> bool:
    if sys.platform != "linux":
        return False
    import ctypes  # noqa: PLC0415 - other systems need none

    return bool(ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0) == 0)


def _wake_on_children() -> int:
    """A file descriptor that has something to read when a child has ended."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reading


def _tell(report: int, line: str) -> None:
    with suppress(OSError):
        os.write(report, line.replace("\n", " ").encode(errors="replace") + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
