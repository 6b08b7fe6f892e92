"""The tables: append-only versions in layers, so that opening, branching and rewinding cost what changes.

A *layer* holds the row versions written by one stretch of a session's history; the root layer of a world holds its seed
rows. `ancestry` lists the layers that a layer can see: itself at depth 0, then its parents, each up to a step. The
visible version of a row is the one in the nearest layer, there the latest.

The database guards itself, on every connection, by the triggers in `triggers/`: rows are written only while their
layer has an `opening`; the insert of the `step` closes it, and is refused while a reference dangles, a deleted row is
still referred to, or a unique group holds twice. Versions and steps never change, and go only with their layer, which
stays while anything stands on it.

    world      a definition: packs, seed rows, clock
    rule       what the triggers read out of it: keys, references, unique groups, immutable fields; and fields to index
    layer      a stretch of history: which layer it goes on from (`parent`), after which step (`base`), and how many of
               the parent's nearest ancestors it leaves out (`skip`), because its own rows at `base` stand in for them
    ancestry   which layers a layer sees, nearest first, each up to a step
    opening    the step that is being written in a layer
    pending    the rows that have been written for it so far
    version    one row as of one step: op, and body as JSON (null: deleted)
    entry      index of versions by field: references, filters, unique groups (`!a,b`), nulls (`?field`)
    tally      how many rows of an entity a layer sees, as of a step
    step       one call, whole, in canonical JSON; `state` is clock and id counters after it
    session    a named head, on a layer of its own
    snapshot   a named moment of a session
    completion what a world model said, by the SHA-256 of the question
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint

FOREVER = 2**62
"""`upto` of a layer that sees all of its ancestor."""

Name = Text(collation="C").with_variant(Text(), "sqlite")
"""A text that is compared byte for byte. All that meet in a comparison are of this type, or no index would serve it."""

metadata = MetaData()

store = Table("store", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

world = Table(
    "world",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
)

rule = Table(
    "rule",
    metadata,
    Column("world", ForeignKey("world.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("entity", Name, primary_key=True),
    Column("field", Name, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("target", Name),
    Column("paths", Text, nullable=False),
    sqlite_with_rowid=False,
)

layer = Table(
    "layer",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("world", ForeignKey("world.id"), nullable=False),
    Column("parent", ForeignKey("layer.id")),
    Column("base", Integer, nullable=False),
    Column("skip", Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
Index("layer_by_world", layer.c.world)
Index("layer_by_parent", layer.c.parent)

ancestry = Table(
    "ancestry",
    metadata,
    Column("layer", ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("depth", Integer, primary_key=True, autoincrement=False),
    Column("ancestor", ForeignKey("layer.id", ondelete="CASCADE"), nullable=False),
    Column("upto", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ancestry_by_ancestor", ancestry.c.ancestor)

opening = Table(
    "opening",
    metadata,
    Column("layer", ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
)

version = Table(
    "version",
    metadata,
    Column("layer", ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("entity", Name, primary_key=True),
    Column("key", Name, primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("op", Text, nullable=False),
    Column("body", Text),
    sqlite_with_rowid=False,
)

entry = Table(
    "entry",
    metadata,
    Column("layer", ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("entity", Name, primary_key=True),
    Column("field", Name, primary_key=True),
    Column("value", Name, primary_key=True),
    Column("key", Name, primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

pending = Table(
    "pending",
    metadata,
    Column("layer", ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("entity", Name, primary_key=True),
    Column("key", Name, primary_key=True),
    Column("op", Text, nullable=False),
    sqlite_with_rowid=False,
)

tally = Table(
    "tally",
    metadata,
    Column("layer", ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("entity", Name, primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("rows", Integer, nullable=False),
    sqlite_with_rowid=False,
)

step = Table(
    "step",
    metadata,
    Column("layer", ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("tool", Text, nullable=False),
    Column("is_error", Boolean, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("measured", Text, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("id", Text, primary_key=True),
    Column("world", ForeignKey("world.id"), nullable=False),
    Column("layer", ForeignKey("layer.id"), nullable=False, unique=True),
    Column("seed", BigInteger, nullable=False),
    Column("created", Text, nullable=False),
    Column("touched", Text, nullable=False),
    Column("regimes", Text),
)
Index("session_by_touched", session.c.touched)

snapshot = Table(
    "snapshot",
    metadata,
    Column("session", ForeignKey("session.id", ondelete="CASCADE", onupdate="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("layer", ForeignKey("layer.id"), nullable=False),
    Column("n", Integer, nullable=False),
    UniqueConstraint("session", "name"),
)
Index("snapshot_by_layer", snapshot.c.layer)

completion = Table(
    "completion",
    metadata,
    Column("prompt", Text, primary_key=True),
    Column("said", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("cut_off", Boolean, nullable=False),
    Column("created", Text, nullable=False),
)
Index("completion_by_created", completion.c.created)
