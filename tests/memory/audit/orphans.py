"""Rows that belong to nothing, and what a database at rest does not hold."""

from __future__ import annotations

from collections.abc import Iterator

from tests.memory.raw import Raw

_OF_A_LAYER = ("ancestry", "opening", "pending", "version", "entry", "tally", "step", "session", "snapshot")


def orphans(raw: Raw) -> Iterator[str]:
    """Every broken link between the tables."""
    for table in _OF_A_LAYER:
        for (layer,) in raw.run(f"SELECT DISTINCT layer FROM {table} WHERE layer NOT IN (SELECT id FROM layer)"):
            yield f"{table}: layer {layer} is not there"
    for table in ("layer", "rule", "session"):
        for (world,) in raw.run(f"SELECT DISTINCT world FROM {table} WHERE world NOT IN (SELECT id FROM world)"):
            yield f"{table}: world {world} is not there"
    for layer, parent in raw.run("SELECT id, parent FROM layer WHERE parent NOT IN (SELECT id FROM layer)"):
        yield f"layer {layer}: its parent {parent} is not there"
    for table in ("opening", "pending"):
        for (layer,) in raw.run(f"SELECT DISTINCT layer FROM {table}"):
            yield f"{table}: layer {layer} was left open"
    for table in ("version", "entry", "tally"):
        for layer, step in raw.run(
            f"SELECT DISTINCT layer, step FROM {table} t"
            " WHERE NOT EXISTS (SELECT 1 FROM step s WHERE s.layer = t.layer AND s.n = t.step)"
        ):
            yield f"{table}: rows of layer {layer} at step {step}, which was never made"
    for session, of in raw.run(
        "SELECT s.id, l.id FROM session s JOIN layer l ON l.id = s.layer WHERE l.world <> s.world OR l.parent IS NULL"
    ):
        yield f"session {session}: layer {of} is not one of its world, above the seed rows"
    for layer, sessions in raw.run("SELECT layer, count(*) FROM session GROUP BY layer HAVING count(*) > 1"):
        yield f"layer {layer}: {sessions} sessions stand on it"
    for session, name in raw.run("SELECT session, name FROM snapshot WHERE session NOT IN (SELECT id FROM session)"):
        yield f"snapshot {name}: session {session} is not there"
    for session, name in raw.run(
        "SELECT s.id, p.name FROM snapshot p JOIN session s ON s.id = p.session JOIN layer l ON l.id = p.layer"
        " WHERE l.world <> s.world"
    ):
        yield f"snapshot {name} of session {session} stands in another world"
