"""Worlds as rows: the definition, its rules, and the layer of its seed rows, written once per definition."""

from __future__ import annotations

import orjson
from sqlalchemy import bindparam, insert, select

from schemas.rows import key_text
from schemas.types import Change, World
from store import layers
from store.db import Database
from store.rows import Rows
from store.rules import filters
from store.tables import layer, rule, step, world

_ROOT = (
    select(layer.c.id)
    .join(world, world.c.id == layer.c.world)
    .where(world.c.fingerprint == bindparam("fingerprint"), layer.c.parent.is_(None))
)
_BODY = select(world.c.body).where(world.c.fingerprint == bindparam("fingerprint"))
_ADD = insert(world).returning(world.c.id)
_ADD_RULE = insert(rule)
_ADD_STEP = insert(step)


def root_layer(db: Database, definition: World) -> int:
    """The layer of a world's seed rows; the first call writes it, inside the caller's transaction."""
    found = db.run(_ROOT, fingerprint=definition.fingerprint).scalar()
    return _write(db, definition) if found is None else int(found)


def stored_world(db: Database, fingerprint: str) -> World:
    """The complete definition of a world that has a session here."""
    return World.model_validate(orjson.loads(db.run(_BODY, fingerprint=fingerprint).scalar_one()))


def _write(db: Database, definition: World) -> int:
    body = orjson.dumps(definition.model_dump(mode="json", by_alias=True)).decode()
    added = db.run(
        _ADD, ("fingerprint", "name", "body"), fingerprint=definition.fingerprint, name=definition.name, body=body
    )
    of = int(added.scalar_one())
    db.execute_many(
        _ADD_RULE,
        [
            {
                "world": of,
                "entity": found.entity,
                "field": found.field,
                "kind": found.kind,
                "target": None,
                "paths": found.paths,
            }
            for found in filters(definition)
        ],
    )
    root = layers.add_root(db, of)
    changes = [
        Change("create", name, key_text(row[definition.entities[name].key]), None, row)
        for name, rows in definition.rows.items()
        for row in rows
    ]
    if changes:
        Rows(db, definition, root, 0).write(changes, 0)
    layers.close(db, root, 0, len(changes))
    return root
