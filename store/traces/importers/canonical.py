"""Our own traces: a header with the world, then a line for every step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from schemas.definitions import definition
from schemas.recorded import About, Kind, Recorded, RecordedCall, Span
from schemas.types import Step, World
from store.traces.encode import FORMAT, VERSION, decode_step
from store.traces.importers.event import NOT_WHOLE, Form, RawEvent, What
from store.traces.importers.lines import Complaint, Line, Tell, lines


def is_canonical(head: list[bytes]) -> bool:
    """Whether a file that begins with these lines is one."""
    try:
        header = orjson.loads(head[0]) if head else None
    except orjson.JSONDecodeError:
        return False
    return isinstance(header, dict) and header.get("format") == FORMAT


def events(path: Path, tell: Tell) -> Iterator[RawEvent]:
    """The header and the steps of one trace; those of a version that is not known are told and left out."""
    kinds: dict[str, Kind] = {}
    domain, n, is_headed = "", 0, False
    for line in lines(path, tell):
        if not is_headed:
            is_headed = True
            header = orjson.loads(line.text)
            if header.get("version") != VERSION:
                told = f"a trace of version {header.get('version')}; this program reads version {VERSION}; left out"
                tell(Complaint(path, 0, told))
                return
            world = _world(header)
            if world is None:
                tell(Complaint(path, 1, "the header holds no whole world; the steps are read all the same"))
            else:
                domain, kinds = world.name, _kinds(world)
            yield _event("about", header, line, 0)
            continue
        try:
            raw = orjson.loads(line.text)
            step = _step(raw)
            kind = "write" if step.delta.changes else kinds.get(step.call.tool, "unknown")
            answered = step.undisturbed is not None
        except (orjson.JSONDecodeError, *NOT_WHOLE):
            tell(Complaint(path, line.number, "not a step of a trace; left out"))
            continue
        yield replace(_event("call", raw, line, n), kind=kind, domain=domain)
        n += answered


def decode(event: RawEvent, origin: str) -> Recorded | None:
    """A call as the world answered it: without what perturbations made of it. None: they refused it."""
    if event.what == "about":
        return _about(event.raw, event.trajectory(origin))
    step = _step(event.raw).undisturbed
    if step is None:
        return None
    seen = step.observation
    return RecordedCall(
        trajectory=event.trajectory(origin),
        index=event.index,
        tool=step.call.tool,
        arguments=step.call.arguments,
        text=seen.text,
        is_error=seen.is_error,
        structured=seen.structured_content,
        kind=event.kind,
        domain=event.domain,
        source=f"{origin}:{event.line}",
        at=step.at,
        spans=event.spans,
    )


CANONICAL = Form("mcp-sim", "a trace of mcp-sim", is_canonical, events, decode)


def _step(raw: Any) -> Step:
    """The step of a line.

    Raises:
        ValueError, and whatever else is `NOT_WHOLE`: it is none.
    """
    step = decode_step(raw)
    for seen in (step.observation, *([step.answer] if step.answer else [])):
        if not isinstance(seen.text, str) or not isinstance(seen.is_error, bool):
            raise ValueError("no whole observation")
    if not isinstance(step.call.tool, str) or not isinstance(step.call.arguments, dict) or not isinstance(step.at, str):
        raise ValueError("no whole call")
    return step


def _event(what: What, raw: Any, line: Line, n: int) -> RawEvent:
    return RawEvent(what, raw, "", False, line.number, line.number, (Span(line.start, line.end),), index=n)


def _kinds(world: World) -> dict[str, Kind]:
    """Which tools write, as they hint or as their effects show."""
    found: dict[str, Kind] = {}
    for name, tool in world.tools.items():
        reads = tool.annotations.read_only
        if reads is not None or tool.effect is not None:
            found[name] = "read" if reads or (reads is None and not tool.writes) else "write"
    return found


def _about(header: dict[str, Any], trajectory: str) -> About:
    world = _world(header)
    if world is None:
        return About(trajectory, header=header)
    return About(trajectory, tuple(map(definition, world.tools.values())), domain=world.name, header=header)


def _world(header: dict[str, Any]) -> World | None:
    try:
        return World.model_validate(header["world"])
    except (KeyError, TypeError, ValidationError):
        return None
