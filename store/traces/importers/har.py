"""HAR, the archive of HTTP traffic that browsers and proxies write: read entry by entry, however large it is."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson

from schemas.recorded import Kind, RecordedCall, flat_arguments
from store.traces.importers.lines import LONGEST, Complaint, Tell, chunks

_ENTRIES = re.compile(r'"entries"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
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


def read_har(path: Path, tell: Tell, operations: Sequence[Operation] = ()) -> Iterator[RecordedCall]:
    """The calls of one archive.

    Where no operation fits, method and path name the tool, and parts that look like ids are its arguments.
    """
    named = [(operation, _pattern(operation.path)) for operation in operations]
    pages = n = 0
    for number, entry in _entries(path, tell):
        try:
            call = _call(path, n, number, entry, named)
        except (KeyError, TypeError, ValueError, AttributeError):
            tell(Complaint(path, number, "no whole entry with a request and a response; left out"))
            continue
        if call is None:
            pages += 1
            continue
        n += 1
        yield call
    if pages:
        tell(Complaint(path, 0, f"{pages} entries are pages, pictures, scripts or preflights, no calls; left out"))


def _entries(path: Path, tell: Tell) -> Iterator[tuple[int, Any]]:
    """(line, entry): decoded one by one from a window over the file."""
    decode = json.JSONDecoder().raw_decode
    window, at, line, is_inside, rest = "", 0, 1, False, b""
    for piece in chunks(path, tell):
        text, rest = _decoded(rest + piece)
        window, at = window[at:] + text, 0
        if not is_inside:
            found = _ENTRIES.search(window)
            if found is None:
                if len(window) > LONGEST:
                    break
                continue
            at, is_inside = found.end(), True
            line += window.count("\n", 0, at)
        while True:
            start = _BETWEEN.match(window, at).end()  # type: ignore[union-attr]
            line += window.count("\n", at, start)
            at = start
            if window.startswith("]", at):
                return
            try:
                entry, end = decode(window, at)
            except (ValueError, RecursionError):
                if len(window) - at > LONGEST:
                    tell(Complaint(path, line, "no JSON from here on; what came before is read"))
                    return
                break  # it goes on in the next piece
            yield line, entry
            line += window.count("\n", at, end)
            at = end
    what = "ends in the middle of an entry" if is_inside else "has no list of entries"
    tell(Complaint(path, line, f"the archive {what}; what came before is read"))


def _decoded(data: bytes) -> tuple[str, bytes]:
    """Text, and the bytes of a letter that is not whole yet."""
    for cut in range(4):
        try:
            return data[: len(data) - cut].decode(), data[len(data) - cut :]
        except UnicodeDecodeError:
            continue
    return data.decode(errors="replace"), b""


def _call(
    path: Path, n: int, line: int, entry: Any, named: list[tuple[Operation, re.Pattern[str]]]
) -> RecordedCall | None:
    request, response = entry["request"], entry["response"]
    method, status = str(request["method"]).upper(), int(response["status"])
    content = response.get("content") or {}
    if method == "OPTIONS" or str(content.get("mimeType", "")).startswith(_PAGES):
        return None
    if status < 100:
        raise ValueError("no response came")
    url = urlsplit(request["url"])
    tool, parts = _named(method, url.path, named)
    query = [(item["name"], item["value"]) for item in request.get("queryString") or ()] or parse_qsl(url.query)
    text = _text(content)
    return RecordedCall(
        trajectory=str(path),
        index=n,
        tool=tool,
        arguments=flat_arguments(parts, _together(query), _body(request.get("postData") or {})),
        text=text,
        is_error=status >= 400,
        status=status,
        structured=_json(text),
        kind=_kind(method),
        domain=url.netloc,
        source=f"{path}:{line}",
    )


def _kind(method: str) -> Kind:
    return "read" if method in _READS else "write"


def _named(method: str, path: str, named: list[tuple[Operation, re.Pattern[str]]]) -> tuple[str, dict[str, Any]]:
    """The tool of a request, and the arguments in its path."""
    fits = [
        (len(operation.path.replace("{", "")), operation, found)
        for operation, pattern in named
        if operation.method.upper() == method and (found := pattern.fullmatch(path))
    ]
    if fits:
        _, operation, found = min(fits, key=lambda fit: (fit[1].path.count("{"), -fit[0]))
        names = re.findall(r"{([^}]*)}", operation.path)
        return operation.tool, {name: unquote(value) for name, value in zip(names, found.groups(), strict=True)}
    return _unnamed(method, path)


def _pattern(template: str) -> re.Pattern[str]:
    """What fits a path template, wherever the API is mounted."""
    parts = [re.escape(part) for part in re.split(r"{[^}]*}", template.rstrip("/"))]
    return re.compile(".*" + "([^/]+)".join(parts) + "/?")


def _unnamed(method: str, path: str) -> tuple[str, dict[str, Any]]:
    words: list[str] = [method.lower()]
    arguments: dict[str, Any] = {}
    last = ""
    for part in map(unquote, filter(None, path.split("/"))):
        if _ID.fullmatch(part) and not _VERSION.fullmatch(part):
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
