"""`mcp-sim call`: one call, from the shell."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import orjson
import typer

from mcp_sim.cli.asking import DemonstrationTraces, Model, RecordedTraces, WorldModelUrls, connected, taught
from mcp_sim.cli.options import Db, World, lasting_database
from mcp_sim.cli.output import complain, console
from mcp_sim.errors import BadName, UnknownSession
from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from mcp_sim.worldmodel.worldmodel import WorldModel
from schemas.load import load_world
from schemas.types import Call, Observation
from schemas.types import World as Definition
from store.db import Database


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("call")(call)


def call(
    world: World,
    tool: Annotated[str, typer.Argument(help="Name of the tool.")],
    arguments: Annotated[str, typer.Argument(metavar="JSON", help="Arguments as a JSON object.")] = "{}",
    session: Annotated[
        str | None, typer.Option(help="Call in this session of the database; default: a throw-away one.")
    ] = None,
    db: Db = None,
    worldmodel: WorldModelUrls = None,
    model: Model = None,
    recorded: RecordedTraces = None,
    demonstrations: DemonstrationTraces = None,
) -> None:
    """Call one tool and print what it answers. Exit status 2: the tool answered with an error."""
    asked = connected(worldmodel, model, recorded)
    definition = taught(load_world(world), demonstrations)
    where = _session(definition, session, db, asked)
    observation = asyncio.run(_answer(where, Call(tool, _arguments(arguments)), asked))
    if observation.is_error:
        complain(observation.text)
        raise typer.Exit(2)
    if observation.structured_content is None:
        console.out(observation.text, highlight=False)
    else:
        console.print_json(orjson.dumps(observation.structured_content).decode())


async def _answer(session: Session, call: Call, worldmodel: WorldModel | None) -> Observation:
    try:
        return await session.call(call)
    finally:
        if worldmodel is not None:
            await worldmodel.close()


def _arguments(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError) as error:
        raise BadName(f"the arguments are not JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadName(f'the arguments are a JSON object, e.g. \'{{"id": "x"}}\'; this is {text[:40]}')
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"'{name}' stands twice in one object")
        found[name] = value
    return found


def _session(world: Definition, session_id: str | None, db: str | None, worldmodel: WorldModel | None) -> Session:
    if session_id is None:
        return Sessions(Database("sqlite://"), worldmodel).create(world)
    sessions = Sessions(lasting_database(db), worldmodel)
    try:
        session = sessions.open(session_id)
    except UnknownSession:
        return sessions.create(world, session_id=session_id)
    if session.world.fingerprint != world.fingerprint:
        raise BadName(f"session '{session_id}' runs another world or version of it: '{session.world.name}'")
    return session
