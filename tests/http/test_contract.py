"""The document of the control API is true: it knows every route, and every answer is as it says."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from .documents import Document, judge, references, resolve

BODY = {"world": "library", "id": "mine"}
CALLS = [
    ("GET", "/control/health", None),
    ("GET", "/control/openapi.json", None),
    ("GET", "/control/storage", None),
    ("GET", "/control/storage/sessions", None),
    ("GET", "/control/worlds", None),
    ("GET", "/control/sessions", None),
    ("POST", "/control/sessions", BODY),
    ("POST", "/control/sessions", BODY | {"id": "default"}),
    ("POST", "/control/sessions", BODY | {"world": "?"}),
    ("POST", "/control/sessions", BODY | {"id": "?"}),
    *[
        (method, f"/control/sessions/{session}{rest}", None)
        for session in ("default", "nowhere")
        for method, rest in [
            ("GET", ""),
            ("POST", "/reset"),
            ("POST", "/branch"),
            ("POST", "/rewind"),
            ("GET", "/snapshots"),
            ("POST", "/snapshots"),
            ("GET", "/perturbations"),
            ("PUT", "/perturbations"),
            ("GET", "/diff"),
            ("GET", "/state"),
            ("GET", "/state/book"),
            ("GET", "/state/nothing"),
            ("GET", "/trace"),
            ("DELETE", ""),
        ]
    ],
]


@pytest.fixture
def document(http: TestClient) -> Document:
    return dict(http.get("/control/openapi.json").json())


def test_document_and_routes_are_the_same(app: Starlette, document: Document) -> None:
    served = {route.path for route in app.routes if isinstance(route, Route) and route.path.startswith("/control")}
    assert set(document["paths"]) == served


def test_the_methods_of_every_path_are_those_of_the_document(http: TestClient, document: Document) -> None:
    for path, item in document["paths"].items():
        allowed = http.options(path.format(session="default", entity="book")).headers["allow"]
        assert allowed.lower().split(", ") == sorted(item)


def test_every_documented_operation_is_judged_here(document: Document) -> None:
    called = {(method, _template(document, path)) for method, path, _ in CALLS}
    assert called == {(method.upper(), path) for path, item in document["paths"].items() for method in item}


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_every_answer_is_as_documented(
    http: TestClient, document: Document, method: str, path: str, body: dict[str, str] | None
) -> None:
    judge(document, method, _template(document, path), http.request(method, path, json=body))


@pytest.mark.parametrize(("content", "media_type"), [(b"{", "application/json"), (b"{}", "text/plain")])
def test_refused_bodies_are_as_documented(
    http: TestClient, document: Document, content: bytes, media_type: str
) -> None:
    answer = http.post("/control/sessions", content=content, headers={"Content-Type": media_type})
    judge(document, "POST", "/control/sessions", answer)


def test_the_judge_is_strict(http: TestClient, document: Document) -> None:
    document["components"]["schemas"]["Health"]["required"] = ["moon"]
    with pytest.raises(ValueError, match="moon"):
        judge(document, "GET", "/control/health", http.get("/control/health"))


def test_every_reference_leads_somewhere(document: Document) -> None:
    for reference in references(document):
        assert isinstance(resolve(document, reference), dict)


def test_operation_ids_are_unique(document: Document) -> None:
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(ids)) == len(ids)


def _template(document: Document, path: str) -> str:
    parts = path.split("/")
    return next(
        template
        for template in sorted(document["paths"])
        if len(template.split("/")) == len(parts)
        and all("{" in expected or expected == part for expected, part in zip(template.split("/"), parts, strict=True))
    )
