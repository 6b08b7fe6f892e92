"""HAR, the archive of HTTP traffic that browsers and proxies write: read entry by entry, however large it is."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from schemas.recorded import Kind, Recorded, RecordedCall, Span, flat_arguments
from store.traces.importers.elements import elements
from store.traces.importers.event import NOT_WHOLE, Form, RawEvent
from store.traces.importers.lines import Complaint, Tell

_ENTRIES = re.compile(r'"entries"\s*:\s*\[')
_PAGES = ("text/html", "text/css", "image/", "font/", "audio/", "video/", "application/javascript", "text/javascript")
_ID = re.compile(r"\d+|[0-9a-fA-F-]{16,}|(?=[^/]*\d)[A-Za-z0-9_.~=-]{8,}|[A-Za-z]{1,8}[-_]\d+")
_VERSION = re.compile(r"v\d+(\.\d+)?|\d{4}-\d{2}(-\d{2})?")
_READS = {"GET", "HEAD"}


class Operation(NamedTuple):
    """What an API calls the requests of one method and path template, such as `/users/{id}`."""

    method: str
    path: str
    tool: str


def is_har(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines is one."""
    text = b"\n".join(head).decode(errors="replace")
    return text.startswith("{") and '"log"' in text[:200] and ("entries" in text or '"creator"' in text)


def events(path: Path, tell: Tell) -> Iterator[RawEvent]:
    """The entries of one archive that are calls."""
    pages = n = 0
    for found in elements(path, tell, _ENTRIES):
        try:
            is_page = _is_page(found.value)
        except NOT_WHOLE:
            tell(Complaint(path, found.line, "no whole entry with a request and a response; left out"))
            continue
        if is_page:
            pages += 1
            continue
        yield RawEvent("call", found.value, "", False, n, found.line, (Span(found.start, found.end),), index=n)
        n += 1
    if pages:
        tell(Complaint(path, 0, f"{pages} entries are pages, pictures, scripts or preflights, no calls; left out"))


def _is_page(entry: Any) -> bool:
    """Whether it is no call of an API."""
    request, response = entry["request"], entry["response"]
    content = response.get("content") or {}
    if str(request["method"]).upper() == "OPTIONS" or str(content.get("mimeType", "")).startswith(_PAGES):
        return True
    _call(entry, ())
    return False


def decode(event: RawEvent, origin: str) -> Recorded | None:
    """The call of an entry, its tool named after method and path; parts that look like ids are its arguments."""
    return decode_as(event, origin, ())


def decode_as(event: RawEvent, origin: str, operations: Sequence[Operation]) -> RecordedCall:
    """The call of an entry, its tool named by the operation that fits, as far as one does."""
    return replace(
        _call(event.raw, operations),
        trajectory=event.trajectory(origin),
        index=event.index,
        source=f"{origin}:{event.line}",
        spans=event.spans,
    )


HAR = Form("har", "an HTTP archive (HAR)", is_har, events, decode)


def call_of(entry: dict[str, Any]) -> RecordedCall:
    """The call of one entry alone.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is no whole entry.
    """
    return _call(entry, ())


def _call(entry: Any, operations: Sequence[Operation]) -> RecordedCall:
    request, response = entry["request"], entry["response"]
    method, status = str(request["method"]).upper(), int(response["status"])
    content = response.get("content") or {}
    if status < 100:
        raise ValueError("no response came")
    url = urlsplit(request["url"])
    tool, parts = _named(method, url.path, operations)
    query = [(item["name"], item["value"]) for item in request.get("queryString") or ()] or parse_qsl(url.query)
    text = _text(content)
    return RecordedCall(
        trajectory="",
        index=0,
        tool=tool,
        arguments=flat_arguments(parts, _together(query), _body(request.get("postData") or {})),
        text=text,
        is_error=status >= 400,
        status=status,
        structured=_json(text),
        kind=_kind(method),
        domain=url.netloc,
        at=str(entry.get("startedDateTime") or ""),
    )


def operation_of(entry: dict[str, Any]) -> Operation:
    """The operation of one entry by its method and path alone: parts of the path that look like ids are arguments.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is no whole entry.
    """
    method, path = str(entry["request"]["method"]).upper(), urlsplit(entry["request"]["url"]).path
    tool, arguments = _unnamed(method, path)
    names = iter(arguments)
    parts = [f"{{{next(names)}}}" if _is_id(unquote(part)) else part for part in path.split("/")]
    return Operation(method, "/".join(parts) or "/", tool)


def _is_id(part: str) -> bool:
    return bool(_ID.fullmatch(part) and not _VERSION.fullmatch(part))


def _kind(method: str) -> Kind:
    return "read" if method in _READS else "write"


def _named(method: str, path: str, operations: Sequence[Operation]) -> tuple[str, dict[str, Any]]:
    """The tool of a request, and the arguments in its path."""
    fits = [
        (len(operation.path.replace("{", "")), operation, found)
        for operation in operations
        if operation.method.upper() == method and (found := _pattern(operation.path).fullmatch(path))
    ]
    if fits:
        _, operation, found = min(fits, key=lambda fit: (fit[1].path.count("{"), -fit[0]))
        names = re.findall(r"{([^}]*)}", operation.path)
        return operation.tool, {name: unquote(value) for name, value in zip(names, found.groups(), strict=True)}
    return _unnamed(method, path)


@lru_cache(maxsize=4096)
def _pattern(template: str) -> re.Pattern[str]:
    """What fits a path template, wherever the API is mounted."""
    parts = [re.escape(part) for part in re.split(r"{[^}]*}", template.rstrip("/"))]
    return re.compile(".*" + "([^/]+)".join(parts) + "/?")


def _unnamed(method: str, path: str) -> tuple[str, dict[str, Any]]:
    words: list[str] = [method.lower()]
    arguments: dict[str, Any] = {}
    last = ""
    for part in map(unquote, filter(None, path.split("/"))):
        if _is_id(part):
            name = f"{last}_id" if last else "id"
            while name in arguments:
                name += "_2"
            arguments[name] = part
            words.append(f"by_{name}")
        else:
            last = re.sub(r"\W+", "_", part)
            words.append(last)
    return "_".join(words)[:128], arguments


def _together(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """The query as fields; a name that stands several times has a list."""
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    return fields


def _body(post: dict[str, Any]) -> Any:
    if post.get("params"):
        return _together([(item["name"], item.get("value", "")) for item in post["params"]])
    text = post.get("text") or ""
    if not text:
        return None
    if "x-www-form-urlencoded" in str(post.get("mimeType", "")):
        return _together(parse_qsl(text, keep_blank_values=True))
    found = _json(text)
    return text if found is None else found


def _text(content: dict[str, Any]) -> str:
    text = content.get("text") or ""
    if content.get("encoding") != "base64":
        return str(text)
    try:
        return b64decode(text).decode(errors="replace")
    except NotBase64:
        return str(text)


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
