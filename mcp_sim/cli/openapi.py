"""What `mcp-sim learn --openapi` does: a twin from a spec."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import orjson

from mcp_sim.cli.output import console, note, notices
from mcp_sim.errors import SetupError
from mcp_sim.learn.data import read_data
from mcp_sim.learn.openapi import Api, SpecError, learn_api, learn_openapi
from mcp_sim.learn.openapi.archive import spec_of
from mcp_sim.learn.write import write
from schemas.load import load_world
from schemas.recorded import RecordedCall
from store.traces.importers import Operation

Calls = Callable[[list[str], Sequence[Operation]], Sequence[RecordedCall]]
_TOLD = 5
_NAMED = 8


def learn_spec(path: Path, data: Iterable[Path], calls: Calls, name: str, out: Path) -> None:
    """Learn the twin of a spec and write it as a pack; `calls` reads what was recorded, its requests named by these.

    Raises:
        SetupError: the file is no spec, or nothing in it can be used.
    """
    told: list[str] = []
    try:
        with notices.status(f"reading {path}"):
            api = learn_openapi(path, told.append)
    except SpecError as error:
        raise SetupError(str(error)) from None
    if not api.tools:
        raise SetupError(f"{path}: there is no operation in it to make a tool of")
    rows = read_data(data)
    with notices.status("learning"):
        recorded = calls(told, api.requests)
        learned = learn_api(name, api, rows, told.append, recorded)
        write(learned, out)
        world = load_world(out)
    for message in told[:_TOLD]:
        note(message)
    if len(told) > _TOLD:
        note(f"and {len(told) - _TOLD:,} more like these; {out / 'report.json'} has them all under 'told'")
    _tell(api, len(recorded))
    console.out(f"{out}: {len(world.entities)} entities, {len(world.tools)} tools. Look: mcp-sim serve {out}")


def learn_recorded(traces: Iterable[Path], data: Iterable[Path], calls: Calls, name: str, out: Path) -> None:
    """Learn the twin of an HTTP API without a spec: one is made from recorded traffic, and kept beside the twin.

    Raises:
        SetupError: nothing in the recordings can be used.
    """
    out.mkdir(parents=True, exist_ok=True)
    spec = out / "openapi.json"
    spec.write_bytes(orjson.dumps(spec_of(traces, name, lambda told: note(str(told))), option=orjson.OPT_INDENT_2))
    learn_spec(spec, data, calls, name, out)


def _tell(api: Api, calls: int) -> None:
    console.out(f"{len(api.tools)} operations and {calls} recorded calls read.")
    if api.undecided:
        some = ", ".join(api.undecided[:_NAMED])
        more = f" and {len(api.undecided) - _NAMED} more" if len(api.undecided) > _NAMED else ""
        console.out(f"Not understood, so left to a world model: {some}{more}")
