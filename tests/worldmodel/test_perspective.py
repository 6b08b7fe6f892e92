"""A run from the perspective of the world model: calls are told, answers are learned."""

from __future__ import annotations

from hypothesis import given

from mcp_sim.worldmodel.perspective import as_world_model, from_world_model, seen_by_world_model
from schemas.recorded import About, RecordedCall, RecordedMessage, RecordedRun, gathered
from store.traces.exporters import FORMATS
from tests.store.exporters.runs import runs


def test_the_agent_asks_and_the_world_answers() -> None:
    run = gathered(
        "t",
        [
            About("t", ({"name": "look", "inputSchema": {"type": "object"}},)),
            RecordedMessage("t", "user", "Look around."),
            RecordedCall("t", 0, "look", {"at": "sea"}, "waves", False),
            RecordedCall("t", 1, "look", {"at": "sun"}, "too bright", True),
        ],
    )

    (document,) = seen_by_world_model(FORMATS["openai"]).lines(run)

    assert [message["role"] for message in document["messages"]] == ["system", "user", "assistant", "user", "assistant"]
    assert document["messages"][0]["content"].endswith('{"name":"look","inputSchema":{"type":"object"}}')
    assert '{"name":"look","arguments":{"at":"sea"}}' in document["messages"][1]["content"]
    assert document["messages"][2]["content"] == "**Environment Observation:**\nwaves"
    assert document["messages"][4]["content"].endswith('{"error":"too bright"}')
    assert "tools" not in document


@given(runs())
def test_calls_come_back_from_what_the_world_model_is_told(run: RecordedRun) -> None:
    found = from_world_model(as_world_model(run))

    assert [(call.tool, call.arguments) for call in found.calls] == [(call.tool, call.arguments) for call in run.calls]
    assert found.tools == run.tools
    assert all(isinstance(part, RecordedCall) for part in found.parts)
