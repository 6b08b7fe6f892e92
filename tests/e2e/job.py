"""An agent at work: what each of its calls answered, beside what the call did to the rows in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcp.client import Client
from mcp_types import CallToolResult, TextContent

from .rows import Changes, Row, differences, read_rows, read_steps


class Job:
    """The calls of one agent in the session `default`.

    Attributes:
        rows: every row, as read from the file after the last call.
        changed: what the last call did to them.
        steps: what the file has of the calls so far.
    """

    def __init__(self, client: Client, file: Path) -> None:
        self._client = client
        self._file = file
        self.rows = read_rows(file)
        self.steps = read_steps(file)
        self.changed: Changes = {}

    async def do(self, tool: str, **arguments: Any) -> Any:
        """The answer of a call that goes through; every row in it stands in the file, field by field."""
        before = self.rows
        result = await self._call(tool, arguments)
        assert not result.is_error, _text(result)
        assert json.loads(_text(result)) == result.structured_content
        gone = {place: before[place] for place, change in self.changed.items() if change is None}
        standing = [*self.rows.values(), *gone.values()]
        shapes = {frozenset(row) for row in standing}
        for part in _objects(result.structured_content):
            assert frozenset(part) not in shapes or part in standing, part
        return result.structured_content

    async def look(self, tool: str, **arguments: Any) -> Any:
        """The answer of a call that changes nothing."""
        answer = await self.do(tool, **arguments)
        assert self.changed == {}
        return answer

    async def refused(self, tool: str, **arguments: Any) -> str:
        """The reason why a call is refused, which changes nothing."""
        result = await self._call(tool, arguments)
        assert result.is_error, _text(result)
        assert self.changed == {}
        return _text(result)

    def row(self, entity: str, key: str) -> Row:
        """One row, as the file has it."""
        return self.rows[entity, key]

    def of(self, entity: str, **match: Any) -> list[Row]:
        """The rows of an entity whose fields equal `match`, in key order, as the file has them."""
        found = [row for (kind, _), row in self.rows.items() if kind == entity]
        return [row for row in found if all(row[field] == value for field, value in match.items())]

    async def _call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        before, steps = self.rows, self.steps
        result = await self._client.call_tool(tool, arguments)
        self.rows = read_rows(self._file)
        self.changed = differences(before, self.rows)
        self.steps = read_steps(self._file)
        assert self.steps == [*steps, (len(steps) + 1, tool, result.is_error, len(self.changed))]
        return result


def _text(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


def _objects(value: Any) -> Iterator[Row]:
    if isinstance(value, list):
        for item in value:
            yield from _objects(item)
    elif isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _objects(part)
