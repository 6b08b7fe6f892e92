"""The words in names: `customerIds`, `issuing.card` and `/line-items` taken apart, and plurals made singular."""

from __future__ import annotations

import re

_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z0-9]+")
_IRREGULAR = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "indices": "index",
    "vertices": "vertex",
    "matrices": "matrix",
    "criteria": "criterion",
    "phenomena": "phenomenon",
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "aliases": "alias",
    "statuses": "status",
    "buses": "bus",
    "movies": "movie",
    "cookies": "cookie",
    "leaves": "leave",
    "ids": "id",
}
_SAME = {"data", "media", "metadata", "series", "news", "species", "sms", "dns", "aws", "https", "status", "settings"}


def words(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case."""
    return tuple(part.lower() for part in _PARTS.findall(name))


def singular(word: str) -> str:
    """The singular of a word, as far as a rule tells."""
    if word in _SAME or len(word) < 3:
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("zzes", "z")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def singular_words(name: str) -> tuple[str, ...]:
    """The words of a name, the last of them in the singular."""
    found = words(name)
    return (*found[:-1], singular(found[-1])) if found else ()


def entity_name(parts: tuple[str, ...]) -> str:
    """The name of an entity made of words."""
    name = "_".join(parts)[:64].strip("_")
    return name if name[:1].isalpha() else f"a_{name}"[:64]


def argument(name: str) -> str:
    """The name of a part of a path as an argument of a tool."""
    return re.sub(r"\W", "_", name)
