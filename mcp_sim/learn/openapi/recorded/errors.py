"""Errors of recorded traffic: what is said of things that are not there, and how a service words what is wrong."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from mcp_sim.learn.openapi.recorded.history import Example
from mcp_sim.learn.openapi.recorded.templates import UNKNOWN, induced, leaves_of
from schemas.rows import key_text

_GONE = (404, 410)
_KEY = "\ue005"
"""Stands in a recorded error for the key that was not there."""
_SHORT = 2


def said(examples: list[Example]) -> tuple[str, int] | None:
    """(text, status) of the errors of these examples: their most frequent form, that something is not there first."""
    forms: dict[tuple[int, str], list[Example]] = defaultdict(list)
    for example in examples:
        forms[example.status, _form(example.body)].append(example)
    if not forms:
        return None
    (status, _), chosen = max(forms.items(), key=lambda item: (item[0][0] in _GONE, len(item[1])))
    whole = _whole(induced([(one.arguments, one.body) for one in chosen]), chosen[0])
    return (whole, status) if whole else None


def _whole(template: Any, example: Example) -> str:
    """An error as text; where its wording differs from time to time, the first one is as good as any."""
    body = example.body if isinstance(example.body, dict | list) else None
    if body is None:
        return ""
    found = body if template is UNKNOWN else _filled(body, template)
    return _source(found, template)


def _filled(body: Any, template: Any) -> Any:
    """The template, with the parts of an example that it leaves out."""
    if isinstance(body, dict) and isinstance(template, dict):
        return {
            name: _filled(part, template[name]) if name in template else _quoted(part) for name, part in body.items()
        }
    if isinstance(body, list) and isinstance(template, list) and len(body) == len(template):
        return [_filled(part, known) for part, known in zip(body, template, strict=True)]
    return template


def _quoted(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("{", "{{").replace("}", "}}")
    if isinstance(value, list):
        return [_quoted(part) for part in value]
    if isinstance(value, dict):
        return {name: _quoted(part) for name, part in value.items()}
    return value


def _source(value: Any, template: Any) -> str:
    """A template of JSON as one template of text: the braces of objects doubled, those of expressions not."""
    value = _quoted(value) if template is UNKNOWN else value
    text: str = json.dumps(_hidden(value), ensure_ascii=False)
    return text.replace("{", "{{").replace("}", "}}").replace("\ue001", "{").replace("\ue002", "}")


def _hidden(value: Any) -> Any:
    """The value with the braces of its templates as signs that JSON keeps apart from its own."""
    if isinstance(value, str):
        hidden = value.replace("{{", "\ue003").replace("}}", "\ue004").replace("{", "\ue001").replace("}", "\ue002")
        return hidden.replace("\ue003", "{").replace("\ue004", "}")
    if isinstance(value, list):
        return [_hidden(part) for part in value]
    if isinstance(value, dict):
        return {name: _hidden(part) for name, part in value.items()}
    return value


def shape(example: Example) -> str:
    """What errors of one kind share: their names, and their texts without what the arguments bring in."""
    text = json.dumps(example.body, ensure_ascii=False) if isinstance(example.body, dict | list) else example.call.text
    for _, given in sorted(leaves_of(example.arguments), key=lambda item: -len(str(item[1]))):
        if isinstance(given, str) and len(given) > 2:
            text = text.replace(given, "…")
    return re.sub(r"\d+", "0", re.sub(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}", "…", text))


def _form(body: Any) -> str:
    """The shape of a body: its names, not its values."""
    if isinstance(body, dict):
        return "{" + ",".join(f"{name}:{_form(part)}" for name, part in sorted(body.items())) + "}"
    if isinstance(body, list):
        return "[" + "|".join(sorted({_form(part) for part in body})) + "]"
    return "."


def wording(examples: Iterable[Example], *, keep: bool = False) -> Any:
    """The template of an error of a service: the names of its most frequent form, with a place for the message.

    The message stands where texts differ, or else at the longest text; with `keep`, texts that are the same stay.
    """
    bodies = [(one.status, one.body) for one in examples if isinstance(one.body, dict | list)]
    if not bodies:
        return None
    form, _ = Counter(_form(body) for _, body in bodies).most_common(1)[0]
    chosen = [(status, body) for status, body in bodies if _form(body) == form]
    found = _worded([status for status, _ in chosen], [body for _, body in chosen])
    if keep or "{message}" in json.dumps(found):
        return found
    longest = max(_texts(found), key=len, default="")
    return _replaced(found, longest) if longest else found


def in_words(template: Any, sentence: str, status: int, key: str = "") -> str:
    """The text of an error with this sentence, a template of text, in the wording of a service.

    `key` is the expression of what `keyless` took out of the recorded errors.
    """

    def told(part: Any) -> Any:
        if isinstance(part, str):
            return part.replace("{message}", sentence).replace("{str(status)}", str(status)).replace(_KEY, f"{{{key}}}")
        if isinstance(part, list):
            return [told(inner) for inner in part]
        return {name: told(inner) for name, inner in part.items()} if isinstance(part, dict) else part

    return _source(told(template), template) if template else sentence


def keyless(example: Example) -> Example:
    """An error without the keys that were not there."""
    body = example.body
    for name in example.unknown:
        text = key_text(example.arguments[name])
        body = _without(body, text) if len(text) > _SHORT else body
    return replace(example, body=body)


def _without(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {name: _without(part, text) for name, part in value.items()}
    if isinstance(value, list):
        return [_without(part, text) for part in value]
    return value.replace(text, _KEY) if isinstance(value, str) else value


def _worded(statuses: list[int], values: list[Any]) -> Any:
    first = values[0]
    if isinstance(first, dict):
        return {name: _worded(statuses, [value[name] for value in values]) for name in first}
    if isinstance(first, list):
        items = [(status, part) for status, value in zip(statuses, values, strict=True) for part in value]
        return [_worded([status for status, _ in items], [part for _, part in items])] if items else []
    if all(str(value) == str(status) for status, value in zip(statuses, values, strict=True)):
        return "{str(status)}" if isinstance(first, str) else "{status}"
    if all(isinstance(value, str) for value in values) and len(set(values)) > 1:
        return "{message}"
    return _quoted(first)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(part)


def _replaced(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(part, text) for name, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, text) for part in value]
    return "{message}" if value == text else value
