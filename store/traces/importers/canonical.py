"""Our own traces: a header with the world, then a line for every step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
from pydantic import ValidationError

from schemas.recorded import Kind, RecordedCall
from schemas.types import Step, World
from store.traces.encode import FORMAT, decode_step
from store.traces.importers.lines import Complaint, Tell, lines


def is_canonical(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines is one."""
    try:
        header = orjson.loads(head[0]) if head else None
    except orjson.JSONDecodeError:
        return False
    return isinstance(header, dict) and header.get("format") == FORMAT


def read_canonical(path: Path, tell: Tell) -> Iterator[RecordedCall]:
    """The calls of one trace, as the world answered them: without what perturbations made of them."""
    kinds: dict[str, Kind] = {}
    domain, n = "", 0
    for number, line in lines(path, tell):
        if number == 1:
            domain, kinds = _declared(path, line, tell)
            continue
        try:
            step: Step | None = decode_step(line)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError):
            tell(Complaint(path, number, "not a step of a trace; left out"))
            continue
        step = step.undisturbed if step else None
        if step is None:
            continue
        seen = step.observation
        yield RecordedCall(
            trajectory=str(path),
            index=n,
            tool=step.call.tool,
            arguments=step.call.arguments,
            text=seen.text,
            is_error=seen.is_error,
            structured=seen.structured_content,
            kind="write" if step.delta.changes else kinds.get(step.call.tool, "unknown"),
            domain=domain,
            source=f"{path}:{number}",
        )
        n += 1


def _declared(path: Path, line: bytes, tell: Tell) -> tuple[str, dict[str, Kind]]:
    """The name of the world, and which of its tools write."""
    try:
        world = World.model_validate(orjson.loads(line)["world"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValidationError):
        tell(Complaint(path, 1, "the header holds no whole world; the steps are read all the same"))
        return "", {}
    return world.name, {
        name: "write" if tool.writes else "read" for name, tool in world.tools.items() if tool.effect is not None
    }
