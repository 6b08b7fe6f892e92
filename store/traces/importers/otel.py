"""OpenTelemetry spans of the GenAI and MCP conventions, in OTLP's JSON.

The conventions are in development; the versions whose names are understood here are known by their schema URLs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from schemas.definitions import as_listed
from schemas.recorded import About, Recorded, RecordedCall, RecordedMessage, Span, Speaker
from store.traces.importers.elements import Element, documents
from store.traces.importers.event import NOT_WHOLE, Form, RawEvent, What, whole
from store.traces.importers.lines import Complaint, Tell
from store.traces.importers.mcp import answer_of
from store.traces.importers.otlp import attributes
from store.traces.importers.recent import Recent

_SCHEMA = re.compile(r"https://opentelemetry\.io/schemas/(?:gen-ai(?:-dev)?/)?1\.(\d+)\.\d+(?:-dev)?")
_SINCE, _UNTIL = 37, 44
"""Minor versions of the conventions."""
_RUN = ("gen_ai.conversation.id", "mcp.session.id")
_ARGUMENTS, _RESULT = "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"
_CHATS = ("chat", "generate_content", "text_completion", "invoke_agent")
_ROLES: dict[Any, Speaker] = {"system": "system", "user": "user", "assistant": "assistant"}
_LATEST = 2**62
"""Nanoseconds since 1970 up to which a time is believed: the year 2116."""
_SPANS = 50_000
"""Spans that are known again when they are exported twice."""


class _Found(NamedTuple):
    """A span: its attributes by name, and where it stands."""

    span: dict[str, Any]
    known: dict[str, Any]
    pointer: str


def is_otel(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines holds spans."""
    return b'"resourceSpans"' in b"\n".join(head)


def events(path: Path, tell: Tell) -> Iterator[RawEvent]:
    """The calls of tools, and what was said between them, of every trace of a file."""
    reader = _Reader(path, tell)
    for element in documents(path, tell):
        told = Complaint(path, element.line, "not a whole document of spans; left out")
        yield from whole(reader.document(element), partial(tell, told))
    reader.sum_up()


class _Reader:
    def __init__(self, path: Path, tell: Tell) -> None:
        self._path = path
        self._tell = tell
        self._seen: Recent[tuple[str, str], bool] = Recent(_SPANS)
        self._calls: Recent[str, int] = Recent(_SPANS)
        self._silent = self._again = self._inner = 0

    def document(self, element: Element) -> Iterator[RawEvent]:
        found = element.value
        if not isinstance(found, dict) or not isinstance(found.get("resourceSpans"), list):
            self._complain(element.line, "no spans: it has no list of 'resourceSpans'; left out")
            return
        spans = [one for one in self._spans(element) if not self._is_known(one.span)]
        tools = {one.span.get("spanId"): one for one in spans if _is_call(one.known)}
        for one in sorted(spans, key=lambda one: _nanoseconds(one.span.get("startTimeUnixNano"))):
            if _is_call(one.known):
                yield from self._call(one, tools, element)
            elif one.known.get("gen_ai.operation.name") in _CHATS:
                yield from self._chat(one, element)

    def sum_up(self) -> None:
        """Tell how many spans were passed over, and why."""
        if self._silent:
            told = "spans of tools hold no arguments or no result, which are recorded only on request; left out"
            self._complain(0, f"{self._silent} {told}")
        if self._inner:
            self._complain(0, f"{self._inner} spans are the other side of a call that has a span already; left out")
        if self._again:
            self._complain(0, f"{self._again} spans stand here again; left out")

    def _spans(self, element: Element) -> Iterator[_Found]:
        for at, resource in enumerate(element.value["resourceSpans"]):
            for inner, scope in enumerate(resource.get("scopeSpans") or ()):
                url = scope.get("schemaUrl") or resource.get("schemaUrl") or ""
                pointer = f"/resourceSpans/{at}/scopeSpans/{inner}"
                if url and not _is_known_schema(url):
                    known = f"conventions 1.{_SINCE} to 1.{_UNTIL} are"
                    self._complain(element.line, f"{pointer}/schemaUrl: '{url}' is not known, {known}; left out")
                    continue
                for number, span in enumerate(scope.get("spans") or ()):
                    try:
                        yield _Found(span, attributes(span.get("attributes")), f"{pointer}/spans/{number}")
                    except NOT_WHOLE:
                        self._complain(element.line, f"{pointer}/spans/{number}: not a whole span; left out")

    def _is_known(self, span: dict[str, Any]) -> bool:
        key = str(span.get("traceId")), str(span.get("spanId"))
        if self._seen.get(key):
            self._again += 1
            return True
        self._seen.keep(key, True)
        return False

    def _call(self, one: _Found, tools: dict[Any, _Found], element: Element) -> Iterator[RawEvent]:
        outer = tools.get(one.span.get("parentSpanId"))
        if outer is not None and outer.known.get("gen_ai.tool.name") == one.known.get("gen_ai.tool.name"):
            if _tells(outer):
                self._inner += 1
                return
        elif not _tells(one) and any(
            _tells(inner) and inner.span.get("parentSpanId") == one.span.get("spanId") for inner in tools.values()
        ):
            self._inner += 1
            return
        if not _tells(one):
            self._silent += 1
            return
        yield self._event("call", one, element)

    def _chat(self, one: _Found, element: Element) -> Iterator[RawEvent]:
        tools = one.known.get("gen_ai.tool.definitions")
        if tools:
            yield self._event("about", one, element, {"tools": tools, "model": one.known.get("gen_ai.request.model")})
        for message in _asked(one.known):
            yield self._event("message", one, element, message)
        for message in _messages(one.known.get("gen_ai.output.messages")):
            yield self._event("message", one, element, message, ends=True)

    def _event(self, what: What, one: _Found, element: Element, raw: Any = None, ends: bool = False) -> RawEvent:
        run = str(next((one.known[name] for name in _RUN if one.known.get(name)), one.span.get("traceId") or ""))
        index = self._calls.get(run) or 0
        if what == "call":
            self._calls.keep(run, index + 1)
        at = _nanoseconds(one.span.get("endTimeUnixNano" if ends else "startTimeUnixNano"))
        spans = (Span(element.start, element.end, one.pointer),)
        return RawEvent(what, raw or one.span, run, bool(run), at, element.line, spans, index=index)

    def _complain(self, line: int, told: str) -> None:
        self._tell(Complaint(self._path, line, told))


def decode(event: RawEvent, origin: str) -> Recorded | None:
    """A call with its result, a message, or the tools; None: a message without a text."""
    trajectory, raw, source = event.trajectory(origin), event.raw, f"{origin}:{event.line}"
    if event.what == "about":
        listed = _json(raw["tools"])
        facts = {"model": raw["model"]} if raw.get("model") else {}
        tools = tuple(as_listed(tool) for tool in listed if isinstance(tool, dict)) if isinstance(listed, list) else ()
        return About(trajectory, tools, facts=facts)
    if event.what == "message":
        parts = raw.get("parts") or ()
        text = "\n".join(str(part.get("content", "")) for part in parts if part.get("type") == "text")
        thought = "\n".join(str(part.get("content", "")) for part in parts if part.get("type") == "reasoning")
        if not text and not thought:
            return None
        return RecordedMessage(trajectory, _ROLES[raw["role"]], text, thought, source=source, spans=event.spans)
    known = attributes(raw.get("attributes"))
    arguments = _json(known.get(_ARGUMENTS))
    if not isinstance(arguments, dict | None):
        raise ValueError("the arguments are no object")
    text, is_error, structured = _result(raw, known)
    return RecordedCall(
        trajectory=trajectory,
        index=event.index,
        tool=str(known["gen_ai.tool.name"]),
        arguments=arguments or {},
        text=text,
        is_error=is_error,
        structured=structured,
        domain=str(known.get("server.address", "")),
        source=source,
        call_id=str(known.get("gen_ai.tool.call.id", "")),
        at=_time(raw.get("startTimeUnixNano")),
        spans=event.spans,
    )


OTEL = Form("otel", "OpenTelemetry spans (OTLP JSON)", is_otel, events, decode)


def _is_known_schema(url: Any) -> bool:
    found = _SCHEMA.fullmatch(str(url))
    return found is not None and _SINCE <= int(found[1]) <= _UNTIL


def _is_call(known: dict[str, Any]) -> bool:
    if not known.get("gen_ai.tool.name"):
        return False
    return known.get("gen_ai.operation.name") == "execute_tool" or known.get("mcp.method.name") == "tools/call"


def _tells(one: _Found) -> bool:
    """Whether it holds what was asked and what came; an error tells for itself."""
    return _ARGUMENTS in one.known and (_RESULT in one.known or _failed(one.span, one.known))


def _failed(span: dict[str, Any], known: dict[str, Any]) -> bool:
    status = span.get("status")
    code = status.get("code") if isinstance(status, dict) else None
    return bool(known.get("error.type")) or code in (2, "STATUS_CODE_ERROR")


def _result(span: dict[str, Any], known: dict[str, Any]) -> tuple[str, bool, Any]:
    """(text, whether it is an error, structured content)."""
    failed = _failed(span, known)
    if _RESULT not in known:
        status = span.get("status")
        told = status.get("message") if isinstance(status, dict) else None
        return str(told or known.get("error.type") or ""), True, None
    given = known[_RESULT]
    found = _json(given)
    answer = answer_of({"result": found}) if isinstance(found, dict) else None
    if answer is not None:
        return answer[0], answer[1] or failed, answer[2]
    if isinstance(given, str):
        return given, failed, None
    return orjson.dumps(given).decode(), failed, given


def _asked(known: dict[str, Any]) -> list[dict[str, Any]]:
    """What was said to the model since it last spoke; each of its calls is told the whole conversation."""
    said = _messages(known.get("gen_ai.input.messages"))
    last = max((n for n, one in enumerate(said) if one["role"] not in ("system", "user")), default=-1)
    asked = said[last + 1 :]
    system = _json(known.get("gen_ai.system_instructions"))
    if last < 0 and isinstance(system, list):
        return [{"role": "system", "parts": system}, *asked]
    return [one for one in asked if one["role"] in _ROLES]


def _messages(given: Any) -> list[dict[str, Any]]:
    found = _json(given)
    if not isinstance(found, list):
        return []
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("role"), str)]


def _json(given: Any) -> Any:
    """What an attribute holds, which is JSON or, where it cannot be, the text of it."""
    if not isinstance(given, str):
        return given
    try:
        return orjson.loads(given)
    except orjson.JSONDecodeError:
        return given


def _nanoseconds(given: Any) -> int:
    try:
        found = int(given)
    except (TypeError, ValueError, OverflowError):
        return 0
    return found if 0 <= found < _LATEST else 0


def _time(given: Any) -> str:
    nanoseconds = _nanoseconds(given)
    if not nanoseconds:
        return ""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat().replace("+00:00", "Z")
