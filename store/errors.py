"""What can go wrong in the memory.

StoreError
├── Conflict          another process committed this step first; reload and try again
├── ConnectionLost    the connection to the database is gone; the next statement makes a new one
├── DeltaRejected     the database itself refused a delta that would break a rule
├── NoSuchSession     unknown or expired session id
├── NoSuchStep        a step or snapshot that the session does not have
└── SessionExists     the id of a new session is taken
"""

from __future__ import annotations


class StoreError(Exception):
    """A fault of the database or of its use, in one sentence for the user."""


class Conflict(StoreError):
    """Another process committed this step first."""


class ConnectionLost(StoreError):
    """The connection went, and with it what its transaction had done, unless it went during the commit."""


class DeltaRejected(StoreError):
    """The database itself refused a delta that would break a rule."""


class NoSuchSession(StoreError):
    """No session has this id."""


class NoSuchStep(StoreError):
    """The session has no such step or snapshot."""


class SessionExists(StoreError):
    """A session with this id is there already."""
