"""An agent that is a Python function: no process, so a job costs nothing but its work."""

from __future__ import annotations

import asyncio
import inspect
import threading
import traceback
from collections.abc import Callable
from typing import Any

from mcp_sim.errors import SetupError
from mcp_sim.runner.job import Ending, Job, said
from mcp_sim.runner.tail import presentable
from schemas.contracts.entry import function_at


class Function:
    """Calls a function for every job: in the event loop if it is async, else in a thread of its own.

    It is given the job (`url`, `task`, ...), and may return its answer, or a mapping with `answer` and `tokens`. A
    function that hangs cannot be killed: an async one is cancelled, a thread is left behind until this process ends.
    """

    def __init__(self, function: Callable[[Job], Any], name: str = "") -> None:
        self.name = name or getattr(function, "__qualname__", "function")
        self._function = function

    async def work(self, job: Job, stop: asyncio.Event) -> Ending:
        """Call it once."""
        working = asyncio.ensure_future(self._called(job))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            is_done = working.done()
            working.cancel()
        if not is_done:
            await asyncio.wait([working], timeout=1)
            return Ending()
        if working.cancelled():
            return Ending(crash="a cancellation of its own making")
        if (error := working.exception()) is not None:
            told = "".join(traceback.format_exception(error))
            return Ending(crash=f"{type(error).__name__}: {error}"[:200], output=presentable(told))
        return Ending(said=said(working.result()))

    async def _called(self, job: Job) -> Any:
        if inspect.iscoroutinefunction(self._function):
            return await self._function(job)
        found = await _in_thread(lambda: self._function(job))
        return await found if inspect.isawaitable(found) else found


def function_agent(entry: str) -> Function:
    """The agent of a `module:function` text.

    Raises:
        SetupError: there is no such function.
    """
    try:
        return Function(function_at(entry), entry)
    except LookupError as error:
        raise SetupError(f"--agent '{entry}': {error}") from None


def _in_thread(work: Callable[[], Any]) -> asyncio.Future[Any]:
    """What this comes to in a thread that nobody waits for, should it hang."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if found.done():
            return
        if error is None:
            found.set_result(result)
        else:
            found.set_exception(error)

    def run() -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = work()
        except (SystemExit, KeyboardInterrupt, StopIteration) as caught:  # none of which a future may hold
            error = RuntimeError(f"{type(caught).__name__}: {caught}")
        except BaseException as caught:
            error = caught
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="agent", daemon=True).start()
    return found
