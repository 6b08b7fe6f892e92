"""HTTP requests and responses as entries of an archive (HAR)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mcp_sim.responders.live.http import Answer

Pairs = Iterable[tuple[str, str]]


def entry_of(method: str, url: str, headers: Pairs, body: bytes, answer: Answer, took: float = 0.0) -> dict[str, Any]:
    """The entry of one request and the response to it, which took so many seconds."""
    sent = list(headers)
    request: dict[str, Any] = {
        "method": method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "headers": _pairs(sent),
        "queryString": _pairs(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
        "cookies": [],
        "headersSize": -1,
        "bodySize": len(body),
    }
    if body:
        kind = next((value for name, value in sent if name.lower() == "content-type"), "application/octet-stream")
        request["postData"] = {"mimeType": kind, "text": body.decode(errors="replace")}
    return {
        "startedDateTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "time": round(took * 1000, 3),
        "request": request,
        "response": {
            "status": answer.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "headers": _pairs(answer.headers),
            "cookies": [],
            "content": _content(answer),
            "redirectURL": answer.header("location"),
            "headersSize": -1,
            "bodySize": len(answer.body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": round(took * 1000, 3), "receive": 0},
    }


def _pairs(pairs: Pairs) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _content(answer: Answer) -> dict[str, Any]:
    content: dict[str, Any] = {"size": len(answer.body), "mimeType": answer.header("content-type")}
    try:
        return {**content, "text": answer.body.decode()}
    except UnicodeDecodeError:
        return {**content, "text": b64encode(answer.body).decode(), "encoding": "base64"}
