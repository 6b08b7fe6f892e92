"""`python -m trainer trace`: the way back from a record to the raw events."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.text import Text

from mcp_sim.cli.output import console, print_json
from store.raw import StoredEvent
from trainer.tailor.trail import Origin, Trail, recorded_line

_LONGEST = 600


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("trace")(command)


def command(
    record: Annotated[str, typer.Argument(metavar="RECORD_ID", help="The id of a record, or how it begins.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The data set it is in.")],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
) -> None:
    """Walk back from a record: what vouches for it, and the bytes of the recordings that it was made from."""
    origin = Trail(out).origin(record)
    if as_json:
        print_json(_plain(origin))
        return
    found = origin.record
    console.print(Text.assemble((found.id, "bold"), f"  {found.intent} {found.template}, {origin.side}"))
    console.out(f"  {found.domain}, run {found.trajectory}, call {found.at}")
    console.out(f"\n{len(origin.anchors)} anchors")
    for anchor in origin.anchors:
        value = orjson.dumps(anchor.value).decode()
        console.out(f"  {anchor.id[:12]}  {anchor.kind:<16} {anchor.pointer}  {_short(value, 90)}")
    console.out(f"\n{len(origin.events)} raw events")
    for event in origin.events:
        _show(event)


def _show(event: StoredEvent) -> None:
    where = ", ".join(f"bytes {span.start} to {span.end}" for span in event.spans)
    console.out(f"  {event.id[:12]}  {event.path}:{event.line}, {where}")
    line = recorded_line(event)
    if line is None:
        console.out("      the file is gone or has changed; this was kept of it:")
        line = orjson.dumps(event.raw)
    console.out(f"      {_short(line.decode(errors='replace'), _LONGEST)}")
    for pointer, kind in event.redacted:
        console.out(f"      redacted: {kind} at {pointer}")


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _plain(origin: Origin) -> dict[str, object]:
    events = [{**_fields(event), "spans": [list(span) for span in event.spans]} for event in origin.events]
    return {"record": origin.record, "split": origin.side, "anchors": origin.anchors, "events": events}


def _fields(event: StoredEvent) -> dict[str, object]:
    return {field.name: getattr(event, field.name) for field in fields(event)}
