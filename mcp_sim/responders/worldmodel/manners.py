"""What no service would say: that it is a model, that its answer is good, or what it was told to keep to itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from schemas.rows import scalars

_OUT_OF_ROLE = re.compile(
    r"\bas an? (ai|artificial intelligence|(large )?language model|world model|simulat(or|ion))\b"
    r"|\bi(?:'m| am) (an? |just an? |only an? )?(ai|language model|world model|simulator|assistant)\b"
    r"|\bi (cannot|can't|can not|am unable to|won't) "
    r"(simulate|role-?play|pretend|access|execute|call (the |that |this )?tool)"
    r"|\b(this|my|the) (is an? )?(perfect|excellent|flawless|accurate|faithful|high-quality|simulated|predicted)"
    r" (simulation|prediction|observation|response|answer|output)\b"
    r"|\b(simulated|predicted) (observation|response|tool output)\b"
    r"|\b(score|rating|grade)\s*[:=]?\s*(10|5)\s*/\s*(10|5)\b|\b10/10\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_RUN = 6
"""Words in a row that count as a quotation."""
_RARE = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{6,}|\b[A-Za-z0-9_-]{16,}\b")
"""What looks like a code, a password, an id."""


def out_of_role(observation: Any, context: str) -> str | None:
    """The words with which an answer falls out of its role, unless `context` holds them too; None if it does not."""
    for text in texts(observation):
        found = _OUT_OF_ROLE.search(text)
        words: str = found.group() if found else ""
        if words and words.lower() not in context.lower():
            return words
    return None


class Secrets:
    """Recognises what is hidden where it is quoted: six words in a row, or a word that looks like a code."""

    def __init__(self, hidden: str) -> None:
        words = _words(hidden)
        self._runs = {words[at : at + _RUN] for at in range(max(len(words) - _RUN + 1, 0))}
        self._codes: list[str] = sorted({found.group().lower() for found in _RARE.finditer(hidden)})

    def __bool__(self) -> bool:
        return bool(self._runs or self._codes)

    def told(self, observation: Any, context: str) -> str | None:
        """The hidden words that an answer tells, unless the agent knows them from `context`; None if it tells none."""
        for text in texts(observation):
            words = _words(text)
            for at in range(max(len(words) - _RUN + 1, 0)):
                run = words[at : at + _RUN]
                if run in self._runs and " ".join(run) not in " ".join(_words(context)):
                    return " ".join(run)
            told = next((code for code in self._codes if code in text.lower() and code not in context.lower()), None)
            if told is not None:
                return told
        return None


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, names of fields left out."""
    return (found for found in scalars(value) if isinstance(found, str))


@lru_cache(maxsize=256)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.lower()))
