"""Who does the work: processes of this machine, or a cluster of Ray. What comes out is the same."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, Protocol, TypeVar

from mcp_sim.errors import McpSimError
from schemas.validate import nearest

T = TypeVar("T")
Task = Callable[[str, Any], T]
"""Something done with the folder of a data set and one unit of work; a module's own function."""


class EngineError(McpSimError):
    """An engine that is not there, or cannot start."""


class Engine(Protocol):
    """Does tasks at once."""

    def each(self, task: Task[T], out: str, units: list[Any]) -> Iterator[T]:
        """What comes of each unit, in the order in which they are done."""
        ...

    def close(self) -> None:
        """Let go of what does the work; it comes back when there is more to do."""
        ...


class Local:
    """So many processes of this machine; one: this very process."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def each(self, task: Task[T], out: str, units: list[Any]) -> Iterator[T]:
        """What comes of each unit."""
        if self._workers == 1 or len(units) < 2:
            yield from (task(out, unit) for unit in units)
            return
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._workers, get_context("spawn"), _start)
        waiting = [self._pool.submit(task, out, unit) for unit in units]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for one in waiting:
                one.cancel()

    def close(self) -> None:
        """Let go of the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _start() -> None:
    """Begin as a worker, which ends with whoever started it, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it is told, and ends it
    owner = parent_process()
    if owner is not None:
        Thread(target=_end_with, args=(owner,), daemon=True).start()


def _end_with(owner: Any) -> None:
    owner.join()
    os._exit(1)


class Ray:
    """The workers of a Ray cluster that shares the folder: the one that `RAY_ADDRESS` names, or one started here."""

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def each(self, task: Task[T], out: str, units: list[Any]) -> Iterator[T]:
        """What comes of each unit."""
        try:
            import ray  # noqa: PLC0415 - an extra
        except ImportError:
            raise EngineError("There is no Ray here; install it: pip install 'mcp-sim[ray]'") from None
        if not ray.is_initialized():
            workers = None if os.environ.get("RAY_ADDRESS") else self._workers
            environment = {"env_vars": {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}}
            ray.init(num_cpus=workers, log_to_driver=False, configure_logging=False, runtime_env=environment)
        remote = ray.remote(max_retries=3)(task)
        waiting = [remote.remote(out, unit) for unit in units]
        while waiting:
            done, waiting = ray.wait(waiting, num_returns=1)
            yield from ray.get(done)

    def close(self) -> None:
        """Leave the cluster."""
        if "ray" in sys.modules:
            sys.modules["ray"].shutdown()


ENGINES: dict[str, Callable[[int], Engine]] = {"local": Local, "ray": Ray}


def engine_of(name: str, workers: int | None) -> Engine:
    """The engine of this name; without a number of workers, one for each core.

    Raises:
        EngineError: there is none.
    """
    if name not in ENGINES:
        raise EngineError(f"there is no engine '{name}'{nearest(name, ENGINES)}; there are {', '.join(ENGINES)}")
    return ENGINES[name](workers or _cores())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
