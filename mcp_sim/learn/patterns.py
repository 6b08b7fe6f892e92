"""Error texts by their pattern."""

from __future__ import annotations

import re
from collections import defaultdict

HOLE = "\x00"
_PIECES = re.compile(r"[\w.#@+-]*[\w#@]|\s+|[^\w\s]")
_NAMING = re.compile(r"\d{3}|[A-Za-z_-]\d|\d[A-Za-z_-]|\w[@_]\w")
"""What words look like that may be names of things: a text that holds one may as well have been made with it."""


class _Known(str):
    """A part of a text that stands in the call or in the rows that it leads to."""

    __slots__ = ()


def clusters(texts: dict[int, str], known: dict[int, list[str]] | None = None) -> dict[str, dict[int, list[str]]]:
    """Error texts by their pattern, with the words that fill its holes, by example.

    Args:
        texts: the text of each example.
        known: values of each example that its text may hold.
    """
    told = known or {}
    by_words: dict[tuple[str, ...], list[int]] = defaultdict(list)
    split: dict[tuple[str, ...], list[str]] = {}
    for index, text in texts.items():
        words = _words(text, told.get(index, []))
        at = tuple(f"\1{w}" if isinstance(w, _Known) else w for w in words)
        by_words[at].append(index)
        split[at] = words
    groups: list[tuple[list[str], list[tuple[str, ...]]]] = []
    for at, words in split.items():
        for pattern, some in groups:
            if _alike(pattern, words):
                for k, word in enumerate(words):
                    if pattern[k] != word:
                        pattern[k] = HOLE
                some.append(at)
                break
        else:
            groups.append((list(words), [at]))
    found: dict[str, dict[int, list[str]]] = {}
    for pattern, some in groups:
        pattern[:] = [HOLE if isinstance(word, _Known) or _NAMING.search(word) else word for word in pattern]
        rows = found.setdefault("".join(pattern), {})
        for at in some:
            fills = [str(word) for mark, word in zip(pattern, split[at], strict=True) if mark == HOLE]
            for index in by_words[at]:
                rows[index] = fills
    return found


def _words(text: str, known: list[str]) -> list[str]:
    """A text in words; what is known stays in one piece."""
    found: list[str] = []
    ranked = sorted({k for k in known if k in text}, key=len, reverse=True)
    inside = re.compile("|".join(rf"(?<!\w){re.escape(k)}(?!\w)" for k in ranked)) if ranked else None
    place = 0
    for hit in inside.finditer(text) if inside else ():
        found += [*_PIECES.findall(text[place : hit.start()]), _Known(hit.group())]
        place = hit.end()
    return [*found, *_PIECES.findall(text[place:])]


def _alike(pattern: list[str], words: list[str]) -> bool:
    if len(pattern) != len(words):
        return False
    differ = [k for k, (a, b) in enumerate(zip(pattern, words, strict=True)) if a not in (b, HOLE)]
    holes = sum(a == HOLE for a in pattern)
    telling = [k for k, w in enumerate(words) if not w.isspace()]
    if any(not (_may_differ(words[k]) and _may_differ(pattern[k])) for k in differ):
        return False
    return len(differ) + holes <= max(1, 0.6 * len(telling))


def _may_differ(word: str) -> bool:
    return isinstance(word, _Known) or re.search(r"\d|[@_]", word) is not None


def members(mask: int) -> list[int]:
    """The positions in a set."""
    return [i for i in range(mask.bit_length()) if mask >> i & 1]
