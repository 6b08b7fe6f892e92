"""The control API on the time of a session: branches, snapshots, the past and differences."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from .conftest import ADDRESS
from .documents import judge
from .errors import error

SESSION = "/control/sessions/default"
MOMENT = "must be the number of a step, 0 or more, or the name of a snapshot"


class Judged:
    """Asks, and lets the document judge every answer."""

    def __init__(self, http: TestClient) -> None:
        self._http = http
        self._document = dict(http.get("/control/openapi.json").json())

    def __call__(self, method: str, path: str, body: Any = None, status: int = 200, template: str = "") -> Any:
        answer = self._http.request(method, f"/control/sessions{path}", json=body)
        _, _, rest = path.partition("?")[0].removeprefix("/").partition("/")
        judge(self._document, method, f"/control/sessions/{{session}}/{template or rest}".rstrip("/"), answer)
        assert answer.status_code == status, answer.text
        return answer.json() if status < 400 else error(answer)


@pytest.fixture
def ask(http: TestClient) -> Judged:
    """The default session after three steps: a book comes, a book changes, another goes."""
    made = http.post("/api/books", json={"title": "Emma"}).json()
    http.patch(f"/api/books/{made['number']}", json={"title": "Emma, again"})
    assert http.delete("/api/books/3").status_code == 204
    return Judged(http)


def test_a_branch_goes_on_from_a_step_at_an_address_of_its_own(ask: Judged, http: TestClient) -> None:
    branch = ask("POST", "/default/branch", {"at": 1, "id": "what-if"}, 201)
    assert (branch["id"], branch["steps"], branch["world"]) == ("what-if", 1, "library")
    assert branch["mcp"] == f"{ADDRESS}/sessions/what-if/mcp"
    http.post(f"{branch['api']}/books", json={"title": "Persuasion"})
    titles = [row["title"] for row in ask("GET", "/what-if/state")["book"]]
    assert {"Emma", "Persuasion"} < set(titles)
    assert ask("GET", "/default")["steps"] == 3


def test_a_branch_needs_no_body_and_goes_on_from_the_last_step(ask: Judged, http: TestClient) -> None:
    made = http.post(f"{SESSION}/branch")
    assert (made.status_code, made.json()["steps"]) == (201, 3)
    assert http.get(f"/control/sessions/{made.json()['id']}/state").json() == ask("GET", "/default/state")


def test_a_session_goes_back_to_a_step(ask: Judged) -> None:
    before = ask("GET", "/default/state?at=1")
    assert ask("POST", "/default/rewind", {"to": 1})["steps"] == 1
    assert ask("GET", "/default/state") == before


def test_a_session_goes_back_to_a_snapshot(ask: Judged) -> None:
    now = ask("GET", "/default/state")
    assert ask("POST", "/default/snapshots", {"name": "here"}, 201) == {"name": "here", "step": 3}
    ask("POST", "/default/rewind", {"to": 0})
    ask("POST", "/default/snapshots", {"name": "there"}, 201)
    assert ask("GET", "/default/snapshots") == {
        "snapshots": [{"name": "there", "step": 0}, {"name": "here", "step": 3}]
    }
    assert ask("POST", "/default/rewind", {"to": "here"})["steps"] == 3
    assert ask("GET", "/default/state") == now


def test_a_call_after_a_rewind_is_answered_by_the_past(ask: Judged, http: TestClient) -> None:
    ask("POST", "/default/rewind", {"to": 0})
    assert http.get("/api/books/3").status_code == 200
    assert ask("GET", "/default")["steps"] == 1


def test_rows_are_shown_as_of_any_step(ask: Judged) -> None:
    def titles(at: int) -> list[str]:
        return [row["title"] for row in ask("GET", f"/default/state/book?at={at}", template="state/{entity}")]

    first = titles(0)
    assert titles(1) == [*first, "Emma"]
    assert titles(2) == [*first, "Emma, again"]
    assert len(titles(3)) == len(first)


def test_a_difference_names_the_fields_that_differ(ask: Judged) -> None:
    (change,) = ask("GET", "/default/diff?from=1&to=2")["changes"]
    assert (change["op"], change["entity"], change["fields"]) == ("update", "book", ["title"])
    assert (change["before"]["title"], change["after"]["title"]) == ("Emma", "Emma, again")
    (back,) = ask("GET", "/default/diff?from=2&to=1")["changes"]
    assert (back["before"], back["after"]) == (change["after"], change["before"])
    assert [change["op"] for change in ask("GET", "/default/diff?from=0&to=3")["changes"]] == ["delete", "create"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/default/branch", {"at": 4}, 409, "unknown_step: session 'default' has the steps 0 to 3; "),
        ("POST", "/default/branch", {"id": "default"}, 409, "session_exists: session 'default' exists already"),
        ("POST", "/default/branch", {"at": -1}, 400, "invalid_body: at: must be 0 or more (got -1)"),
        ("POST", "/default/branch", {"at": "1"}, 400, 'invalid_body: at: must be a whole number (got "1")'),
        ("POST", "/default/branch", {"id": "../x"}, 400, "bad_name: '../x' is not a session id: "),
        ("POST", "/default/branch", {"step": 1}, 400, "invalid_body: step: "),
        ("POST", "/nowhere/branch", {}, 404, "unknown_session: no session 'nowhere'"),
        ("POST", "/default/rewind", {}, 400, "invalid_body: to: is required"),
        ("POST", "/default/rewind", {"to": None}, 400, f"invalid_body: to: {MOMENT} (got null)"),
        ("POST", "/default/rewind", {"to": -1}, 400, f"invalid_body: to: {MOMENT} (got -1)"),
        ("POST", "/default/rewind", {"to": 1.5}, 400, f"invalid_body: to: {MOMENT} (got 1.5)"),
        ("POST", "/default/rewind", {"to": True}, 400, f"invalid_body: to: {MOMENT} (got true)"),
        ("POST", "/default/rewind", {"to": 4}, 409, "unknown_step: session 'default' has the steps 0 to 3; "),
        ("POST", "/default/rewind", {"to": "x"}, 409, "unknown_step: session 'default' has no snapshot 'x'"),
        ("POST", "/default/rewind", {"to": "7"}, 400, "bad_name: '7' cannot name a snapshot"),
        ("POST", "/nowhere/rewind", {"to": 0}, 404, "unknown_session: no session 'nowhere'"),
        ("POST", "/default/snapshots", {"name": "a b"}, 400, "bad_name: 'a b' cannot name a snapshot"),
        ("POST", "/default/snapshots", {"name": 7}, 400, "invalid_body: name: must be a text (got 7)"),
        ("GET", "/default/state?at=4", None, 409, "unknown_step: session 'default' has the steps 0 to 3; "),
        ("GET", "/default/state?at=-1", None, 400, 'invalid_query: at: must be 0 or more (got "-1")'),
        ("GET", "/default/state?at=", None, 400, 'invalid_query: at: must be a whole number (got "")'),
        ("GET", "/default/state?at=1&at=2", None, 400, 'invalid_query: at: must be a whole number (got ["1","2"])'),
        ("GET", f"/default/state?at={'9' * 30}", None, 409, "unknown_step: session 'default' has the steps 0 to 3; "),
        ("GET", "/default/state?step=1", None, 400, "invalid_query: step: is not known; known: at"),
        ("GET", "/default/diff?from=1", None, 400, "invalid_query: to: is required"),
        ("GET", "/default/diff?from=1&to=x", None, 400, 'invalid_query: to: must be a whole number (got "x")'),
        ("GET", "/default/diff?from=1&to=4", None, 409, "unknown_step: session 'default' has the steps 0 to 3; "),
        ("GET", "/nowhere/diff?from=0&to=0", None, 404, "unknown_session: no session 'nowhere'"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    ask: Judged, method: str, path: str, body: Any, status: int, said: str
) -> None:
    before = ask("GET", "/default"), ask("GET", "/default/state")
    assert ask(method, path, body, status).startswith(said)
    assert (ask("GET", "/default"), ask("GET", "/default/state")) == before
