"""Runs of a careless client on a service, recorded call by call."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterable
from typing import Any

from schemas.recorded import Kind, RecordedCall


class Refused(Exception):
    """What a service does not do, and its words."""


class Client:
    """Calls one service in one run."""

    def __init__(self, service: Any, dice: random.Random, run: str, task: str, reads: frozenset[str]) -> None:
        self.service = service
        self.dice = dice
        self.calls: list[RecordedCall] = []
        self._run, self._task, self._reads = run, task, reads

    def ask(self, tool: str, **arguments: Any) -> Any:
        """What the service answers; None where it refuses."""
        given = copy.deepcopy(arguments)
        try:
            answer, is_error = copy.deepcopy(getattr(self.service, tool)(**given)), False
        except Refused as error:
            answer, is_error = str(error), True
        text = answer if isinstance(answer, str) else json.dumps(answer)
        kind: Kind = "read" if tool in self._reads else "write"
        at = len(self.calls)
        self.calls.append(RecordedCall(self._run, at, tool, arguments, text, is_error, kind=kind, task=self._task))
        return None if is_error else answer


def recorded(
    make: Callable[[], Any],
    policy: Callable[[Client], Iterable[None] | None],
    seed: int,
    trajectories: int,
    reads: Iterable[str],
) -> list[RecordedCall]:
    """Runs, each on a service of its own as `make` gives it."""
    found: list[RecordedCall] = []
    for n in range(trajectories):
        dice = random.Random(f"{seed}/{n}")
        client = Client(make(), dice, f"run{seed}.{n}", f"task{seed}.{n}", frozenset(reads))
        policy(client)
        found += client.calls
    return found
