"""Whatever stands in a pack, it is loaded or refused with the places of its faults; never anything else."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given

from mcp_sim.session import Session
from mcp_sim.sessions import Sessions
from schemas.load import LoadError, Problem, load_world
from schemas.types import Call, Tool, World
from store.db import Database
from tests.running import HARBOUR
from tests.schemas.mutations import mutations
from tests.schemas.values import json_values

PACK: dict[str, Any] = yaml.safe_load((HARBOUR / "pack.yaml").read_text())
ARGUMENTS: dict[str, Any] = {"id": "S-001", "dock_id": "D-01", "name": "Dora", "yard": "Leith"}


def loaded(value: Any, folder: Path) -> World | None:
    """The world of a pack file, or None when it was refused with the places of its faults."""
    path = folder / "pack.json"
    path.write_text(json.dumps(value, indent=1))
    try:
        return load_world(path)
    except LoadError as error:
        refused = error
    lines = path.read_text().count("\n") + 1
    assert refused.problems
    for problem in refused.problems:
        assert str(problem).startswith(str(path))
        assert not isinstance(problem, Problem) or 1 <= problem.line <= lines
    return None


def answer(session: Session, tool: Tool) -> str:
    """What a call says, or the sentence about an effect that cannot be carried out."""
    known = tool.input_schema.get("properties") or {}
    assert isinstance(known, dict)
    asked = Call(tool.name, {key: ARGUMENTS[key] for key in ARGUMENTS if key in known})
    text = asyncio.run(session.call(asked)).text
    broken = [violation.message for attempt in session.view().recent(1)[0].attempts for violation in attempt.violations]
    return broken[0] if broken else text


@given(value=json_values)
def test_any_json_is_loaded_or_refused(value: Any, tmp_path_factory: Any) -> None:
    loaded(value, tmp_path_factory.getbasetemp())


@given(pack=mutations(PACK))
def test_a_right_pack_with_a_change_is_loaded_and_runs_or_is_refused(pack: Any, tmp_path_factory: Any) -> None:
    world = loaded(pack, tmp_path_factory.getbasetemp())
    if world is None:
        return
    database = Database("sqlite://")
    session = Sessions(database).create(world)
    assert all(isinstance(answer(session, tool), str) for tool in world.tools.values())
    database.close()
