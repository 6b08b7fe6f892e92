"""An agent that is a command: a process of its own for every job, and none of its processes afterwards."""

from __future__ import annotations

import asyncio
import errno
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from mcp_sim.errors import SetupError
from mcp_sim.runner import keeper
from mcp_sim.runner.job import Ending, Job, read_report
from mcp_sim.runner.sweep import MARK, sweep
from mcp_sim.runner.tail import Tail, presentable

MOST_OUTPUT = 64 * 2**20
"""Bytes that an agent may write before it is stopped."""
_CHUNK = 2**16
_PATIENCE = keeper.GRACE + keeper.STUBBORN + 1

Config = Callable[[str], tuple[str, str]]
"""From a URL, the name and the content of a configuration file of an MCP client."""


class Command:
    """Runs a command for every job.

    Its arguments may hold `{url}`, `{task}` and `{config}`; its environment holds `MCP_SIM_URL`, `MCP_SIM_TASK`,
    `MCP_SIM_CONTRACT`, `MCP_SIM_SEED` and `MCP_SIM_REPORT`.
    """

    def __init__(self, command: str, config: Config | None = None) -> None:
        """Take a command line apart; no shell is involved.

        Raises:
            SetupError: it cannot be taken apart, or this system cannot keep hold of processes.
        """
        self.name = command
        self._config = config
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise SetupError(f"--agent '{command}' cannot be taken apart: {str(error).lower()}") from None
        if not self._words:
            raise SetupError("--agent is empty: give a command, or module:function")
        if not hasattr(os, "posix_spawnp"):
            raise SetupError("agents run as commands on Linux and macOS alone; elsewhere give module:function")

    async def work(self, job: Job, stop: asyncio.Event) -> Ending:
        """Run it once."""
        command = [_filled(word, job, self._written(job)) for word in self._words]
        try:
            return await self._kept_at_work(command, job, stop)
        except (OSError, ValueError) as error:  # such as a task that is too long for an argument
            return Ending(unstarted=_refusal(command[0], getattr(error, "strerror", None) or str(error)))

    async def _kept_at_work(self, command: list[str], job: Job, stop: asyncio.Event) -> Ending:
        tail, too_much = Tail(), asyncio.Event()
        async with _kept(command, _environment(job), job.mark) as (process, output, report):
            following = asyncio.create_task(_follow(output, tail, too_much))
            telling = asyncio.create_task(report.read())
            await _first(telling, stop, too_much)
            is_stopped = not telling.done()
            if is_stopped:
                _ask_to_end(process)
                await asyncio.wait([telling], timeout=_PATIENCE)
                if not telling.done():  # the agent has stopped its keeper
                    process.kill()
            facts = _facts(await telling)
            await asyncio.wait([following], timeout=1)  # for what is still in the pipe
            following.cancel()
        if facts is None:
            facts = {"status": [str(-signal.SIGKILL)], "left": sweep(job.mark)}
        return _ending(facts, command[0], tail, job, is_stopped)

    def _written(self, job: Job) -> str:
        """The path of a configuration file, written if there is a form for one."""
        if self._config is None:
            return ""
        name, content = self._config(job.url)
        path = job.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return str(path)


def _filled(word: str, job: Job, config: str) -> str:
    for name, value in (("{url}", job.url), ("{config}", config), ("{task}", job.task)):  # a task may hold braces
        word = word.replace(name, value)
    return word


def _environment(job: Job) -> dict[str, str]:
    """That of this process, without what is ours; what an agent might do with our database is not tested here."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MCP_SIM_")}
    return {
        **inherited,
        "MCP_SIM_URL": job.url,
        "MCP_SIM_TASK": job.task.replace("\0", ""),
        "MCP_SIM_CONTRACT": job.contract,
        "MCP_SIM_SEED": str(job.seed),
        "MCP_SIM_REPORT": str(job.report),
        MARK: job.mark,
    }


@asynccontextmanager
async def _kept(
    command: list[str], environment: dict[str, str], mark: str
) -> AsyncIterator[tuple[subprocess.Popen[bytes], asyncio.StreamReader, asyncio.StreamReader]]:
    """A command under its keeper, its output, and what the keeper tells; however this ends, so do they."""
    (output, writing), (report, telling) = os.pipe(), os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command
            [sys.executable, "-I", "-S", str(Path(keeper.__file__)), str(telling), *command],
            stdin=subprocess.PIPE,
            stdout=writing,
            stderr=writing,
            env=environment,
            pass_fds=[telling],
            start_new_session=True,
        )
    except BaseException:
        os.close(output)
        os.close(report)
        raise
    finally:
        os.close(writing)
        os.close(telling)
    try:
        async with _reading(output) as said, _reading(report) as told:
            yield process, said, told
    finally:
        assert process.stdin is not None
        process.stdin.close()  # the keeper kills what is left
        try:
            process.wait(keeper.STUBBORN + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            sweep(mark)


@asynccontextmanager
async def _reading(descriptor: int) -> AsyncIterator[asyncio.StreamReader]:
    """What comes through a pipe, which is closed afterwards."""
    reader = asyncio.StreamReader(limit=_CHUNK)
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        yield reader
    finally:
        transport.close()


async def _follow(output: asyncio.StreamReader, tail: Tail, too_much: asyncio.Event) -> None:
    """Read all, so that no agent waits for its reader, and keep the end."""
    while chunk := await output.read(_CHUNK):
        tail.take(chunk)
        if tail.taken > MOST_OUTPUT:
            too_much.set()
            return


async def _first(telling: asyncio.Task[bytes], *events: asyncio.Event) -> None:
    """Return when the keeper has told how it ended, or one of these events has come."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait([telling, *waiting], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


def _ask_to_end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.write(b"t")
        process.stdin.flush()


def _facts(report: bytes) -> dict[str, list[str]] | None:
    """What the keeper told, by kind; None if it was killed before it could."""
    facts: dict[str, list[str]] = {}
    for line in report.decode(errors="replace").splitlines():
        kind, _, value = line.partition(" ")
        facts.setdefault(kind, []).append(value)
    return facts if "error" in facts or "status" in facts else None


def _ending(facts: dict[str, list[str]], command: str, tail: Tail, job: Job, is_stopped: bool) -> Ending:
    if "error" in facts:
        return Ending(unstarted=_refusal(command, facts["error"][0]), output=tail.text())
    status = int(facts["status"][0])
    return Ending(
        crash="" if is_stopped else _crash(status),
        status=None if is_stopped else status,
        left=tuple(map(presentable, facts.get("left", ()))),
        output=tail.text(),
        wrote=tail.taken,
        said=read_report(job.report),
    )


def _refusal(command: str, why: str) -> str:
    """Why a command did not start."""
    if why == os.strerror(errno.ENOENT):
        return f"there is no command '{command}'"
    return f"'{command}' cannot be run: {why.lower()}"


def _crash(status: int) -> str:
    if status >= 0:
        return f"exit status {status}" if status else ""
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"
