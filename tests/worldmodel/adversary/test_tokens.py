"""Tokens are counted, and prompts seen before are found again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from tests.worldmodel.adversary.tokens import BLOCK, PromptCache, count, pieces

TEXTS = st.text(st.sampled_from("ab1_ .,\n\té☃"), max_size=40)


@given(TEXTS)
def test_tokens_are_words_and_marks(text: str) -> None:
    assert count(text.encode()) == len(re.findall(r"(?:[\w\u0080-\U0010ffff])+|[^\w\s]", text, re.ASCII))
    assert "".join(pieces(text)) == text
    assert len(pieces(text)) == count(text.encode()) or not text.strip()


@given(st.lists(st.lists(st.sampled_from(["a", "aa", " b", ".", " "]), max_size=40).map("".join), max_size=8))
def test_the_cache_holds_the_longest_common_beginning_in_whole_blocks(prompts: list[str]) -> None:
    cache = PromptCache()
    seen: list[list[str]] = []
    for prompt in prompts:
        own = [piece.strip() for piece in pieces(prompt) if piece.strip()]
        common = max((sum(1 for _ in same(own, other)) for other in seen), default=0)
        assert cache.look_up(prompt.encode()) == (len(own), max(0, min(common, len(own) - 1)) // BLOCK * BLOCK)
        seen.append(own)


def same(one: list[str], other: list[str]) -> Iterator[str]:
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            return
        yield mine


def test_the_cache_forgets_the_oldest_prompt() -> None:
    cache = PromptCache(prompts=2)
    first, second, third = (f"{letter} " * 40 for letter in "abc")
    assert [cache.look_up(prompt.encode())[1] for prompt in (first, second, first, third)] == [0, 0, 32, 0]
    assert cache.look_up(first.encode())[1] == 32
    assert cache.look_up(second.encode())[1] == 0
