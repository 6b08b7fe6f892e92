"""The tables of a store of raw events."""

VERSION = 1

TABLES = (
    """
    CREATE TABLE source (
        key TEXT PRIMARY KEY,   -- SHA-256 of the content as it was first read, unpacked and as UTF-8
        path TEXT NOT NULL,
        form TEXT NOT NULL,
        file TEXT NOT NULL,     -- SHA-256 of the file itself
        content TEXT NOT NULL,  -- SHA-256 of the content as it was last read
        length INTEGER NOT NULL -- of the content, in bytes
    ) WITHOUT ROWID
    """,
    "CREATE INDEX source_by_path ON source (path)",
    """
    CREATE TABLE run (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        source TEXT NOT NULL REFERENCES source,
        name TEXT NOT NULL,
        is_named INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE event (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        run INTEGER NOT NULL REFERENCES run,
        place INTEGER NOT NULL,
        what TEXT NOT NULL,
        line INTEGER NOT NULL,
        spans TEXT NOT NULL,
        context TEXT NOT NULL,
        findings TEXT NOT NULL,
        body BLOB NOT NULL
    )
    """,
    "CREATE INDEX event_by_run ON event (run, place, number)",
    "CREATE TABLE definition (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TRIGGER event_stays BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'raw events never change'); END",
    "CREATE TRIGGER event_lasts BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'raw events stay for ever'); END",
    f"PRAGMA user_version = {VERSION}",
)
