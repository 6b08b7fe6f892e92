"""Recorded requests and responses, each with what was known when it was made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from mcp_sim.fidelity import NOT_JSON, parsed
from mcp_sim.learn.openapi.api import Api
from schemas.recorded import RecordedCall, as_declared
from schemas.rows import key_text


@dataclass(slots=True)
class Example:
    """One request and its response.

    Attributes:
        arguments: with the types that the tool declares.
        body: of the response, `NOT_JSON` where it has none or another one.
        unknown: the arguments in the path that no earlier answer showed, or that were deleted since.
    """

    call: RecordedCall
    arguments: dict[str, Any]
    body: Any
    unknown: frozenset[str] = field(default_factory=frozenset)

    @property
    def status(self) -> int:
        """The status of the response."""
        return self.call.status or (400 if self.call.is_error else 200)


def history(api: Api, calls: Iterable[RecordedCall]) -> dict[str, list[Example]]:
    """The examples of every tool of the API, in the order of their trajectories."""
    trajectories: dict[str, list[RecordedCall]] = defaultdict(list)
    for call in calls:
        trajectories[call.trajectory].append(call)
    found: dict[str, list[Example]] = defaultdict(list)
    for of in trajectories.values():
        for example in _examples(api, sorted(of, key=lambda call: call.index)):
            found[example.call.tool].append(example)
    return found


def _examples(api: Api, calls: list[RecordedCall]) -> Iterator[Example]:
    known: set[str] = set()
    for call in calls:
        body = parsed(call.text) if call.structured is None else call.structured
        if call.tool in api.tools:
            arguments = as_declared(call.arguments, api.tools[call.tool]["input"])
            named = {
                name: unquote(key_text(arguments[name])) for name in api.parameters(call.tool) if name in arguments
            }
            yield Example(call, arguments, body, frozenset(n for n, text in named.items() if text not in known))
            if not call.is_error and api.tools[call.tool]["annotations"]["destructive"] and named:
                known.discard(list(named.values())[-1])
                continue
        if not call.is_error:
            known.update(_texts(body))
            known.update(_texts(call.arguments))


def _texts(value: Any) -> Iterator[str]:
    """Every scalar in a value, as it would stand in a path."""
    todo = [value]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            todo.extend(part.values())
        elif isinstance(part, list):
            todo.extend(part)
        elif part is not NOT_JSON and part is not None and not isinstance(part, bool):
            yield key_text(part)
