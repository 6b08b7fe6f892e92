"""All that a scripted agent needs of a service: call a tool, and let time pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Answer:
    """What an MCP client sees of an answer: its text, its structured content if it has any, and whether it failed."""

    text: str
    content: Any = None
    is_error: bool = False


class Tools(Protocol):
    """A connection to a service."""

    def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        """The answer to one call."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass before the next call."""
        ...


Job = Callable[[Tools], None]
