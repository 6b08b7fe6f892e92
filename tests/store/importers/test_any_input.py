"""Whatever stands in a file: what can be read is read, the rest is told, and nothing raises."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.marks import at_pointer
from schemas.recorded import RecordedCall
from store.raw import RawStore, ingest
from store.traces.exporters import FORMATS
from store.traces.importers import read_recorded, read_runs
from tests.store.importers.test_conversations import STEPS, ask, otlp, tool, trajectory
from tests.store.importers.test_har import API, entry
from tests.store.importers.test_mcp import HELLO, TOOLS
from tests.store.importers.test_mcp import ask as asked
from tests.store.importers.test_mcp import tell as answered

GOLDEN = Path(__file__).parents[2] / "golden" / "harbour.trace.jsonl"
MESSAGES = [
    {"role": "user", "content": "hello"},
    {"role": "assistant", "tool_calls": [ask("sail", '{"to": "Oslo"}', "a")]},
    {"role": "tool", "tool_call_id": "a", "content": "sailed"},
]
SAID = [
    {"from": "human", "value": "look"},
    {"from": "function_call", "value": '{"name": "look", "arguments": {}}'},
    {"from": "observation", "value": "sea"},
]
CALL = {"trajectory_id": "t", "call_index": 0, "tool": "get", "arguments": {"path": {"id": "a"}}, "observation": "{}"}
LINES: dict[str, list[Any]] = {
    "mcp-sim": [orjson.loads(line) for line in GOLDEN.read_bytes().splitlines()[:4]],
    "jsonl": [
        CALL,
        {**CALL, "call_index": 1, "observation": '{"status": 200, "body": {}}'},
        {"trajectory_id": "t", "tools": []},
    ],
    "definitions": [{"schema_key": "k", "schema": {"name": "get", "parameters": {}}}],
    "mcp": [
        *HELLO,
        asked(1, "tools/list"),
        TOOLS,
        asked(2, name="sail", arguments={"to": "Oslo"}),
        answered(2, "sailed"),
    ],
    "har": [{"log": {"creator": {}, "entries": [entry("GET", f"{API}/users/42?x=1", answer={"id": 42})]}}],
    "openai": [
        {"messages": MESSAGES, "tools": [{"type": "function", "function": {"name": "sail"}}], "metadata": {"task": "t"}}
    ],
    "sharegpt": [{"id": "s", "conversations": SAID, "tools": "[]"}],
    "atif": [trajectory("ATIF-v1.8", *STEPS)],
    "otel": [otlp(tool(1, "look", "sea"), tool(2, "look", '{"content": [{"type": "text", "text": "no"}]}'))],
}
ODD = [None, 0, -1, "", "x", [], {}, [{}], True, 1e308, [[]], {"a": None}, "\0", 2**63, 2**64 - 1, [None], "[1", -0.0]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part of a value, except to the whole."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inside:
        yield (*at, name)
        yield from places(part, (*at, name))


def changed(lines: list[Any], pick: Any) -> bytes:
    """The lines with some parts replaced or removed."""
    lines = copy.deepcopy(lines)
    for _ in range(pick(st.integers(1, 3))):
        *way, last = pick(st.sampled_from(list(places(lines))))
        inner: Any = lines
        for name in way:
            inner = inner[name]
        if isinstance(inner, dict) and pick(st.booleans()):
            del inner[last]
        else:
            inner[last] = pick(st.sampled_from(ODD))
    return b"\n".join(map(orjson.dumps, lines))


@pytest.mark.parametrize("form", LINES)
@settings(max_examples=settings().max_examples // 2)
@given(data=st.data())
def test_no_part_of_a_recording_breaks_its_reading(tmp_path_factory, form: str, data: st.DataObject) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("any")
    file = folder / "recorded"
    file.write_bytes(changed(LINES[form], data.draw))
    told: list[str] = []

    runs = read_runs(file, tell=lambda one: told.append(str(one)))
    list(read_recorded([file], tell=lambda one: told.append(str(one))))
    with RawStore(folder / "raw.db") as raw:
        ingest(raw, [file], tell=lambda one: told.append(str(one)))
        runs += raw.runs()

    for run in runs:
        for part in run.parts:
            assert isinstance(part.text, str)
            assert not isinstance(part, RecordedCall) or isinstance(part.arguments, dict)
        for written in FORMATS.values():
            assert all(map(orjson.dumps, written.lines(run)))
            written.remains(run)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("form", [form for form in LINES if form != "definitions"])
def test_every_span_leads_to_the_json_it_was_read_from(tmp_path: Path, form: str, mark: bytes) -> None:
    told = {"note": "Bööte 😀"}
    lines = [{**told, **line} if form not in ("mcp-sim", "mcp") else line for line in LINES[form]]
    content = mark + b"\n".join(map(orjson.dumps, lines))
    (tmp_path / "recorded").write_bytes(content)

    (run,) = read_runs(tmp_path / "recorded", tell=lambda one: pytest.fail(str(one)))

    assert run.calls
    for part in run.parts:
        assert part.spans
        for start, end, pointer in part.spans:
            found = at_pointer(orjson.loads(content[start:end]), pointer)
            assert isinstance(found, dict), (pointer, found)
