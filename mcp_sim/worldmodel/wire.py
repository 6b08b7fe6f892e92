"""The turns of a world model's conversation: the agent acts as `user`, the environment observes as `assistant`.

The form is the one that AgentWorld checkpoints were trained on, so that they serve as they are.
"""

from __future__ import annotations

from typing import Any, TypedDict

import orjson

from schemas.canonical import canonical
from schemas.types import Observation

MARKER = "**Environment Observation:**"


class Message(TypedDict):
    """One message of a chat."""

    role: str
    content: str


def compact(value: Any) -> str:
    """JSON without spaces, fields in their order."""
    return orjson.dumps(value).decode()


def action(number: int, tool: str, arguments: dict[str, Any]) -> str:
    """What the agent does in a turn; its arguments sorted, because traces keep no other order."""
    called = f'{{"name":{compact(tool)},"arguments":{canonical(arguments).decode()}}}'
    return f"### Turn {number}\n\n**Action:**\n```json\n{called}\n```"


def observed(text: str) -> str:
    """What the environment answers in a turn."""
    return f"{MARKER}\n{text}"


def spoken(observation: Observation) -> str:
    """The text of an observation; a failure is said to be one."""
    return compact({"error": observation.text}) if observation.is_error else observation.text
