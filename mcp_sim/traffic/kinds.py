"""Whether a call reads or writes."""

from __future__ import annotations

from schemas.recorded import Kind, RecordedCall
from schemas.types import Tool


def kind_of(call: RecordedCall, tool: Tool | None) -> Kind:
    """Whether a call reads or writes: as its recording says, else as the twin declares."""
    if call.kind != "unknown" or tool is None:
        return call.kind
    if tool.annotations.read_only is not None:
        return "read" if tool.annotations.read_only else "write"
    if tool.effect is None:
        return "unknown"
    return "write" if tool.writes else "read"
