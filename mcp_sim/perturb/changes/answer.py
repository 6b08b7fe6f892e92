"""An answer on its way to the agent, while perturbations change it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from mcp_sim.perturb.occasion import Occasion
from schemas.types import Observation, Tool, View, Wire, World


@dataclass
class Answer:
    """A successful answer. Its content is never changed in place: committed rows stand in it.

    Attributes:
        content: the JSON of the answer, or None for a plain text.
        text: the answer as text; for JSON, its mirror.
        notices: what is said beside it.
        media_type: of a text that is all there is, whatever the content was.
    """

    content: Any
    text: str
    status: int
    speaks_json: bool
    notices: list[str] = field(default_factory=list)
    media_type: str = ""

    @classmethod
    def of(cls, observation: Observation, tool: Tool) -> Answer:
        """The answer of an observation."""
        speaks_json = tool.effect is None or not tool.effect.is_text
        return cls(observation.structured_content, observation.text, observation.status, speaks_json)

    def say(self, content: Any) -> None:
        """Another content."""
        self.content = content
        self.text = orjson.dumps(content).decode()

    def spell(self, text: str, media_type: str) -> None:
        """A text in place of any content."""
        self.content, self.text, self.media_type = None, text, media_type

    def observation(self) -> Observation:
        """What the agent sees."""
        notice = " ".join(self.notices)
        wire = Wire(notice=notice, media_type=self.media_type) if notice or self.media_type else None
        return Observation(self.text, self.content, status=self.status, wire=wire)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a change happens: whose it is, on which call of which tool, over which rows."""

    name: str
    tool: Tool
    occasion: Occasion
    view: View
    world: World

    def purpose(self, what: str) -> str:
        """What a random number of this perturbation is for."""
        return f"perturb:{self.name}:{what}"

    def pick(self, what: str, count: int) -> int:
        """One of the numbers below `count`, by chance."""
        return self.occasion.random(self.purpose(what)) % count

    def order(self, what: str, count: int) -> list[int]:
        """The numbers below `count`, in an order by chance."""
        return self.occasion.order(self.purpose(what), count)


Change = Callable[[Answer, Any, Scene], dict[str, Any] | None]
"""Changes an answer and says what it did; None where it found nothing to change."""
