"""What a driver's error means: a lost race, a broken rule, a lost connection, or a database that failed."""

from __future__ import annotations

from store.errors import Conflict, ConnectionLost, DeltaRejected, StoreError

_RACED = ("another", "UNIQUE", "FOREIGN KEY", "unique constraint", "foreign key")
"""What a refusal says when another process was faster."""

_REMEDIES = {
    "SQLITE_FULL": "nothing was changed; make room on the disk and try again",
    "SQLITE_IOERR": "nothing was changed; see whether the disk is full or broken, and try again",
    "SQLITE_BUSY": "nothing was changed; another program is writing, try again",
    "SQLITE_READONLY": "nothing was changed; make the file and its folder writable",
    "SQLITE_CORRUPT": "restore the file from a copy",
    "53100": "nothing was changed; make room on the disk of the server and try again",
    "53": "nothing was changed; the server is short of memory or connections, try again",
    "55P03": "nothing was changed; another program holds what is needed, try again",
}
"""What to do, by how the code of an error begins: the name of a result code of SQLite, or a SQLSTATE."""


def refused(error: BaseException) -> StoreError:
    """A rule of the database that stood in the way."""
    said = reason(error)
    return Conflict(said) if any(sign in said for sign in _RACED) else DeltaRejected(said)


def failed(error: BaseException | None, shown: str) -> StoreError:
    """A database that failed; `shown` names it."""
    code = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or ""
    remedy = next((f"; {remedy}" for start, remedy in _REMEDIES.items() if code.startswith(start)), "")
    return StoreError(f"{shown}: {reason(error)}{remedy}")


def lost(error: BaseException | None, shown: str) -> ConnectionLost:
    """A connection that is gone, and with it whatever its transaction had done."""
    return ConnectionLost(f"{shown}: the connection was lost ({reason(error)}); nothing was changed, try again")


def lost_at_commit(shown: str) -> ConnectionLost:
    """A connection that went while its transaction was being committed: nobody knows whether it was."""
    return ConnectionLost(f"{shown}: the connection was lost during the commit; look whether it was made, then go on")


def reason(error: BaseException | None) -> str:
    """The first line of what a driver says."""
    return next(iter(str(error).splitlines()), "it failed without a reason")
