"""What a question shows is read back from it as the renderer wrote it."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from mcp_sim.worldmodel.shown import Shown, shown
from mcp_sim.worldmodel.wire import Message
from schemas.load import load_world
from schemas.rows import key_text
from tests.trainer.played import shipped
from trainer.record import Record


def _read(record: Record) -> Shown:
    return shown([Message(role=turn.role, content=turn.content) for turn in record.turns[:-1]])


def test_tool_arguments_and_rows_of_every_rendered_question_are_read_back() -> None:
    worlds = {name: load_world(name) for name in ("helpdesk", "mars-colony", "shop")}
    for record in shipped():
        found, world = _read(record), worlds[record.domain]
        assert (found.tool["name"], found.arguments) == (record.facts["tool"], record.facts["arguments"])
        assert found.tool.get("output_schema") == world.tools[record.facts["tool"]].output_schema
        assert found.now.endswith("Z")
        keys = sorted([entity, key_text(row[world.entities[entity].key])] for entity, row in found.rows)
        assert keys == record.facts["rows"]


def test_kinds_of_records_are_shown_where_records_may_change() -> None:
    for record in shipped():
        found = _read(record)
        assert found.writes == (record.facts["kind"] == "write")
        assert bool(found.kinds) == found.writes
        assert all(kind["key"] in kind["schema"]["properties"] for kind in found.kinds.values())


def _said(*contents: str) -> Sequence[Message]:
    return [Message(role="system" if at == 0 else "user", content=content) for at, content in enumerate(contents)]


def test_a_question_in_another_form_shows_nothing() -> None:
    assert shown([]) == Shown()
    assert shown(_said("You are a shop.", "get_order 7")) == Shown()
    assert shown(_said("# The called tool\n{broken", "Records that matter here:\nperson [1]")) == Shown()


def test_what_the_lore_says_is_no_definition() -> None:
    real = orjson.dumps({"name": "b"}).decode()
    assert shown(_said(f'# The called tool\n{{"name":"a"}}\n\n# The called tool\n{real}', "")).tool == {"name": "b"}
