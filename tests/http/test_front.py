"""What stands at `/`: where everything is, for a person with a browser as for a program."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from mcp_sim import __version__
from mcp_sim.http import create_app
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.types import World

from .conftest import ADDRESS
from .errors import error


def test_the_front_says_what_is_served_where(http: TestClient) -> None:
    assert http.get("/").json() == {
        "name": "mcp-sim",
        "version": __version__,
        "world": "library",
        "mcp": f"{ADDRESS}/mcp",
        "api": f"{ADDRESS}/api/openapi.json",
        "control": f"{ADDRESS}/control/openapi.json",
        "sessions": f"{ADDRESS}/control/sessions",
    }


@pytest.mark.parametrize("place", ["api", "control", "sessions"])
def test_what_the_front_names_is_there(http: TestClient, place: str) -> None:
    assert http.get(http.get("/").json()[place]).status_code == 200


def test_a_browser_gets_a_page_with_the_same_links(http: TestClient) -> None:
    page = http.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    for place in ("mcp", "api", "control", "sessions"):
        address = http.get("/").json()[place]
        assert f'<a href="{address}">{address}</a>' in page.text


def test_without_a_default_session_there_is_no_world_to_name(sessions: Sessions) -> None:
    sessions.delete(DEFAULT)
    front = TestClient(create_app(sessions, {}), base_url=ADDRESS).get("/").json()
    assert (front["world"], front["api"], front["mcp"]) == (None, None, f"{ADDRESS}/mcp")


def test_a_world_without_routes_has_no_rest_face(sessions: Sessions, harbour: World) -> None:
    sessions.delete(DEFAULT)
    sessions.create(harbour, session_id=DEFAULT)
    http = TestClient(create_app(sessions, {}), base_url=ADDRESS)
    assert http.get("/").json()["api"] is None
    assert [session["api"] for session in http.get("/control/sessions").json()["sessions"]] == [None]
    assert error(http.get("/api/ships")).endswith("; this world speaks MCP alone")


def test_nothing_is_sent_to_the_front(http: TestClient) -> None:
    refused = http.post("/", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
    assert error(refused) == "method_not_allowed: POST is not allowed on /; allowed: GET"
