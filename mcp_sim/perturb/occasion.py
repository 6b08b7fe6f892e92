"""One call, as the conditions of perturbations look at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from schemas.types import Call, Tool, World

Random = Callable[[str], int]


class Clock:
    """Virtual time as seconds since a world started."""

    def __init__(self, world: World) -> None:
        self._start = world.clock.start

    def seconds(self, at: str | datetime) -> float:
        """How many seconds after the start a moment is; a time without a zone is in UTC."""
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - self._start).total_seconds()


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for every call of a session: its seed, its clock, the arguments of each tool as left out."""

    seed: int
    clock: Clock
    defaults: dict[str, dict[str, Any]]


class Occasion:
    """A call, and when it comes; what costs something is worked out when it is asked for."""

    __slots__ = ("_at", "_begun", "_names", "_seconds", "_setting", "call", "n", "random")

    def __init__(self, call: Call, n: int, at: str, random: Random, setting: Setting) -> None:
        self.call = call
        self.n = n
        self.random = random
        self._at = at
        self._setting = setting
        self._names: dict[str, Any] | None = None
        self._seconds: float | None = None
        self._begun: Any = None

    @property
    def seed(self) -> int:
        """The seed of the session."""
        return self._setting.seed

    @property
    def seconds(self) -> float:
        """When the call comes, in seconds since the world started."""
        if self._seconds is None:
            self._seconds = self._setting.clock.seconds(self._at)
        return self._seconds

    @property
    def names(self) -> dict[str, Any]:
        """What a condition may use: `args`, with the defaults of its schema and null for what was left out."""
        if self._names is None:
            self._names = {"args": {**self._setting.defaults[self.call.tool], **self.call.arguments}}
        return self._names

    def strikes(self, purpose: bytes, below: bytes) -> bool:
        """Whether `random` of a purpose is below a threshold of eight bytes; what all purposes share is hashed once."""
        if self._begun is None:
            self._begun = sha256(f"{self.seed}:{self.n}:".encode())
        drawn = self._begun.copy()
        drawn.update(purpose)
        return bool(drawn.digest() < below)

    def lasting(self, purpose: str) -> int:
        """A 64-bit number that is the same throughout a session."""
        return int.from_bytes(sha256(f"{self.seed}:0:{purpose}".encode()).digest()[:8], "big")

    def share(self, purpose: str) -> float:
        """A number from 0 up to 1 that depends on seed, step and purpose alone."""
        return self.random(purpose) / 2**64

    def order(self, purpose: str, count: int) -> list[int]:
        """The numbers below `count`, in an order by chance."""
        return sorted(range(count), key=lambda index: self.random(f"{purpose}:{index}"))


def defaults_of(tool: Tool) -> dict[str, Any]:
    """Every argument of a tool: its default, or null."""
    properties = tool.input_schema.get("properties")
    named = properties if isinstance(properties, dict) else {}
    return {name: part.get("default") if isinstance(part, dict) else None for name, part in named.items()}
