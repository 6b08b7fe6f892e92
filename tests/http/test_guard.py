"""Who may come in, on every face alike."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mcp_sim.errors import SetupError
from mcp_sim.http import create_app
from mcp_sim.sessions import Sessions
from schemas.types import World

from .conftest import ADDRESS
from .errors import error

TOKEN = "open-sesame-42"
FACES = [
    "/",
    "/mcp",
    "/sessions/default/mcp",
    "/api/books",
    "/api/openapi.json",
    "/control/health",
    "/control/sessions",
    "/x",
]


@pytest.fixture
def locked(sessions: Sessions, library: World) -> TestClient:
    app = create_app(sessions, {"library": lambda: library}, host="0.0.0.0", token=TOKEN)
    return TestClient(app, base_url="http://sim.example:8000")


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[::1", "localhost."]
)
def test_a_foreign_host_name_is_refused_on_loopback(http: TestClient, face: str, host: str) -> None:
    refused = http.get(face, headers={"Host": host})
    assert refused.status_code == 421
    assert error(refused).startswith("wrong_host: ")


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://[", "file://"]
)
def test_a_page_from_elsewhere_is_refused_on_loopback(http: TestClient, face: str, origin: str) -> None:
    refused = http.get(face, headers={"Origin": origin})
    assert refused.status_code == 403
    assert error(refused).startswith("wrong_origin: ")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:9", "localhost:8000", "LOCALHOST", "[::1]:8000"])
def test_every_name_of_this_machine_is_welcome(http: TestClient, host: str) -> None:
    headers = {"Host": host, "Origin": "http://localhost:6274"}
    assert http.get("/control/health", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "sim.example", "10.0.0.1"])
def test_beyond_loopback_a_token_is_required(sessions: Sessions, host: str) -> None:
    with pytest.raises(SetupError, match="give a token, or bind to"):
        create_app(sessions, {}, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1"])
def test_on_loopback_none_is(sessions: Sessions, host: str) -> None:
    client = TestClient(create_app(sessions, {}, host=host), base_url=f"http://{f'[{host}]' if ':' in host else host}")
    assert client.get("/control/health").status_code == 200


@pytest.mark.parametrize("token", ["", " ", "short", "with a space in it", "tökens-are-ascii", "line\nbreaks-count"])
def test_what_is_no_token_is_refused_at_the_start(sessions: Sessions, token: str) -> None:
    with pytest.raises(SetupError, match="a token is at least 8 printable ASCII characters"):
        create_app(sessions, {}, token=token)


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong-token", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \xff"],
)
def test_with_a_token_nothing_is_open(locked: TestClient, face: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    refused = locked.get(face, headers=headers)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert error(refused) == "unauthorized: send the token as 'Authorization: Bearer TOKEN'"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_with_the_token_everything_is(locked: TestClient, scheme: str) -> None:
    locked.headers["Authorization"] = f"{scheme} {TOKEN}"
    with locked:
        assert locked.get("/api/books/1").status_code == 200
        assert locked.get("/control/sessions").status_code == 200
        assert locked.get("/mcp", headers={"MCP-Protocol-Version": "2026-07-28"}).status_code == 405


def test_a_locked_server_says_in_its_documents_that_it_wants_a_token(locked: TestClient) -> None:
    locked.headers["Authorization"] = f"Bearer {TOKEN}"
    for path in ("/api/openapi.json", "/control/openapi.json"):
        document = locked.get(path).json()
        assert document["security"] == [{"token": []}]
        assert document["components"]["securitySchemes"] == {"token": {"type": "http", "scheme": "bearer"}}
        assert all("401" in each["responses"] for item in document["paths"].values() for each in item.values())


def test_the_token_does_not_replace_the_checks_of_loopback(sessions: Sessions) -> None:
    client = TestClient(create_app(sessions, {}, token=TOKEN), base_url=ADDRESS)
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}
    assert client.get("/control/health", headers=headers).status_code == 421


def test_an_open_server_says_nothing_of_a_token(app: Starlette) -> None:
    client = TestClient(app, base_url=ADDRESS)
    assert "securitySchemes" not in client.get("/control/openapi.json").json()["components"]
