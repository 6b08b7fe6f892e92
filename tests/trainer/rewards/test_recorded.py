"""Recorded answers of real services, of which nothing but the calls before is known."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from mcp_sim.worldmodel.wire import action
from store.traces.importers import read_recorded
from tests.trainer.rewards.mutations import KINDS, mutated
from trainer.record import Record, Turn, identified
from trainer.rewards import rewards

_EARLIER = 4


def recorded(path: Path, most: int) -> Iterator[Record]:
    """The first calls of a file, each with some calls before it."""
    past: dict[str, list[Turn]] = {}
    for call in islice(read_recorded([path]), most):
        turns = past.setdefault(call.trajectory, [])
        asked = Turn("user", action(call.index + 1, call.tool, call.arguments))
        facts = {"arguments": call.arguments, "is_error": call.is_error, "state_in_view": False}
        answer = Turn("assistant", call.text, True)
        if call.text.strip():
            shown = (*turns[-2 * _EARLIER :], asked, answer)
            yield identified(Record("", "next-observation", "v1", shown, trajectory=call.trajectory, facts=facts))
        turns += [asked, Turn("assistant", call.text)]


def test_mutated_answers_of_real_services_rank_below_their_originals() -> None:
    folder = os.environ.get("MCP_SIM_DATA")
    if folder is None:
        pytest.skip("MCP_SIM_DATA names no folder of recorded calls")
    chance, tried, below = Random(5), Counter[str](), Counter[str]()
    for path in sorted(Path(folder).glob("*.jsonl.gz")):
        found = list(recorded(path, 12))
        pairs = [(one, kind, text) for one in found for kind in KINDS if (text := mutated(one, kind, chance))]
        assert {one.total for one in rewards([(one, one.turns[-1].content) for one in found])} <= {25.0}, path
        for (_, kind, _), one in zip(pairs, rewards([(one, text) for one, _, text in pairs]), strict=True):
            tried[kind] += 1
            below[kind] += (one.total or 0.0) < 25.0
    assert tried.total() > 200
    assert below.total() >= 0.99 * tried.total(), {kind: f"{below[kind]} of {tried[kind]}" for kind in tried}
