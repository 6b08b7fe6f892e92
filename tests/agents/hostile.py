"""Agents that misbehave, each in its own way: `python -m tests.agents.hostile WAY`.

What they start, they note in HOSTILE_PIDS, a file or a pipe, one process id a line.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from tests.agents.over_http import _CLIENT, OverHttp

WAYS: dict[str, Callable[[], None]] = {}
FOREVER = ["sleep", "1000000"]


def way(function: Callable[[], None]) -> Callable[[], None]:
    WAYS[function.__name__] = function
    return function


def note(pid: int) -> None:
    with Path(os.environ["HOSTILE_PIDS"]).open("a") as file:
        file.write(f"{pid}\n")


def tools() -> OverHttp:
    return OverHttp(os.environ["MCP_SIM_URL"])


def forever() -> NoReturn:
    note(os.getpid())
    while True:
        signal.pause()


@way
def does_the_job() -> None:
    tools().call("build_ship", {"name": "Draco", "yard": "Gdansk"})


@way
def does_nothing() -> None:
    pass


@way
def only_lists_tools() -> None:
    tools().request("tools/list", {"_meta": _CLIENT})


@way
def never_connects() -> None:
    forever()


@way
def hangs() -> None:
    does_the_job()
    forever()


@way
def hangs_and_will_not_end() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hangs()


@way
def ends_by_its_seed() -> None:
    if os.environ["MCP_SIM_SEED"] == "0":
        does_the_job()
    else:
        hangs()


@way
def floods() -> None:
    connection = tools()
    for _ in range(10_000):
        with contextlib.suppress(KeyError):  # what is refused is no answer
            connection.call("list_ships", {})


@way
def floods_with_requests() -> None:
    connection = tools()
    for _ in range(10_000):
        connection.request("ping", {"_meta": _CLIENT})


@way
def writes_garbage() -> None:
    for stream in (sys.stdout.buffer, sys.stderr.buffer):
        stream.write(b"\xff\xfe\x00\x1b[31mred\x1b[0m \xc3( \xed\xa0\x80 ]]> <b>&\x0c\x7f\xe2\x80\xa8\n" * 10_000)
    does_the_job()


@way
def writes_without_end() -> None:
    does_the_job()
    while True:
        sys.stdout.buffer.write(b"\0" * 2**20)


@way
def sends_garbage() -> None:
    address = urlsplit(os.environ["MCP_SIM_URL"])
    assert address.hostname
    for body in (b"\xff\x00\xfe<xml>", b"{}", b'{"jsonrpc": "1.0"}', b"[" * 100_000, b""):
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
        connection.request("POST", address.path, body)
        connection.getresponse().read()
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
        connection.connect()
        connection.sock.sendall(b"\x16\x03\x01 what is this\r\n\r\n")
        connection.sock.recv(1000)


@way
def gives_up() -> None:
    does_the_job()
    print("no idea what to do next", file=sys.stderr)
    sys.exit(3)


@way
def dies() -> None:
    does_the_job()
    os.kill(os.getpid(), signal.SIGKILL)


@way
def leaves_a_child() -> None:
    does_the_job()
    note(subprocess.Popen(FOREVER).pid)


@way
def leaves_a_child_that_ends() -> None:
    does_the_job()
    subprocess.Popen(["sleep", "0.05"])


@way
def leaves_an_orphan_in_a_session_of_its_own() -> None:
    """A daemon as they come: forked twice, its own session, nothing in its environment."""
    does_the_job()
    if os.fork() == 0:
        os.setsid()
        child = subprocess.Popen(FOREVER, env={}, start_new_session=True)
        note(child.pid)
        os._exit(0)
    os.wait()


@way
def kills_its_keeper() -> None:
    does_the_job()
    note(subprocess.Popen(FOREVER, start_new_session=True).pid)
    note(os.getpid())
    os.kill(os.getppid(), signal.SIGKILL)
    signal.pause()


@way
def stops_its_keeper() -> None:
    does_the_job()
    os.kill(os.getppid(), signal.SIGSTOP)
    forever()


@way
def reports() -> None:
    does_the_job()
    Path(os.environ["MCP_SIM_REPORT"]).write_text(json.dumps({"answer": "Draco is built", "tokens": 1200}))


@way
def reports_nonsense() -> None:
    does_the_job()
    Path(os.environ["MCP_SIM_REPORT"]).write_bytes(b"\xff{")


@way
def shows_what_it_is_given() -> None:
    ours = {name: value for name, value in os.environ.items() if name.startswith("MCP_SIM_")}
    config = Path(sys.argv[4]).read_text()
    print(
        json.dumps(
            {"arguments": sys.argv[2:], "environment": ours, "config": config, "stdin": sys.stdin.read()}, indent=1
        )
    )


if __name__ == "__main__":
    WAYS[sys.argv[1]]()
