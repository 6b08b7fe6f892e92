"""Attempts by several processes at once, in the order of their numbers."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import count
from multiprocessing import get_context

from mcp_sim.tasks.generate import Attempt, Maker
from mcp_sim.tasks.ground import Ground
from schemas.contracts.task import decode_task, encode_task
from schemas.load import load_world

_TOGETHER = 16
"""Attempts that a process makes before it hands them over."""
_AHEAD = 3
"""How many such lots per process are under way."""

_Told = tuple[int, bytes | None, str]
_maker: Maker | None = None


def attempts(given: str, seed: int, processes: int) -> Generator[Attempt]:
    """The attempts for a world, by name or path, without an end; closing it ends the processes."""
    world = load_world(given)
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _start, (given, seed))
    under_way: deque[Future[list[_Told]]] = deque()
    lots = count(0, _TOGETHER)
    try:
        while True:
            while len(under_way) < processes * _AHEAD:
                under_way.append(pool.submit(_lot, next(lots)))
            for number, line, miss in under_way.popleft().result():
                yield Attempt(number, None if line is None else decode_task(line, world=world), miss)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start(given: str, seed: int) -> None:
    global _maker  # noqa: PLW0603 - what one process keeps ready
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it is told, and ends it
    _maker = Maker(Ground(load_world(given)), seed)


def _lot(first: int) -> list[_Told]:
    assert _maker is not None
    made = map(_maker.attempt, range(first, first + _TOGETHER))
    return [(one.number, None if one.task is None else encode_task(one.task), one.miss) for one in made]
