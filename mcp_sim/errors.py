"""Faults of ours or of the user: never an Observation, never a traceback.

McpSimError
├── UnknownSession    unknown or expired session id
├── UnknownEntity     no entity of this name in the world
├── BadName           a name that cannot be one, e.g. a session id with a slash
├── BadPerturbation   perturbations that a world cannot have
└── SetupError        a server that cannot start as asked

`LoadError` (schemas) and `StoreError` (store) stand beside it, each for its own boundary.
"""

from __future__ import annotations


class McpSimError(Exception):
    """Base: its text is one clear sentence for the user."""


class UnknownSession(McpSimError):
    """Unknown or expired session id."""


class UnknownEntity(McpSimError):
    """No entity of this name in the world."""


class BadName(McpSimError):
    """A name that cannot be one."""


class BadPerturbation(McpSimError):
    """Perturbations that a world cannot have, or that are not there."""


class SetupError(McpSimError):
    """A server that cannot start as asked."""
