"""How a tool words its errors: as a sentence, or as the JSON that its service answers with."""

from __future__ import annotations

from typing import Any

import orjson

from mcp_sim.expressions import EvaluationError, Evaluator
from mcp_sim.responders.base import refusal
from schemas.expressions import Fields, Items, Literal, Template, Value, parse_template
from schemas.types import Observation, Tool


class Wording:
    """The errors of one tool."""

    def __init__(self, tool: Tool) -> None:
        http = None if tool.effect is None else tool.effect.http
        self.invalid = 400 if http is None else http.invalid
        self._template = None if http is None or http.error is None else parse_template(http.error)

    @property
    def is_json(self) -> bool:
        """Whether errors are JSON."""
        return self._template is not None

    def refusal(self, text: str, status: int) -> Observation:
        """An error with this text; one that is JSON already stays as it is."""
        if self._template is None or _is_json(text):
            return refusal(text, status)
        try:
            content = _rendered(self._template, Evaluator({"message": text, "status": status}))
        except EvaluationError:
            return refusal(text, status)
        return refusal(orjson.dumps(content).decode(), status)


def _is_json(text: str) -> bool:
    if not text.startswith(("{", "[")):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _rendered(template: Template, names: Evaluator) -> Any:
    match template:
        case Literal(value):
            return value
        case Value(expression, _):
            return names.value(expression)
        case Items(items):
            return [_rendered(item, names) for item in items]
        case Fields(fields):
            return {name: _rendered(item, names) for name, item in fields}
    raise AssertionError(template)
