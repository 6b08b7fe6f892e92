"""What answers earn: as the table in the docs says, and the real answer more than any other."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from tests.trainer.played import shipped
from tests.trainer.rewards.mutations import KINDS, mutated
from tests.trainer.rewards.table import ANSWERS, DOCS, real, rewards, table
from trainer.record import Record, Turn, identified
from trainer.rewards import DIMENSIONS, RULE_NAMES, Mix, Reward, RewardError, reward, rule_reward


def earned(record: Record, answer: str, **options: Mix) -> Reward:
    return asyncio.run(reward(record, answer, **options))  # type: ignore[arg-type]


def test_every_kind_of_answer_scores_where_the_table_in_the_docs_says() -> None:
    text = DOCS.read_text()
    assert table() in text, "python -m tests.trainer.rewards.table writes it anew"


@pytest.mark.parametrize("kind", [kind for kind in ANSWERS if kind.startswith(("the real answer", "the same"))][:4])
def test_the_real_answer_scores_at_the_top_in_whatever_form(kind: str) -> None:
    assert {one.total for one in asyncio.run(rewards(kind))} == {25.0}


@pytest.mark.parametrize("number", [250, pytest.param(1000, marks=pytest.mark.slow)])
def test_mutated_answers_rank_below_their_originals(number: int) -> None:
    chance, tried, below = Random(7), Counter[str](), Counter[str]()
    while tried.total() < number:
        for record in shipped():
            for kind in KINDS:
                answer = mutated(record, kind, chance)
                if answer is not None:
                    tried[kind] += 1
                    below[kind] += (earned(record, answer).total or 0.0) < 25.0
    told = {kind: f"{below[kind]} of {tried[kind]}" for kind in KINDS}
    assert below.total() >= 0.99 * tried.total(), told
    assert all(below[kind] >= 0.95 * tried[kind] > 0 for kind in KINDS), told


def test_the_parts_are_told_apart_and_mixed_nine_to_one() -> None:
    record = next(record for record in shipped() if not record.facts["is_error"])
    found = earned(record, real(record))
    assert {*DIMENSIONS, "rubric", "rules", *(f"rule/{name}" for name in RULE_NAMES)} == found.parts.keys()
    wrong = next(found for found in (earned(one, "{}") for one in shipped()) if found.parts["rules"] == 0.0)
    assert wrong.total == pytest.approx(0.9 * (wrong.parts["rubric"] or 0.0))
    assert earned(record, real(record), mix=Mix(0.0, 1.0)).total == 25.0


def test_rules_alone_give_all_or_nothing() -> None:
    for record in shipped():
        assert rule_reward(record, real(record)).total == 25.0
        assert rule_reward(record, "").total == 0.0
        assert rule_reward(record, '{"error": "Something else went wrong"}').total == 0.0


CALLED = '### Turn 1\n\n**Action:**\n```json\n{"name":"find","arguments":{"id":"A-17"}}\n```'


def recorded(answer: str, *, question: str = CALLED, earlier: tuple[Turn, ...] = (), **facts: object) -> Record:
    """A record of a service that nothing else is known of."""
    turns = (Turn("system", "A service."), *earlier, Turn("user", question), Turn("assistant", answer, True))
    return identified(Record("", "next-observation", "v1", turns, facts={"is_error": False, **facts}))


def test_what_nobody_could_know_may_differ_at_the_cost_of_one_point() -> None:
    record = recorded('{"id": "A-17", "token": "f3a9c1d2", "load": 40.0}', state_in_view=False)
    fresh = earned(record, '{"id": "A-17", "token": "0b77aa31", "load": 42.5}')
    assert fresh.total == pytest.approx(0.9 * 24 + 2.5)
    assert (earned(record, '{"id": "A-17", "token": "none", "load": 42.5}').total or 0) < (fresh.total or 0)
    assert (earned(record, '{"id": "A-17", "token": "0b77aa31", "load": 60.0}').total or 0) < (fresh.total or 0)
    assert earned(record, '{"id": "A-18", "token": "f3a9c1d2", "load": 40.0}').parts["rule/fields"] == 0.0


def test_an_answer_that_contradicts_what_was_told_before_breaks_read_your_writes() -> None:
    earlier = (
        Turn("user", "set A-17 open"),
        Turn("assistant", '{"id": "A-17", "status": "open", "name": "Ada"}'),
        Turn("user", "set A-17 shut"),
        Turn("assistant", '{"id": "A-17", "status": "shut"}'),
    )
    record = recorded('{"id": "A-17", "status": "shut", "name": "Ada"}', earlier=earlier)
    stale = earned(record, '{"id": "A-17", "status": "open", "name": "Ada"}')
    assert stale.parts["rule/read_your_writes"] == 0.0
    assert earned(record, real(record)).parts["rule/read_your_writes"] == 25.0


def test_output_that_merely_contains_tags_is_left_alone() -> None:
    page = '{"html": "<p><think>a</think> <final_evaluation></p>", "id": "A-17"}'
    record = recorded(page, question=f"{CALLED}\n<final_evaluation>")
    assert earned(record, page).total == 25.0
    text = recorded("usage: <think> opens, </think> closes")
    assert earned(text, "usage: <think> opens, </think> closes").total == 25.0


def test_an_error_in_plain_text_is_an_error_where_the_recording_says_so() -> None:
    record = recorded("Error: no such item", is_error=True)
    assert earned(record, "Error: no such item").total == 25.0
    other = earned(record, "Error: the item is locked")
    assert (other.parts["rule/status"], other.parts["rule/error_text"]) == (25.0, 0.0)
    assert earned(record, '{"id": "A-17"}').parts["rule/status"] == 0.0


@pytest.mark.parametrize("answer", ["", "   ", "<think>endless", '{"a": NaN}', "\x00"])
def test_an_answer_that_is_none_earns_nothing(answer: str) -> None:
    record = next(one for one in shipped() if one.facts["kind"] == "read" and not one.facts["is_error"])
    assert earned(record, answer).total == 0.0


def test_a_record_without_an_answer_is_refused_in_one_sentence() -> None:
    record = identified(Record("", "next-observation", "v1", (Turn("user", "call"),)))
    with pytest.raises(RewardError, match=r"^record [0-9a-f]{12} has no learned turn and no fact 'answer', so no"):
        earned(record, "{}")
    unreadable = replace(shipped()[0], id="", turns=(*shipped()[0].turns[:-1], Turn("assistant", "{", True)))
    with pytest.raises(RewardError, match="its own answer cannot be read: it is not JSON"):
        earned(unreadable, "{}")
