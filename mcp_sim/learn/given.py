"""What there is to learn a service from: its initial rows, its recorded calls, what it declares of its tools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from mcp_sim.learn.answers import is_cut_off
from mcp_sim.learn.collections import sound
from mcp_sim.learn.tools import ToolList
from schemas.recorded import RecordedCall
from schemas.types import Tool

_SHOWN = 8


@dataclass
class Given:
    """What there is to learn from.

    Attributes:
        rows: initial rows: collections by name, each a list of rows or an object of rows by key.
        calls: recorded calls with their answers.
        tools: what is declared of tools, as it stands in a pack, by name; without `output` where that is not declared.
        told: what cannot be used, or needs to be known, in one sentence each.
    """

    rows: Mapping[str, Any] = field(default_factory=dict)
    calls: list[RecordedCall] = field(default_factory=list)
    tools: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def add_tools(self, found: ToolList) -> None:
        """Take in a list of tools; of two tools of one name, the first stays."""
        self.told += map(str, found.set_aside)
        for tool in found.tools:
            if tool.name in self.tools:
                self.told.append(f"tool '{tool.name}' is declared twice; the first declaration stays")
            else:
                self.tools[tool.name] = _entry(tool, tool.name not in found.undeclared)

    def add_calls(self, found: Iterable[RecordedCall]) -> None:
        """Take in recorded calls, but for answers that were cut off; a tool's hints say which of them write."""
        domains: Counter[str] = Counter()
        cut: list[str] = []
        for call in found:
            if is_cut_off(call):
                cut.append(call.source or f"call {call.index} of {call.trajectory}")
                continue
            domains[call.domain] += 1
            self.calls.append(self._hinted(_sound(call)))
        if cut:
            self.told.append(f"{_several(cut)}: the answer ends in the middle of its JSON; left out")
        if len(domains) > 1:
            parts = ", ".join(f"{name or 'unnamed'} ({count:,})" for name, count in domains.most_common(_SHOWN))
            more = f" and {len(domains) - _SHOWN} more" if len(domains) > _SHOWN else ""
            self.told.append(
                f"the recorded calls are of {len(domains)} domains, {parts}{more}: "
                "they are learned as one service; --domain NAME learns one of them"
            )

    def _hinted(self, call: RecordedCall) -> RecordedCall:
        declared = self.tools.get(call.tool)
        reads = declared.get("annotations", {}).get("read_only") if declared and call.kind == "unknown" else None
        return call if reads is None else replace(call, kind="read" if reads else "write")


def _sound(call: RecordedCall) -> RecordedCall:
    """The call as every part of the house can hold it: no half letters, no numbers beyond 64 bits."""
    try:
        orjson.dumps([call.text, call.arguments, call.structured])
    except TypeError:
        text, arguments, structured = sound([call.text, call.arguments, call.structured], lambda _: None)
        return replace(call, text=text, arguments=arguments, structured=structured)
    return call


def _entry(tool: Tool, is_declared: bool) -> dict[str, Any]:
    """A tool as it stands in a pack."""
    entry: dict[str, Any] = {"title": tool.title, "description": tool.description, "input": tool.input_schema}
    if is_declared:
        entry["output"] = tool.output_schema
    entry["annotations"] = tool.annotations.model_dump(exclude_none=True)
    return {name: part for name, part in entry.items() if part or name in ("input", "output")}


def _several(places: list[str]) -> str:
    shown = ", ".join(places[:3])
    return shown if len(places) <= 3 else f"{shown} and {len(places) - 3:,} more"
