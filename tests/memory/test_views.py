"""The views show readers of the database what was there, whatever layers it lies in."""

from __future__ import annotations

import json

from sqlalchemy import create_engine, text

from mcp_sim.sessions import Sessions
from schemas.load import load_world
from tests.memory.reading import as_json, read
from tests.memory.wanderer import State, Wanderer
from tests.running import HARBOUR


def test_current_row_shows_what_every_session_holds(wanderer: Wanderer, url: str) -> None:
    shown: dict[str, State] = {}
    for row in read(url, "SELECT * FROM current_row"):
        assert (row["entity"], row["key"]) not in shown.setdefault(row["session"], {})
        shown[row["session"]][row["entity"], row["key"]] = as_json(row["body"])
    assert shown == {session_id: past[-1] for session_id, past in wanderer.pasts.items()}


def test_row_history_shows_what_every_session_held_at_every_step(wanderer: Wanderer, url: str) -> None:
    history = read(url, "SELECT session, entity, key, n, before, after, until FROM row_history")
    for session_id, past in wanderer.pasts.items():
        own = [row for row in history if row["session"] == session_id]
        for n, expected in enumerate(past):
            held = {
                (row["entity"], row["key"]): as_json(row["after"])
                for row in own
                if row["n"] <= n and (row["until"] is None or row["until"] > n) and row["after"] is not None
            }
            assert held == expected
        for row in own:
            before = past[row["n"] - 1].get((row["entity"], row["key"])) if row["n"] else None
            assert as_json(row["before"]) == before


def test_session_step_shows_the_steps_of_the_trace(wanderer: Wanderer, url: str) -> None:
    shown = read(url, "SELECT session, n, tool, is_error, changes, body FROM session_step ORDER BY session, n")
    for session_id in wanderer.pasts:
        _, *lines = wanderer.sessions.trace(session_id)
        steps = [json.loads(line) for line in lines]
        own = [row for row in shown if row["session"] == session_id]
        assert [as_json(row["body"]) for row in own] == steps
        assert [(row["n"], row["tool"], bool(row["is_error"]), row["changes"]) for row in own] == [
            (step["n"], step["call"]["tool"], step["observation"]["is_error"], len(step["delta"]["changes"]))
            for step in steps
        ]


def test_rows_of_a_step_that_is_still_being_written_are_not_shown(sessions: Sessions, url: str) -> None:
    sessions.create(load_world(HARBOUR), session_id="quay")
    engine = create_engine(url)
    flag = json.dumps({"id": "white", "colours": ["white"]})
    with engine.begin() as writer:
        layer = writer.execute(text("SELECT layer FROM session")).scalar_one()
        writer.execute(text("INSERT INTO opening (layer, n) VALUES (:layer, 1)"), {"layer": layer})
        writer.execute(
            text(
                "INSERT INTO version (layer, entity, key, step, op, body)"
                " VALUES (:layer, 'flag', 'white', 1, 'create', :body)"
            ),
            {"layer": layer, "body": flag},
        )
    engine.dispose()
    for view in ("current_row", "row_history"):
        shown = read(url, f"SELECT key FROM {view} WHERE session = 'quay' AND entity = 'flag' ORDER BY key")
        assert [row["key"] for row in shown] == ["jack", "red"]
