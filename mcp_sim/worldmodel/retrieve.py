"""The recorded calls that resemble a call most: the strongest lever on how true to the service an answer is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcp_sim.worldmodel.wire import compact

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call and what was answered, as text."""

    tool: str
    arguments: dict[str, Any]
    said: str


class Corpus:
    """Recorded calls, found by tool and by the words of their arguments, the rare ones counting most."""

    def __init__(self, recorded: Iterable[Recorded]) -> None:
        self._of: dict[str, list[tuple[frozenset[str], Recorded]]] = {}
        for found in recorded:
            self._of.setdefault(found.tool, []).append((_words(found.arguments), found))
        self._known_by = {
            tool: Counter(word for words, _ in entries for word in words) for tool, entries in self._of.items()
        }

    def similar(self, tool: str, arguments: dict[str, Any], limit: int) -> list[Recorded]:
        """The most similar calls of the same tool, the best first; among equals, in the order of the corpus."""
        entries = self._of.get(tool, [])
        wanted, known_by = _words(arguments), self._known_by.get(tool, Counter())

        def likeness(words: frozenset[str]) -> float:
            shared = sum(math.log1p(len(entries) / known_by[word]) for word in words & wanted)
            return shared / math.sqrt(1 + len(words))

        ranked = sorted(range(len(entries)), key=lambda index: (-likeness(entries[index][0]), index))
        return [entries[index][1] for index in ranked[:limit]]


def _words(arguments: dict[str, Any]) -> frozenset[str]:
    return frozenset(_WORD.findall(compact(arguments).lower()))
