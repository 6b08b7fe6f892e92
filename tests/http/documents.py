"""Reading an OpenAPI document as a judge of responses."""

from __future__ import annotations

from typing import Any, Protocol

import jsonschema_rs

Document = dict[str, Any]


class Answer(Protocol):
    """A response of any HTTP client."""

    @property
    def status_code(self) -> int: ...

    @property
    def headers(self) -> Any: ...

    @property
    def content(self) -> bytes: ...

    def json(self) -> Any: ...


def judge(document: Document, method: str, path: str, answer: Answer) -> None:
    """Fail unless the document foresees this answer to `method` of the path template."""
    responses = document["paths"][path][method.lower()]["responses"]
    status = str(answer.status_code)
    assert status in responses, f"{method} {path} may answer {', '.join(responses)}, not {status}"
    content = responses[status].get("content", {})
    if not content:
        assert answer.content == b""
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    assert media_type in content
    if media_type == "application/json":
        schema = {**content[media_type]["schema"], "components": document["components"]}
        jsonschema_rs.validator_for(schema).validate(answer.json())


def references(document: Any) -> list[str]:
    """Every `$ref` of a document."""
    if isinstance(document, list):
        return [found for item in document for found in references(item)]
    if not isinstance(document, dict):
        return []
    own = [document["$ref"]] if isinstance(document.get("$ref"), str) else []
    return own + [found for value in document.values() for found in references(value)]


def resolve(document: Any, reference: str) -> Any:
    """What a `$ref` into the document stands for."""
    for part in reference.removeprefix("#/").split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document
