"""What every error of every face must look like."""

from __future__ import annotations

from typing import Protocol


class Answer(Protocol):
    """A response of any HTTP client."""

    @property
    def status_code(self) -> int: ...

    def json(self) -> object: ...


def error(answer: Answer) -> str:
    """`code: message` of an error, which must be the one shape, speak of its own status and be one line."""
    body = answer.json()
    assert isinstance(body, dict)
    assert list(body) == ["error"]
    assert list(body["error"]) == ["status", "code", "message"]
    assert body["error"]["status"] == answer.status_code
    assert "\n" not in body["error"]["message"]
    assert "Traceback" not in body["error"]["message"]
    return f"{body['error']['code']}: {body['error']['message']}"
