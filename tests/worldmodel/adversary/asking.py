"""Asking the adversary as a client would, for its tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import orjson

from tests.worldmodel.adversary import Adversary, Pace

ORDER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "customer_id", "status", "total", "note", "lines"],
    "properties": {
        "id": {"enum": ["ORD-00001", "ORD-00002"]},
        "customer_id": {"type": "string", "pattern": "^CUS-[0-9]{4}$"},
        "status": {"enum": ["open", "paid"]},
        "total": {"type": "integer", "minimum": 0},
        "note": {"type": "string"},
        "lines": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["sku", "quantity"],
                "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}},
            },
        },
    },
}
MESSAGES = [{"role": "system", "content": "You are a shop."}, {"role": "user", "content": "get_order ORD-00001"}]
NEVER = 3600.0
"""Seconds: longer than any test."""


def served() -> Iterator[Adversary]:
    """A server whose slow answers wait for `release()`."""
    with Adversary(seed=1, pace=Pace(first_token=NEVER, token=NEVER)) as server:
        yield server


def connected(server: Adversary) -> Iterator[httpx.Client]:
    """A plain client of it."""
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


def body(schema: Any = ORDER, **further: Any) -> dict[str, Any]:
    """A request for data of this form; None for any."""
    form = {"type": "json_schema", "json_schema": {"name": "observation", "schema": schema}}
    return {"model": "adversary", "messages": MESSAGES} | ({"response_format": form} if schema else {}) | further


def ask(client: httpx.Client, schema: Any = ORDER, **further: Any) -> httpx.Response:
    return client.post("/v1/chat/completions", json=body(schema, **further))


def text(answer: httpx.Response) -> str:
    content = answer.raise_for_status().json()["choices"][0]["message"]["content"]
    assert isinstance(content, str)
    return content


def data(answer: httpx.Response) -> list[Any]:
    """The events of a stream, the last of which says that it is done."""
    lines = [line for line in answer.text.split("\n\n") if line and not line.startswith(":")]
    assert lines.pop() == "data: [DONE]"
    return [orjson.loads(line.removeprefix("data: ")) for line in lines]


def joined(events: list[Any], part: str = "content") -> str:
    return "".join(event["choices"][0]["delta"].get(part, "") for event in events if event["choices"])


def is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def is_order(text: str) -> bool:
    return is_json(text) and jsonschema_rs.is_valid(ORDER, orjson.loads(text))


def request(**further: Any) -> bytes:
    """A request as bytes."""
    content = orjson.dumps(body(**further))
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length:"
    return f"{head} {len(content)}\r\n\r\n".encode() + content
