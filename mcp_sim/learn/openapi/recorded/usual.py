"""Values that a service gives again and again under one name, whatever is asked: its account, its defaults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from mcp_sim.fidelity import NOT_JSON
from mcp_sim.learn.openapi.recorded.history import Example
from schemas.canonical import canonical

Path = tuple[str, ...]
_TOOLS = 2
_SHARE = 0.75


class Usual:
    """The usual values under the last two names of a path."""

    def __init__(self, examples: Iterable[Example] = ()) -> None:
        seen: dict[Path, dict[bytes, set[str]]] = defaultdict(lambda: defaultdict(set))
        for example in examples:
            if not example.call.is_error and example.body is not NOT_JSON:
                for path, value in _scalars(example.body):
                    seen[path][canonical(value)].add(example.call.tool)
        self._values: dict[Path, bytes] = {}
        for path, values in seen.items():
            value, tools = max(values.items(), key=lambda item: len(item[1]))
            if len(tools) >= _TOOLS and len(tools) >= _SHARE * sum(map(len, values.values())):
                self._values[path] = value

    def __call__(self, path: Path, value: Any) -> bool:
        """Whether this is what usually stands at the end of such a path."""
        return self._values.get(path[-2:]) == canonical(value)


def _scalars(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """(the last two names, scalar) for every scalar, lists stepped into."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _scalars(part, (*path, name)[-2:])
    elif isinstance(value, list):
        for part in value:
            yield from _scalars(part, path)
    elif len(path) == 2:
        yield path, value
