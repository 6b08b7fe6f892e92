"""Tokens, simply: a run of letters, digits and whatever is not ASCII, or one mark of punctuation."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import OrderedDict

BLOCK = 16
"""Tokens that are cached together."""

_PIECE = re.compile(r"\s*(?:[\w\x80-\U0010ffff]+|[^\w\s\x80-\U0010ffff])(?:\s+\Z)?", re.ASCII)
_SPACE = b" \t\n\r\x0b\x0c"
_KINDS = bytes(
    ord("w") if byte >= 0x80 or chr(byte).isalnum() or byte == ord("_") else ord(" ") if byte in _SPACE else ord(".")
    for byte in range(256)
)


def count(text: bytes) -> int:
    """The number of tokens in UTF-8."""
    kinds = text.translate(_KINDS)
    return kinds.count(b".") + kinds.count(b" w") + kinds.count(b".w") + kinds.startswith(b"w")


def pieces(text: str) -> list[str]:
    """The tokens, each with the space before it; joined they are the text."""
    return _PIECE.findall(text) or ([text] if text else [])


class PromptCache:
    """The prompts seen lately, and how much of a new one is in one of them.

    Kept in order: the longest common prefix with any of them is that with a neighbour.
    """

    def __init__(self, prompts: int = 1024, size: int = 64 << 20) -> None:
        self._most_prompts = prompts
        self._most_bytes = size
        self._size = 0
        self._sorted: list[bytes] = []
        self._lately: OrderedDict[bytes, int] = OrderedDict()
        """The tokens in each."""

    def look_up(self, prompt: bytes) -> tuple[int, int]:
        """Tokens in the prompt; and how many of them need no computing, in whole blocks. It is seen from now on.

        As in vLLM, the last token is always computed.
        """
        place = bisect_left(self._sorted, prompt)
        neighbours = self._sorted[max(0, place - 1) : place + 1]
        length, closest = max(((_common(prompt, other), other) for other in neighbours), default=(0, b""))
        head = self._head(closest, length)
        tokens = head + count(prompt[length:]) - _is_in_word(prompt, length)
        if prompt in self._lately:
            self._lately.move_to_end(prompt)
        else:
            self._add(prompt, place, tokens)
        ends = [other for other in neighbours if other.startswith(prompt[:length])]
        shared = head - (_is_in_word(prompt, length) or all(_is_in_word(other, length) for other in ends))
        return tokens, max(0, min(shared, tokens - 1)) // BLOCK * BLOCK

    def _head(self, prompt: bytes, length: int) -> int:
        """The tokens in the beginning of a prompt that was seen: all of them but its end's, where that is shorter."""
        if 2 * length < len(prompt):
            return count(prompt[:length])
        return self._lately.get(prompt, 0) - count(prompt[length:]) + _is_in_word(prompt, length)

    def _add(self, prompt: bytes, place: int, tokens: int) -> None:
        self._sorted.insert(place, prompt)
        self._lately[prompt] = tokens
        self._size += len(prompt)
        while len(self._lately) > self._most_prompts or self._size > self._most_bytes:
            oldest, _ = self._lately.popitem(last=False)
            del self._sorted[bisect_left(self._sorted, oldest)]
            self._size -= len(oldest)


def _is_in_word(text: bytes, place: int) -> bool:
    """Whether a word stands on both sides of this place."""
    return text[max(0, place - 1) : place + 1].translate(_KINDS) == b"ww"


def _common(one: bytes, other: bytes) -> int:
    """The length of the longest common prefix."""
    low, high = 0, min(len(one), len(other))
    if one[:high] == other[:high]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low
