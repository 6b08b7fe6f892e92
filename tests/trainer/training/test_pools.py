from __future__ import annotations

from dataclasses import replace

from trainer.recipes.pools import HELD_OUT, Pools
from trainer.record import Record, Turn, identified
from trainer.tailor.recipe import Contamination

LONG = "the lighthouse keeper of the northern reef writes down every ship that passes before the tide turns again"


def record(said: str, server: str = "harbour", schema: str = "a") -> Record:
    turns = (Turn("user", f"what of {said}?"), Turn("assistant", said, loss=True))
    facts = {"tool": "look", "arguments": {}, "answer": said, "schema": schema}
    return identified(Record("", "next-observation", "v1", turns, server=server, trajectory=said, facts=facts))


def test_what_was_said_already_is_left_out() -> None:
    pools = Pools(Contamination())
    one = record(LONG)
    nearly = replace(one, turns=(one.turns[0], Turn("assistant", f"{LONG} ", loss=True)))
    assert list(pools.admitted("cpt", [one, one, identified(nearly), record("a short word")])) == [
        one,
        record("a short word"),
    ]
    assert pools.left_out["cpt"] == {"duplicate": 1, "near-duplicate": 1}


def test_what_gives_away_a_held_out_answer_is_left_out() -> None:
    pools = Pools(Contamination())
    assert len(list(pools.admitted(HELD_OUT, [record(LONG, schema="b")]))) == 1
    learned = [record(LONG, "other", "c"), record("same tool", "other", "b"), record("nothing in common", "other", "c")]
    assert [one.facts["answer"] for one in pools.admitted("sft", learned)] == ["nothing in common"]
    assert pools.left_out["sft"] == {"leak-body": 1, "leak-schema": 1}


def test_held_out_records_of_an_earlier_start_are_known_again() -> None:
    pools = Pools(Contamination())
    pools.know([record(LONG)])
    assert list(pools.admitted("rl", [record(LONG, "other", "c")])) == []
