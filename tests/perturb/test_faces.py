"""What an MCP client and an HTTP client see of perturbations."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, TextContent
from starlette.testclient import TestClient

from mcp_sim.http import create_app
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.types import World
from store.db import Database
from tests.perturb.perturbed import Perturbed
from tests.server.calling import call

ONE = {"id": "P-003"}


@pytest.fixture(params=["legacy", "auto"], ids=["handshake", "2026-07-28"])
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def asked(sessions: Sessions, depot: World, era: str) -> Any:
    """The answers of one session to one call after another, as a real client sees them."""

    def ask(spec: dict[str, Any], tool: str, times: int = 1, **arguments: Any) -> CallToolResult:
        sessions.create(depot, session_id=DEFAULT, perturbations=[spec])
        return [asyncio.run(call(sessions, era, tool, arguments)) for _ in range(times)][-1]

    return ask


@pytest.fixture
def http(sessions: Sessions, depot: World) -> Iterator[TestClient]:
    with TestClient(create_app(sessions, {"depot": lambda: depot}), base_url="http://127.0.0.1:8000") as client:
        yield client


def texts(result: CallToolResult) -> list[str]:
    return [block.text for block in result.content if isinstance(block, TextContent)]


def test_a_rate_limit_is_an_error_that_names_the_seconds(asked: Any) -> None:
    refused = asked({"rate_limit": {"calls": 1, "per": 60}}, "motto", times=2)
    (text,) = texts(refused)
    assert refused.is_error
    seconds = refused.meta["http"]["headers"]["Retry-After"]
    assert text == f"Too Many Requests: at most 1 calls in 60 seconds. Retry after {seconds} seconds."
    assert refused.meta["http"]["status"] == 429
    assert refused.structured_content is None


def test_an_answer_that_came_through_says_what_is_left(asked: Any) -> None:
    answer = asked({"rate_limit": {"calls": 5, "per": 60}}, "get_parcel", **ONE)
    assert answer.structured_content["id"] == "P-003"
    assert answer.meta["http"] == {
        "status": 200,
        "headers": {
            "RateLimit-Policy": '"default";q=5;w=60',
            "RateLimit": '"default";r=4;t=12',
            "X-RateLimit-Limit": "5",
            "X-RateLimit-Remaining": "4",
            "X-RateLimit-Reset": "12",
        },
    }


@pytest.mark.parametrize(
    ("spec", "code", "text"),
    [
        ({"protocol_error": {}}, -32603, "Internal error"),
        ({"protocol_error": {"code": -32000, "text": "boom"}}, -32000, "boom"),
        ({"unavailable": {"gone": True}}, -32602, "Unknown tool: motto"),
    ],
)
def test_a_protocol_error_is_one(asked: Any, spec: dict[str, Any], code: int, text: str) -> None:
    with pytest.raises(MCPError) as caught:
        asked(spec, "motto")
    assert (caught.value.code, caught.value.message) == (code, text)


@pytest.mark.parametrize(
    "spec", [{"malform": {}}, {"truncate": {}}, {"format": {"as": "yaml"}}, {"drift": {"drop": ["weight"]}}]
)
def test_the_client_library_finds_that_an_answer_breaks_its_output_schema(asked: Any, spec: dict[str, Any]) -> None:
    why = pytest.RaisesExc(RuntimeError, match=r"(?i)output schema|structured content")
    with pytest.RaisesGroup(why, flatten_subgroups=True):
        asked(spec, "get_parcel", **ONE)


def test_a_label_is_a_second_text(asked: Any) -> None:
    answer = asked({"partial": {}}, "list_parcels", limit=4)
    assert texts(answer)[1:] == ["Partial result: 2 of 4 items could not be loaded. Try again for all."]
    assert len(answer.structured_content["items"]) == 2


def test_tools_list_never_varies(sessions: Sessions, depot: World, http: TestClient) -> None:
    sessions.create(depot, session_id=DEFAULT, perturbations=[{"unavailable": {"gone": True}}])
    listed = http.get("/api/openapi.json").json()
    http.get("/api/parcels")
    assert http.get("/api/openapi.json").json() == listed


@pytest.fixture
def rest(sessions: Sessions, depot: World, http: TestClient) -> Any:
    def start(spec: dict[str, Any]) -> TestClient:
        sessions.create(depot, session_id=DEFAULT, perturbations=[spec])
        return http

    return start


def test_http_has_real_statuses_and_headers(rest: Any) -> None:
    client = rest({"rate_limit": {"calls": 2, "per": 60}})
    answers = [client.get("/api/parcels/P-001") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert int(answers[-1].headers["Retry-After"]) in range(20, 31)
    assert answers[-1].json()["error"]["code"] == "too_many_requests"


@pytest.mark.parametrize(
    ("spec", "status", "headers"),
    [
        ({"error": {"status": 503, "retry_after": 7}}, 503, {"Retry-After": "7"}),
        ({"auth": {"lifetime": 0.5}}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="The token expired"'}),
        ({"permission": {}}, 403, {}),
        ({"unavailable": {"gone": True}}, 404, {}),
        ({"protocol_error": {}}, 500, {}),
        ({"timeout": {}}, 504, {}),
        ({"cancel": {}}, 499, {}),
    ],
)  # fmt: skip
def test_every_refusal_has_its_status(rest: Any, spec: dict[str, Any], status: int, headers: dict[str, str]) -> None:
    answer = rest(spec).get("/api/parcels/P-001")
    assert answer.status_code == status
    assert answer.json()["error"]["status"] == status
    assert headers.items() <= {name: answer.headers[name] for name in headers}.items()


@pytest.mark.parametrize(
    ("spec", "media_type"),
    [
        ({"format": {"as": "yaml"}}, "application/yaml"),
        ({"format": {"as": "html"}}, "text/html; charset=utf-8"),
        ({"format": {"as": "envelope"}}, "application/json"),
        ({"truncate": {}}, "application/json"),
    ],
)
def test_another_form_has_its_own_media_type(rest: Any, spec: dict[str, Any], media_type: str) -> None:
    answer = rest(spec).get("/api/parcels/P-001")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    if "truncate" in spec:
        assert answer.text.startswith('{"id":"P-001"')
        assert not answer.text.endswith("}")


def test_a_label_is_a_warning_and_an_answer_without_body_keeps_its_headers(rest: Any) -> None:
    client = rest({"batch": {}})
    answer = client.post("/api/sendings", json={"ids": ["P-001", "P-002"]})
    assert answer.headers["Warning"].startswith('199 - "1 of 2 entries of ids failed')
    limited = rest_of(client, {"rate_limit": {"calls": 5, "per": 60}})
    assert (limited.status_code, limited.headers["X-RateLimit-Remaining"]) == (204, "4")


def rest_of(client: TestClient, spec: dict[str, Any]) -> Any:
    made = client.post("/control/sessions", json={"world": "depot", "perturbations": [spec]}).json()
    return client.delete(f"/sessions/{made['id']}/api/parcels/P-001")


def test_the_real_pause_of_an_agent_counts_where_the_time_matters(sessions: Sessions, depot: World) -> None:
    timed = sessions.create(depot, perturbations=[{"rate_limit": {"calls": 1, "per": 60}}])
    plain = sessions.create(depot, perturbations=[{"error": {}, "where": {"nth": 9}}])
    for session in (timed, plain):
        assert session.pause() == 0.0
        Perturbed.of(sessions, session).ask("motto")
    while timed.pause() == 0.0:
        pass
    assert plain.pause() == 0.0


def test_the_pause_between_requests_is_recorded(rest: Any, sessions: Sessions) -> None:
    client = rest({"rate_limit": {"calls": 100, "per": 60}})
    client.get("/api/parcels/P-001")
    session = sessions.open(DEFAULT)
    while session.pause() < 0.05:
        pass
    client.get("/api/parcels/P-001")
    waits = [step.call.waited for step in Perturbed.of(sessions, session).steps()]
    assert waits[0] == 0.0
    assert waits[1] >= 0.05


def test_the_control_api_gives_a_session_its_perturbations(http: TestClient) -> None:
    def asked(session: str) -> int:
        return int(http.get(f"/sessions/{session}/api/parcels/P-001").status_code)

    spelled = [{"name": "no", "permission": {}, "where": {"tool": "get_parcel"}}]
    made = http.post("/control/sessions", json={"world": "depot", "id": "a", "perturbations": spelled})
    assert made.status_code == 201
    assert asked("a") == 403
    at = "/control/sessions/a/perturbations"
    (found,) = http.get(at).json()["perturbations"]
    assert (found["name"], found["permission"], found["where"]["tool"]) == ("no", {"status": 403}, "get_parcel")
    assert http.put(at, json={"profile": "calm"}).json() == {"perturbations": []}
    assert asked("a") == 200
    both = http.put(at, json={"profile": "slow", "perturbations": spelled}).json()["perturbations"]
    assert [one["name"] for one in both] == ["no", "slow", "slow-tail", "slow-timeout"]
    branch = http.post("/control/sessions/a/branch", json={"id": "b", "without": ["no"]})
    assert branch.status_code == 201
    assert asked("a") == 403
    assert asked("b") == 200
    profiled = http.post("/control/sessions", json={"world": "depot", "id": "c", "profile": "rate-limited"})
    assert profiled.status_code == 201
    assert "X-RateLimit-Limit" in http.get("/sessions/c/api/parcels/P-001").headers


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "/sessions", {"world": "depot", "profile": "flakey"}, "no profile 'flakey' (did you mean 'flaky'?); there are calm"),
        ("POST", "/sessions", {"world": "depot", "perturbations": [{"eror": {}}]}, "/perturbations/0/eror: 'eror' is not a field here (did you mean 'error'?)"),
        ("PUT", "/sessions/s/perturbations", {"perturbations": [{"error": {}, "where": {"tool": "x"}}]}, "/perturbations/0/where/tool: no tool 'x'"),
        ("POST", "/sessions/s/branch", {"without": ["x"]}, "no perturbation 'x'; there is none"),
    ],
)  # fmt: skip
def test_perturbations_that_cannot_be_are_told_in_one_sentence(
    http: TestClient, method: str, path: str, body: Any, told: str
) -> None:
    http.post("/control/sessions", json={"world": "depot", "id": "s"})
    answer = http.request(method, f"/control{path}", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "bad_perturbation")
    assert told in answer.json()["error"]["message"]


def test_serving_gives_the_default_session_what_it_is_told_each_time(tmp_path: Path, depot: World) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    for perturbations, status in (
        ([{"permission": {}}], 403),
        (None, 200),
        ([{"error": {}}], 500),
        ([{"error": {}}], 500),
    ):
        session = Sessions(database).serve(depot, perturbations=perturbations)
        assert session.id == DEFAULT
        assert Perturbed.of(Sessions(database), session).ask("motto").status == status
    assert len(session.regimes) == 3
    database.close()
