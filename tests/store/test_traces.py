"""Traces: canonical bytes there and back, and bytes that cannot move unnoticed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.types import Attempt, Call, Change, Draft, Observation, StateDelta, Step, Violation, World
from store.traces.encode import decode_step, encode_header, encode_step
from tests.running import Running
from tests.schemas.values import json_values, texts

GOLDEN = Path(__file__).parent.parent / "golden" / "harbour.trace.jsonl"
JOB: list[tuple[str, dict[str, Any]]] = [
    ("list_ships", {"yard": "Leith", "sort": "-name", "limit": 1}),
    ("build_ship", {"name": 'Ünïcørn "1"\n', "yard": "Leith", "tonnes": 5}),
    ("moor_ship", {"id": "S-004", "dock_id": "D-01"}),
    ("moor_ship", {"id": "S-004", "dock_id": "D-02"}),
    ("build_ship", {"name": "Aurora", "yard": "Leith"}),
    ("close_dock", {"id": "D-01"}),
    ("scrap_ship", {"id": "S-001"}),
    ("get_ship", {"id": "S-001"}),
    ("get_ship", {"idd": "S-002"}),
    ("get_ship", {"id": float("nan")}),
    ("forecast", {"dock_id": "D-99"}),
]

observations = st.builds(Observation, texts, json_values, st.booleans(), st.integers(200, 599))
rows = st.none() | st.dictionaries(texts, json_values, max_size=3)
changes = st.builds(Change, st.sampled_from(["create", "update", "delete"]), texts, texts, rows, rows)
deltas = st.builds(StateDelta, st.lists(changes, max_size=3).map(tuple))
notes = st.lists(texts, max_size=2).map(tuple)
drafts = st.builds(Draft, observations, deltas, notes)
violations = st.builds(Violation, st.sampled_from(["schema", "restrict"]), texts, texts, texts, texts)
attempts = st.builds(Attempt, texts, drafts, st.lists(violations, max_size=2).map(tuple))
calls = st.builds(Call, texts, st.dictionaries(texts, json_values, max_size=3), st.floats(0, 1e6))
steps = st.builds(
    Step,
    st.integers(1, 10**6),
    texts,
    calls,
    observations,
    deltas,
    texts,
    texts,
    st.lists(attempts, max_size=2).map(tuple),
    notes,
)


@given(steps)
def test_a_step_is_read_back_as_it_was_written(step: Step) -> None:
    line = encode_step(step)
    assert decode_step(line) == step
    assert encode_step(decode_step(line)) == line
    assert b"\n" not in line


@given(deltas)
def test_an_inverse_undoes_and_its_inverse_does_again(delta: StateDelta) -> None:
    assert delta.inverse().inverse() == delta
    assert [change.key for change in delta.inverse().changes] == [change.key for change in delta.changes][::-1]


def test_the_header_holds_format_seed_and_the_complete_world(harbour: World) -> None:
    header = json.loads(encode_header(harbour, 7))
    assert (header["format"], header["version"], header["seed"]) == ("mcp-sim/trace", 1, 7)
    assert World.model_validate(header["world"]) == harbour
    assert World.model_validate(header["world"]).fingerprint == harbour.fingerprint


def play(running: Running) -> bytes:
    for tool, arguments in JOB:
        running.ask(tool, **arguments)
    return running.trace()


def test_a_trace_has_one_line_per_call_in_order(running: Running) -> None:
    lines = play(running).splitlines()
    found = [decode_step(line) for line in lines[1:]]
    assert [(step.n, step.call.tool) for step in found] == [(n, tool) for n, (tool, _) in enumerate(JOB, 1)]
    assert [step.observation.status for step in found] == [200, 200, 422, 409, 409, 409, 200, 404, 400, 400, 404]
    assert [encode_step(step) for step in found] == lines[1:]


def test_the_bytes_of_a_trace_have_not_moved(running: Running, tmp_path: Path) -> None:
    fresh = tmp_path / GOLDEN.name
    fresh.write_bytes(play(running))
    assert fresh.read_bytes() == GOLDEN.read_bytes(), f"if that was meant: cp {fresh} {GOLDEN}"
