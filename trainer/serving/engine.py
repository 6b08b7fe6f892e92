"""Whatever answers behind the endpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from mcp_sim.errors import McpSimError
from trainer.serving.wanted import Wanted


class Refused(McpSimError):
    """A request that cannot be answered; the message is one sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Task:
    """A request as tokens, and how many tokens an answer may have."""

    wanted: Wanted
    prompt: tuple[int, ...]
    longest: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How many tokens an answer has, and why it ended."""

    tokens: int
    reason: Literal["stop", "length"]


class Engine(Protocol):
    """A model that answers one request at a time.

    Attributes:
        context: tokens of question and answer together.
        version: of the weights: another one answers otherwise.
    """

    context: int
    version: str

    def prepare(self, wanted: Wanted) -> Task:
        """What is to be done.

        Raises:
            Refused: it cannot be done.
        """
        ...

    def answer(self, task: Task, number: int, hear: Callable[[str], None], stopped: Callable[[], bool]) -> Ended:
        """Say one answer, piece by piece; `number` counts the answers to one request. Ends early once it is stopped."""
        ...
