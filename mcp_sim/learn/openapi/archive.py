"""An OpenAPI document made from recorded HTTP traffic, for an API that has none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mcp_sim.learn.forms import form_of
from schemas.recorded import RecordedCall
from store.traces.importers.event import NOT_WHOLE
from store.traces.importers.forms import recognised
from store.traces.importers.har import HAR, Operation, decode_as, operation_of
from store.traces.importers.lines import Tell

Schema = dict[str, Any]
_BODY = ("POST", "PUT", "PATCH")
_JSON = "application/json"


def is_recorded(paths: Iterable[Path]) -> bool:
    """Whether all these files are archives of HTTP traffic.

    Raises:
        OSError: one is not there or cannot be read.
    """
    forms = [recognised(path, lambda _: None) for path in paths]
    return bool(forms) and all(form is HAR for form in forms)


def spec_of(paths: Iterable[Path], title: str, tell: Tell) -> Schema:
    """The document: an operation for every method and path template, with the forms that were seen.

    Raises:
        OSError: a file is not there or cannot be read.
    """
    found: dict[Operation, list[RecordedCall]] = defaultdict(list)
    for path in paths:
        for event in HAR.events(path, tell):
            try:
                operation = operation_of(event.raw)
                found[operation].append(decode_as(event, str(path), [operation]))
            except NOT_WHOLE:
                continue
    described: dict[str, Schema] = defaultdict(dict)
    for operation, calls in found.items():
        if any(not call.is_error for call in calls):
            described[operation.path][operation.method.lower()] = _operation(operation, calls)
    return {"openapi": "3.1.0", "info": {"title": title, "version": "1"}, "paths": dict(described)}


def _operation(operation: Operation, calls: list[RecordedCall]) -> Schema:
    names = re.findall(r"{([^}]*)}", operation.path)
    others = [{k: v for k, v in call.arguments.items() if k not in names} for call in calls]
    has_body = operation.method in _BODY
    parameters = [_parameter(name, "path", [call.arguments.get(name) for call in calls]) for name in names]
    if not has_body:
        given = dict.fromkeys(name for one in others for name in one)
        parameters += [_parameter(name, "query", [one[name] for one in others if name in one]) for name in given]
    described: Schema = {"operationId": operation.tool, "parameters": parameters, "responses": _responses(calls)}
    bodies = [one for one, call in zip(others, calls, strict=True) if one and not call.is_error]
    if has_body and bodies:
        described["requestBody"] = {"content": {_JSON: {"schema": form_of(bodies)}}}
    return described


def _parameter(name: str, place: str, values: list[Any]) -> Schema:
    is_whole = all(isinstance(value, str) and re.fullmatch(r"0|[1-9]\d{0,15}", value) for value in values)
    schema = {"type": "integer" if is_whole else "string"}
    return {"name": name, "in": place, "schema": schema, **({"required": True} if place == "path" else {})}


def _responses(calls: list[RecordedCall]) -> Schema:
    by_status: dict[int, list[RecordedCall]] = defaultdict(list)
    for call in calls:
        by_status[call.status or 200].append(call)
    return {str(status): _response(of) for status, of in sorted(by_status.items())}


def _response(calls: list[RecordedCall]) -> Schema:
    answers = [call.structured for call in calls if call.structured is not None]
    described: Schema = {"description": "As recorded."}
    return described | ({"content": {_JSON: {"schema": form_of(answers)}}} if answers else {})
