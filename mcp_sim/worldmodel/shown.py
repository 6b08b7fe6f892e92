"""A rendered question, read back: the called tool, the kinds of records and the rows that it shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from mcp_sim.worldmodel.wire import Message
from mcp_sim.worldmodel.wording import WORDINGS
from schemas.types import Row

_TOOL = re.compile(r"^# The called tool\n(\{.*\})$", re.MULTILINE)
_KINDS = re.compile(r"^# Kinds of records\n((?:\w+ \{.*\}(?:\n|\Z))+)", re.MULTILINE)
_ROWS = re.compile(
    r"^(?:# Records that the answer may name, as they are now|Records that matter here:)\n((?:\w+ \{.*\}(?:\n|\Z))+)",
    re.MULTILINE,
)
_ACTION = re.compile(r"\*\*Action:\*\*\n```json\n(\{.*\})\n```\s*\Z")
_NOW = re.compile(r"^\*\*Current State:\*\*\nIt is (\S+?)\.(?:\s|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """What a question shows; whatever it does not is empty.

    Attributes:
        tool: the definition of the called tool: name, description, input_schema, output_schema.
        arguments: what it was called with.
        kinds: key, references and schema of each entity; shown only where the tool may change records.
        rows: each row that is shown, by entity, once.
        now: virtual time.
        writes: whether the answer may propose changes.
    """

    tool: dict[str, Any] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: tuple[tuple[str, Row], ...] = ()
    now: str = ""
    writes: bool = False


def shown(messages: Sequence[Message]) -> Shown:
    """Read a question as `Renderer` writes it; of any other, what happens to look like one."""
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    last = messages[-1]["content"] if messages else ""
    action = _object(found[1]) if (found := _ACTION.search(last)) else {}
    rows: dict[tuple[str, bytes], tuple[str, Row]] = {}
    for text in (system, last):
        for block in _ROWS.finditer(text):
            for name, row in _lines(block[1]):
                rows.setdefault((name, orjson.dumps(row)), (name, row))
    kinds = list(_KINDS.finditer(system))
    tools = _TOOL.findall(system)
    now = _NOW.search(last)
    arguments = action.get("arguments")
    return Shown(
        tool=_object(tools[-1]) if tools else {},
        arguments=arguments if isinstance(arguments, dict) else {},
        kinds=dict(_lines(kinds[-1][1])) if kinds else {},
        rows=tuple(rows.values()),
        now=now[1] if now else "",
        writes=any(wording.changes in system for wording in WORDINGS.values()),
    )


def _lines(block: str) -> list[tuple[str, dict[str, Any]]]:
    """Lines of a name and an object each."""
    parts = (line.partition(" ") for line in block.splitlines())
    return [(name, found) for name, _, text in parts if (found := _object(text))]


def _object(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
