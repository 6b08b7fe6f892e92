"""An MCP server as a process of ours: its lines are bounded, its complaints are kept, and it never outlives us."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage

from mcp_sim.responders.live.upstream import MOST, UpstreamFailed

Streams = tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]
_GRACE = 2.0
"""Seconds that a process has to end by itself."""


@dataclass
class Pipes:
    """What is known of the process besides its messages.

    Attributes:
        said: its last lines on standard error, and those on standard output that are no messages.
        fault: why its output cannot be read on.
        ended_alone: whether it ended before it was told to.
    """

    said: deque[str] = field(default_factory=lambda: deque(maxlen=5))
    fault: str = ""
    process: asyncio.subprocess.Process | None = None
    ended_alone: bool = False

    def why(self) -> str:
        """What is known of why it does not answer."""
        code = None if self.process is None else self.process.returncode
        ended = "" if code is None else f"it ended with status {code}"
        last = f"its last words: {self.said[-1][:200]}" if self.said else ""
        return "; ".join(filter(None, (self.fault, ended, last)))

    @asynccontextmanager
    async def open(self, command: tuple[str, ...]) -> AsyncIterator[Streams]:
        """Run the command, and give the streams that its messages come and go by.

        Raises:
            UpstreamFailed: there is no such program.
        """
        self.process = process = await _started(command)
        incoming, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        outgoing, wanted = anyio.create_memory_object_stream[SessionMessage](0)
        tasks = [
            asyncio.create_task(self._read(process, incoming)),
            asyncio.create_task(self._complaints(process)),
            asyncio.create_task(self._write(process, wanted)),
        ]
        try:
            yield messages, outgoing
        finally:
            # One that closed its output is about to end, and then its status says why.
            self.ended_alone = process.stdout is not None and process.stdout.at_eof()
            for stream in (messages, outgoing, incoming, wanted):
                stream.close()
            with anyio.CancelScope(shield=True):
                await _stop(process)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(
        self, process: asyncio.subprocess.Process, incoming: MemoryObjectSendStream[SessionMessage | Exception]
    ) -> None:
        assert process.stdout is not None
        with incoming, suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            while True:
                try:
                    line = await process.stdout.readline()
                except ValueError:
                    self.fault = f"it sent a message of more than {MOST // 2**20} MiB"
                    return
                if not line:
                    return
                try:
                    message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValueError:
                    self._hear(line)
                else:
                    await incoming.send(SessionMessage(message))

    async def _complaints(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while True:
            try:
                line = await process.stderr.readline()
            except ValueError:
                continue
            if not line:
                return
            self._hear(line)

    def _hear(self, line: bytes) -> None:
        text = " ".join(line.decode(errors="replace").split())
        if text:
            self.said.append(text[:500])

    async def _write(
        self, process: asyncio.subprocess.Process, wanted: MemoryObjectReceiveStream[SessionMessage]
    ) -> None:
        assert process.stdin is not None
        with wanted, suppress(OSError, anyio.ClosedResourceError, anyio.BrokenResourceError):
            async for message in wanted:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(text.encode() + b"\n")
                await process.stdin.drain()


async def _started(command: tuple[str, ...]) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MOST,
            start_new_session=sys.platform != "win32",
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UpstreamFailed(f"'{command[0][:100]}' cannot be started: {reason}") from None


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Close its standard input, wait a little, then end it and all that it started."""
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    for harder in (None, signal.SIGTERM, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM):
        if harder is not None:
            with suppress(ProcessLookupError, PermissionError):
                if sys.platform == "win32":
                    process.terminate()
                else:
                    os.killpg(process.pid, harder)
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                while process.returncode is None:
                    await asyncio.sleep(0.01)
        if process.returncode is not None and harder is not None:
            break
    # Else it would close its pipes when it is collected, perhaps after the loop.
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()
