"""Where ids come from: minted, shown to the agent, deleted; so that an id in an argument can be told apart.

Folded from the steps themselves, so that it is exact after every branch and rewind, and costs a call nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from schemas.rows import key_text
from schemas.types import Step, World
from store.integrity import mentions
from store.view import id_pattern

At = tuple[str, str]
_WORD = re.compile(r"[\w-]+")
_OF_ONE_WORD = re.compile(r"(?:[\w-]|\{[^}]*\})+")
"""An id pattern whose keys are words by themselves, so that they are looked up among the words of a text."""


class Standing(StrEnum):
    """What an id in an argument is."""

    KNOWN = "known"
    """The agent was shown it, and the row is there."""
    STALE = "stale"
    """The agent was shown it, and the row has been deleted since."""
    UNSHOWN = "never shown"
    """The row is, or was, there, but no answer had named it."""
    OTHER = "of another entity"
    """The agent was shown it as the key of another entity."""
    INVENTED = "invented"
    """No row ever had it."""


@dataclass
class Provenance:
    """The ids of one session, up to the last step that was followed.

    Attributes:
        minted: (entity, key) to the step that created the row; seed rows have 0.
        shown: (entity, key) to the first step whose answer named it.
        deleted: (entity, key) to the step that deleted the row, for rows that are gone.
        read: every word of every answer.
    """

    world: World
    minted: dict[At, int] = field(default_factory=dict)
    shown: dict[At, int] = field(default_factory=dict)
    deleted: dict[At, int] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        patterns = dict(mentions(self.world))
        self._words = {
            name: pattern
            for name, pattern in patterns.items()
            if _OF_ONE_WORD.fullmatch(id_pattern(self.world, name).pattern)
        }
        self._in_text = [(name, pattern) for name, pattern in patterns.items() if name not in self._words]
        self._named: dict[str, list[At]] = {}
        for name, rows in self.world.rows.items():
            key = self.world.entities[name].key
            for row in rows:
                self._mint((name, key_text(row[key])), 0)

    def follow(self, steps: Iterable[Step]) -> Provenance:
        """Take in further steps, in order."""
        for step in steps:
            self._take(step)
        return self

    def show(self, entity: str, key: str, step: int = 0) -> None:
        """Note that the agent knows an id from elsewhere, e.g. from its instruction."""
        self.shown.setdefault((entity, key), step)

    def standing(self, entity: str, key: str) -> Standing:
        """What an id is that the agent gives as the key of an entity now."""
        at = (entity, key)
        if at in self.shown:
            return Standing.STALE if at in self.deleted else Standing.KNOWN
        if any((name, key) in self.shown for name in self.world.entities):
            return Standing.OTHER
        return Standing.UNSHOWN if at in self.minted else Standing.INVENTED

    def _take(self, step: Step) -> None:
        for change in step.delta.changes:
            at = (change.entity, change.key)
            if change.op == "create":
                self._mint(at, step.n)
                self.deleted.pop(at, None)
            elif change.op == "delete":
                self.deleted[at] = step.n
        tool = self.world.tools.get(step.call.tool)
        observation = step.observation
        if tool is not None and tool.shown is not None and observation.structured_content is not None:
            for entity, _, value in tool.shown(observation.structured_content, ""):
                self._see(entity, key_text(value), step.n)
        words = set(_WORD.findall(observation.text))
        self.read |= words
        for word in words & self._named.keys():
            for at in self._named[word]:
                self.shown.setdefault(at, step.n)
        for entity, pattern in self._in_text:
            for found in pattern.findall(observation.text):
                self._see(entity, found, step.n)

    def _mint(self, at: At, step: int) -> None:
        if at not in self.minted:
            entity, key = at
            if entity in self._words and self._words[entity].fullmatch(key):
                self._named.setdefault(key, []).append(at)
        self.minted[at] = step

    def _see(self, entity: str, key: str, step: int) -> None:
        if (entity, key) in self.minted:
            self.shown.setdefault((entity, key), step)
