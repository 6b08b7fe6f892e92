from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.load import load_world
from schemas.types import World
from trainer.packs import Side, packs, shape
from trainer.packs.sessions import Texts
from trainer.packs.words import FEATURES, THINGS, side_of
from trainer.play import Play, conversations, play
from trainer.player import Manner

SIDES: tuple[Side, Side] = ("train", "held_out")


def loaded(pack: dict[str, Any], folder: Path) -> World:
    file = folder / f"{pack['name']}.json"
    file.write_bytes(orjson.dumps(pack))
    return load_world(file)


def names(pack: dict[str, Any]) -> set[str]:
    entities = pack["entities"]
    fields = {field for entity in entities.values() for field in entity["schema"]["properties"]}
    told = {kin for entity in entities.values() for kin in entity["references"]}
    return (set(entities) | (fields - told)) - {"id"}


@given(st.integers(0, 2**32), st.sampled_from(SIDES))
def test_every_pack_loads_and_its_references_hold(
    tmp_path_factory: pytest.TempPathFactory, seed: int, side: Side
) -> None:
    world = loaded(next(packs(side, 1, seed)), tmp_path_factory.mktemp("pack"))
    keys = {name: {row["id"] for row in rows} for name, rows in world.rows.items()}
    for name, entity in world.entities.items():
        assert len(keys[name]) == len(world.rows[name])
        for field, reference in entity.references.items():
            assert {row[field] for row in world.rows[name]} <= keys[reference.to]


@given(st.integers(0, 2**32))
def test_every_call_of_a_pack_is_answered_without_breaking_a_reference(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    world = loaded(next(packs("train", 1, seed)), tmp_path_factory.mktemp("pack"))
    folder = tmp_path_factory.mktemp("traces")
    records = list(play(world, Play(1, 8, manner=Manner(0.3, texts=Texts("train")), template="brief"), folder))
    assert records
    assert not any("fault" in record.facts["answer"] for record in records)


def test_equal_seeds_give_equal_packs_and_another_seed_others() -> None:
    assert list(packs("train", 5, 1)) == list(packs("train", 5, 1))
    assert list(packs("train", 5, 1)) != list(packs("train", 5, 2))


def test_no_name_and_no_shape_is_on_both_sides() -> None:
    train, held_out = (list(packs(side, 60)) for side in SIDES)
    assert not set().union(*map(names, train)) & set().union(*map(names, held_out))
    assert not set(map(shape, train)) & set(map(shape, held_out))
    assert 0.08 < sum(side_of(word) == "held_out" for word in THINGS) / len(THINGS) < 0.18


def test_a_thousand_packs_are_made_in_seconds() -> None:
    began = time.process_time()
    assert sum(1 for _ in packs("train", 1000)) == 1000
    assert time.process_time() - began < 30


def test_a_conversation_shows_the_first_rows_and_learns_every_observation(tmp_path: Path) -> None:
    world = loaded(next(packs("train", 1)), tmp_path)
    (record,) = conversations(world, Play(1, 6))
    system, *turns = record.turns
    assert all(row["id"] in system.content for rows in world.rows.values() for row in rows)
    assert [turn.loss for turn in turns] == [False, True] * 6


def test_mistakes_are_as_frequent_as_is_asked(tmp_path: Path) -> None:
    world = loaded(next(packs("train", 1)), tmp_path)
    often, never = (
        [record.facts["is_error"] for record in play(world, Play(4, 20, manner=Manner(wrong)))] for wrong in (0.6, 0.0)
    )
    assert sum(often) > 2 * sum(never)


def test_words_that_nobody_knows_are_as_frequent_as_is_asked() -> None:
    known = set(THINGS) | set(FEATURES)
    few, many = (
        [word.rpartition("_")[2] in known for pack in packs("train", 30, 1, unheard) for word in names(pack)]
        for unheard in (1.0, 4.0)
    )
    assert sum(few) / len(few) > 0.75
    assert sum(many) / len(many) < 0.55
