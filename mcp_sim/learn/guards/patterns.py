"""Error texts by their pattern."""

from __future__ import annotations

import re
from collections import defaultdict

HOLE = "\x00"


def clusters(texts: dict[int, str]) -> dict[str, dict[int, list[str]]]:
    """Error texts by their pattern, with the words that fill its holes, by example."""
    by_text: dict[str, list[int]] = defaultdict(list)
    for index, text in texts.items():
        by_text[text].append(index)
    groups: list[tuple[list[str], list[str]]] = []
    for text in by_text:
        words = _words(text)
        for pattern, members in groups:
            if _alike(pattern, words):
                for k, word in enumerate(words):
                    if pattern[k] != word:
                        pattern[k] = HOLE
                members.append(text)
                break
        else:
            groups.append((list(words), [text]))
    found: dict[str, dict[int, list[str]]] = {}
    for pattern, members in groups:
        rows = found.setdefault("".join(pattern), {})
        for text in members:
            fills = [word for mark, word in zip(pattern, _words(text), strict=True) if mark == HOLE]
            for index in by_text[text]:
                rows[index] = fills
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"[\w.#@+-]*[\w#@]|\s+|[^\w\s]", text)


def _alike(pattern: list[str], words: list[str]) -> bool:
    if len(pattern) != len(words):
        return False
    differ = [k for k, (a, b) in enumerate(zip(pattern, words, strict=True)) if a not in (b, HOLE)]
    holes = sum(a == HOLE for a in pattern)
    telling = [k for k, w in enumerate(words) if not w.isspace()]
    if any(not re.search(r"\d|[@_]", words[k]) and not re.search(r"\d|[@_]", pattern[k]) for k in differ):
        return False
    return len(differ) + holes <= max(1, 0.4 * len(telling))


def members(mask: int) -> list[int]:
    """The positions in a set."""
    return [i for i in range(mask.bit_length()) if mask >> i & 1]
