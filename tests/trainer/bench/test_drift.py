"""Closed-loop drift, of predictors that are scripts and say so."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from mcp_sim.worldmodel.client import Unanswered
from mcp_sim.worldmodel.shown import shown
from mcp_sim.worldmodel.wire import Message, compact
from schemas.load import load_world
from schemas.types import Trace
from store.traces.replay import read_trace
from trainer.asking import Predictor
from trainer.bench.drift import Drift, drift
from trainer.bench.errors import BenchError
from trainer.play import Play, play
from trainer.proposal import answer_of

_TURN = re.compile(r"### Turn (\d+)\n\n\*\*Action")


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    folder = tmp_path_factory.mktemp("traces")
    list(play(load_world("shop"), Play(1, 14), folder))
    with next(folder.iterdir()).open("rb") as lines:
        return read_trace(lines)


def knowing_the_trace(trace: Trace) -> Predictor:
    """A script that has seen what will happen."""

    async def say(messages: tuple[Message, ...]) -> str:
        step = trace.steps[int(_TURN.findall(messages[-1]["content"])[-1]) - 1]
        return answer_of(step, trace.world, writes=shown(messages).writes)

    return say


async def showing_the_row_in_view(messages: tuple[Message, ...]) -> str:
    """A script that repeats the row with the id that the call names, if it is shown one."""
    found = shown(messages)
    rows = [row for _, row in found.rows if row.get("id") == found.arguments.get("id")]
    return compact(rows[0]) if rows else "{}"


async def silent(_: tuple[Message, ...]) -> str:
    """A script of a server that is away."""
    raise Unanswered("http://there gives no connection")


def test_who_knows_what_happens_does_not_drift(trace: Trace) -> None:
    found = asyncio.run(drift(trace, knowing_the_trace(trace)))
    assert all(one.exact and not one.dangling for one in found.arms["without"])
    # In a real session, the service itself says in its own words that a named record does not exist.
    refused = [step.observation.is_error for step in trace.steps]
    assert all(one.exact or is_error for one, is_error in zip(found.arms["with"], refused, strict=True))


def test_rows_in_view_help_who_reads_them(trace: Trace) -> None:
    found = asyncio.run(drift(trace, showing_the_row_in_view)).arms
    right = {arm: sum(one.leaf_f1 for one in steps) for arm, steps in found.items()}
    assert right["with"] > right["without"]


def test_a_model_that_says_nothing_is_told_apart_from_one_that_is_wrong(trace: Trace) -> None:
    found = asyncio.run(drift(trace, silent, steps=4))
    assert all(one.failed and not one.exact for one in found.arms["without"])
    assert not any(one.exact for one in found.arms["with"] if one.failed)


def test_the_summary_goes_by_horizon(trace: Trace) -> None:
    steps = asyncio.run(drift(trace, silent)).arms["without"]
    told = Drift("shop", {"with": steps, "without": steps}).summary((5, 10, 1000))
    assert list(told["with"]) == ["5", "10", "14"]
    assert told["with"]["5"] == {"exact": 0.0, "leaf_f1": 0.0, "dangling": 0.0, "failed": 1.0}


def test_a_trace_without_steps_is_told(trace: Trace) -> None:
    with pytest.raises(BenchError, match="the trace has no steps"):
        asyncio.run(drift(Trace(trace.version, trace.world, trace.seed), silent))


@pytest.mark.slow
def test_a_thousand_steps_are_walked(tmp_path: Path) -> None:
    list(play(load_world("shop"), Play(1, 1000), tmp_path))
    with next(tmp_path.iterdir()).open("rb") as lines:
        long = read_trace(lines)
    told = asyncio.run(drift(long, knowing_the_trace(long))).summary()
    assert list(told["without"]) == ["10", "100", "1000"]
    assert told["without"]["1000"]["exact"] == 1.0
    assert told["with"]["1000"]["exact"] > 0.8
