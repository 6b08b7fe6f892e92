"""Every template of DECLARE against its definition, written down as quantifiers, over all short traces."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.contracts import judge
from schemas.types import ClauseResult, Trace
from tests.contracts.traces import bare_world, contract, result, trace

WORLD = bare_world("a", "b", "ab", "c")
A, B = ["a", "ab"], ["b", "ab"]
LETTERS = ("a", "b", "ab", "c")
LONGEST = 4

Word = tuple[str, ...]
Corr = Callable[[int, int], bool]


def _is(role: str, letter: str) -> bool:
    return role in letter.partition(":")[0]


def _at(word: Word, role: str) -> list[int]:
    return [i for i, letter in enumerate(word) if letter.partition(":")[0] != "c" and _is(role, letter)]


def responded_existence(w: Word, c: Corr) -> bool:
    return all(any(i != j and c(i, j) for j in _at(w, "b")) for i in _at(w, "a"))


def coexistence(w: Word, c: Corr) -> bool:
    return responded_existence(w, c) and all(any(i != j and c(i, j) for i in _at(w, "a")) for j in _at(w, "b"))


def response(w: Word, c: Corr) -> bool:
    return all(any(j > i and c(i, j) for j in _at(w, "b")) for i in _at(w, "a"))


def precedence(w: Word, c: Corr) -> bool:
    return all(any(i < j and c(i, j) for i in _at(w, "a")) for j in _at(w, "b"))


def alternate_response(w: Word, c: Corr) -> bool:
    return all(
        any(j > i and c(i, j) and not any(i < k < j and c(k, j) for k in _at(w, "a")) for j in _at(w, "b"))
        for i in _at(w, "a")
    )


def alternate_precedence(w: Word, c: Corr) -> bool:
    return all(
        any(i < j and c(i, j) and not any(i < k < j and c(i, k) for k in _at(w, "b")) for i in _at(w, "a"))
        for j in _at(w, "b")
    )


def chain_response(w: Word, c: Corr) -> bool:
    return all(any(j == i + 1 and c(i, j) for j in _at(w, "b")) for i in _at(w, "a"))


def chain_precedence(w: Word, c: Corr) -> bool:
    return all(any(i == j - 1 and c(i, j) for i in _at(w, "a")) for j in _at(w, "b"))


def not_coexistence(w: Word, c: Corr) -> bool:
    return not any(i != j and c(i, j) for i in _at(w, "a") for j in _at(w, "b"))


def not_succession(w: Word, c: Corr) -> bool:
    return not any(i < j and c(i, j) for i in _at(w, "a") for j in _at(w, "b"))


def not_chain_succession(w: Word, c: Corr) -> bool:
    return not any(j == i + 1 and c(i, j) for i in _at(w, "a") for j in _at(w, "b"))


PAIRS: dict[str, Callable[[Word, Corr], bool]] = {
    "responded_existence": responded_existence,
    "coexistence": coexistence,
    "response": response,
    "precedence": precedence,
    "succession": lambda w, c: response(w, c) and precedence(w, c),
    "alternate_response": alternate_response,
    "alternate_precedence": alternate_precedence,
    "alternate_succession": lambda w, c: alternate_response(w, c) and alternate_precedence(w, c),
    "chain_response": chain_response,
    "chain_precedence": chain_precedence,
    "chain_succession": lambda w, c: chain_response(w, c) and chain_precedence(w, c),
    "not_coexistence": not_coexistence,
    "not_succession": not_succession,
    "not_chain_succession": not_chain_succession,
}
ACTIVATED_BY = {
    **dict.fromkeys(("responded_existence", "response", "alternate_response", "chain_response"), "a"),
    **dict.fromkeys(("not_succession", "not_chain_succession"), "a"),
    **dict.fromkeys(("precedence", "alternate_precedence", "chain_precedence"), "b"),
}


def _always(_: int, __: int) -> bool:
    return True


def _trace(word: Word) -> Trace:
    return trace(WORLD, [(letter.partition(":")[0], {"k": letter[-1]} if ":" in letter else {}) for letter in word])


def _judged(clause: dict[str, Any], longest: int, letters: Word = LETTERS) -> dict[Word, ClauseResult]:
    """What the judge finds for every trace up to a length."""
    words = [word for length in range(longest + 1) for word in product(letters, repeat=length)]
    asked = contract(WORLD, clause)
    return {word: judge(asked, _trace(word)).clauses[0] for word in words}


def _check_settled(found: dict[Word, ClauseResult], ahead: int) -> None:
    """What is settled stays, and what is not settled changes in some trace that is so much longer."""
    longest = max(map(len, found))
    after: dict[Word, set[bool]] = {word: {one.outcome == "broken"} for word, one in found.items()}
    for word in sorted(found, key=len, reverse=True):
        if word:
            after[word[:-1]] |= after[word]
        if found[word].settled:
            assert len(after[word]) == 1, word
        elif len(word) <= longest - ahead:
            assert len(after[word]) == 2, (word, found[word])


@pytest.mark.parametrize("template", PAIRS)
def test_a_template_is_its_definition_and_knows_when_it_is_settled(template: str) -> None:
    found = _judged({template: [A, B]}, LONGEST)
    for word, one in found.items():
        assert (one.outcome != "broken") == PAIRS[template](word, _always), word
        activated = any(_at(word, role) for role in ACTIVATED_BY.get(template, "ab"))
        assert (one.outcome == "vacuous") == (not activated), word
    _check_settled(found, 2)


@pytest.mark.parametrize("template", PAIRS)
@given(word=st.lists(st.sampled_from(LETTERS), min_size=LONGEST + 1, max_size=14).map(tuple))
def test_a_template_is_its_definition_over_longer_traces(template: str, word: Word) -> None:
    assert (result(_trace(word), {template: [A, B]}).outcome != "broken") == PAIRS[template](word, _always)


KEYED = ("a:1", "a:2", "b:1", "b:2", "c:1")


@pytest.mark.parametrize("template", PAIRS)
@pytest.mark.parametrize("match", ["a.args.k == b.args.k", "a.args.k <= b.args.k", "b.args.k == a.args.k and a.n < 3"])
def test_a_template_pairs_the_calls_that_go_together(template: str, match: str) -> None:
    for word, one in _judged({template: ["a", "b"], "match": match}, 3, KEYED).items():

        def goes(i: int, j: int, word: Word = word) -> bool:
            one, other = word[i][-1], word[j][-1]
            return one <= other if "<=" in match else one == other and (i + 1 < 3 or "n" not in match)

        assert (one.outcome != "broken") == PAIRS[template](word, goes), (word, one.message)
        if one.settled:
            rest = PAIRS[template]((*word, "b:2"), lambda i, j: goes(i, j, (*word, "b:2")))  # noqa: B023
            assert rest == (one.outcome != "broken"), word


COUNTED: dict[str, tuple[dict[str, Any], Callable[[Word], bool]]] = {
    **{f"existence({n})": ({"existence": A, "n": n}, lambda w, n=n: len(_at(w, "a")) >= n) for n in (1, 2, 3)},
    **{f"absence({n})": ({"absence": A, "n": n}, lambda w, n=n: len(_at(w, "a")) < n) for n in (1, 2, 3)},
    **{f"exactly({n})": ({"exactly": A, "n": n}, lambda w, n=n: len(_at(w, "a")) == n) for n in (1, 2)},
    "init": ({"init": A}, lambda w: not w or 0 in _at(w, "a")),
    "end": ({"end": A}, lambda w: not w or len(w) - 1 in _at(w, "a")),
    "choice": ({"choice": [A, B]}, lambda w: bool(_at(w, "a") or _at(w, "b"))),
    "exclusive_choice": ({"exclusive_choice": [A, B]}, lambda w: bool(_at(w, "a")) != bool(_at(w, "b"))),
}  # type: ignore[dict-item]


@pytest.mark.parametrize("name", COUNTED)
def test_a_count_or_an_edge_is_its_definition_and_knows_when_it_is_settled(name: str) -> None:
    clause, definition = COUNTED[name]
    found = _judged(clause, LONGEST)
    for word, one in found.items():
        assert (one.outcome != "broken") == definition(word), word
        assert (one.outcome == "vacuous") == (name in ("init", "end") and not word), word
    _check_settled(found, clause.get("n", 2))


@pytest.mark.parametrize("name", COUNTED)
@given(word=st.lists(st.sampled_from(LETTERS), min_size=LONGEST + 1, max_size=14).map(tuple))
def test_a_count_or_an_edge_is_its_definition_over_longer_traces(name: str, word: Word) -> None:
    clause, definition = COUNTED[name]
    assert (result(_trace(word), clause).outcome != "broken") == definition(word)


@pytest.mark.parametrize("template", [*PAIRS, *(name.partition("(")[0] for name in COUNTED)])
def test_a_broken_template_names_the_steps_that_break_it(template: str) -> None:
    clause = {template: [A, B]} if template in PAIRS or "choice" in template else {template: A}
    for word, one in _judged(clause, 3).items():
        if one.outcome == "broken" and word:
            assert one.steps, word
            assert set(one.steps) <= set(range(1, len(word) + 1)), word
            assert one.failures, word
            assert "step" in one.message, one.message


@pytest.mark.parametrize(
    ("clause", "calls", "message", "steps"),
    [
        ({"response": ["a", "b"]}, "ac", "after step 1 (a) comes no b; the session ended with step 2", (1,)),
        ({"precedence": ["a", "b"]}, "cb", "step 2 (b) comes without a before it", (2,)),
        (
            {"alternate_response": ["a", "b"]},
            "aab",
            "after step 1 (a) comes step 2 (a) before any b",
            (1, 2),
        ),
        ({"alternate_precedence": ["a", "b"]}, "abb", "step 3 (b) comes without a since the last such call", (3,)),
        ({"chain_response": ["a", "b"]}, "acb", "right after step 1 (a) comes step 2 (c), not b", (1, 2)),
        ({"chain_precedence": ["a", "b"]}, "acb", "right before step 3 (b) comes step 2 (c), not a", (2, 3)),
        ({"chain_precedence": ["a", "b"]}, "b", "step 1 (b) is the first call, with no a right before it", (1,)),
        ({"not_succession": ["a", "b"]}, "acb", "step 3 (b) comes after step 1 (a), where it may not", (1, 3)),
        ({"not_coexistence": ["a", "b"]}, "bca", "step 1 (b) and step 3 (a) exclude each other", (1, 3)),
        (
            {"coexistence": ["a", "b"]},
            "cb",
            "step 2 (b) is b, and there is no a; the session ended with step 2",
            (2,),
        ),
        ({"existence": "a", "n": 2}, "ca", "a came 1 time, 2 are wanted; the session ended with step 2", (2,)),
        ({"existence": "a"}, "cb", "a came 0 times; the session ended with step 2", (2,)),
        ({"existence": "a"}, "", "a came 0 times; the session has no calls", ()),
        ({"absence": "a"}, "ca", "step 2 (a) is a, which may not come at all; it came 1 time", (2,)),
        ({"exactly": "a", "n": 1}, "aa", "step 2 (a) is a, which may come only 1 time; it came 2 times", (1, 2)),
        ({"init": "a"}, "ca", "the first call is step 1 (c), not a", (1,)),
        ({"end": "a"}, "ac", "the last call is step 2 (c), not a", (2,)),
        (
            {"response": ["a", "b"]},
            "aca",
            "after step 1 (a) comes no b; the session ended with step 3 (and 1 more)",
            (1, 3),
        ),
    ],
)
def test_a_broken_template_says_where_and_why(
    clause: dict[str, Any], calls: str, message: str, steps: tuple[int, ...]
) -> None:
    one = result(trace(WORLD, calls), clause)
    assert (one.outcome, one.message, one.steps) == ("broken", message, steps)
