"""Initial rows, put under the entities of a spec that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mcp_sim.learn.openapi.api import Api
from mcp_sim.learn.openapi.words import singular_words
from mcp_sim.learn.tables import POSITION, Table, tables_of
from schemas.check import check_pack
from schemas.document import Finding
from schemas.recorded import as_declared
from schemas.rows import key_text
from schemas.types import Pack, Row
from schemas.validate import nearest

Tell = Callable[[str], None]
_TOLD = 3
_ROUNDS = 5


def seed_of(api: Api, data: Mapping[str, Any], tell: Tell) -> dict[str, list[Row]]:
    """The rows of collections by entity; what fits no entity is told and left out.

    A reference that the rows contradict is taken out of the `api`, with its evidence.
    """
    seed: dict[str, list[Row]] = {}
    for table in tables_of(data).values():
        entity = _entity(api, table.name)
        if entity is None:
            near = nearest(table.name, api.entities)
            tell(f"collection '{table.name}' is no entity of the spec{near}; its {len(table.rows)} rows are left out")
        else:
            seed.setdefault(entity, []).extend(_rows(table, api.entities[entity]))
    return fitting(api, seed, tell)


def fitting(api: Api, seed: dict[str, list[Row]], tell: Tell) -> dict[str, list[Row]]:
    """The rows without those that break a rule; what goes is told, and why."""
    for _ in range(_ROUNDS):
        found = check_pack(Pack.model_validate({**api.pack("draft"), "seed": seed}))
        wrong = [finding for finding in found if finding.at[0] == "seed"]
        if not wrong:
            return seed
        _settle(api, seed, wrong, tell)
    return {}


def _settle(api: Api, seed: dict[str, list[Row]], wrong: list[Finding], tell: Tell) -> None:
    gone: dict[str, dict[int, str]] = {}
    for at, message in wrong:
        entity, index = str(at[1]), at[2] if len(at) > 2 else None
        if not isinstance(index, int):
            seed.pop(entity, None)
        elif message.startswith("refers to "):
            _release(api, entity, message, tell)
        else:
            gone.setdefault(entity, {}).setdefault(index, message)
    for entity, rows in gone.items():
        for index, message in list(rows.items())[:_TOLD]:
            tell(f"row {index + 1} of '{entity}' is left out: {message}")
        if len(rows) > _TOLD:
            tell(f"and {len(rows) - _TOLD} more rows of '{entity}' are left out")
        seed[entity] = [row for index, row in enumerate(seed[entity]) if index not in rows]


def _release(api: Api, entity: str, message: str, tell: Tell) -> None:
    """Let go of the references of an entity to where rows name what is not there."""
    to = message.removeprefix("refers to ").partition(" ")[0]
    references = api.entities[entity]["references"]
    for path in [path for path, one in references.items() if one["to"] == to]:
        del references[path]
        api.note(f"/entities/{entity}/references/{path}", 0.0, f"the rows contradict it: one {message}")
        tell(f"{entity}.{path} is no reference that holds: one {message}")


def _entity(api: Api, collection: str) -> str | None:
    one = "_".join(singular_words(collection))
    names = [name for name in api.entities if name in (collection, one)]
    names = names or [name for name in api.entities if name.endswith(f"_{one}")]
    return names[0] if len(names) == 1 else None


def _rows(table: Table, entity: Mapping[str, Any]) -> Iterable[Row]:
    key, schema = entity["key"], entity["schema"]
    for at, given in table.rows.items():
        row = {name: value for name, value in given.items() if name != POSITION}
        if table.keyed and key not in row:
            row = {key: at, **{name: value for name, value in row.items() if name != table.key}}
        row = as_declared(row, schema)
        kind = schema["properties"][key]["type"]
        if kind == "string" and isinstance(row.get(key), int | float):
            row[key] = key_text(row[key])
        yield row
