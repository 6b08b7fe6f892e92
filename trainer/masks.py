"""Which turns are learned: those that say something, and a few of those that only repeat what was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from trainer.record import Record

KEPT: Mapping[str, float] = {
    "retrieval": 1.0,
    "expansion": 1.0,
    "action": 1.0,
    "transform": 0.5,
    "boilerplate": 0.1,
    "echo": 0.05,
    "other": 1.0,
    "": 1.0,
}
"""The share of the turns of each class that is learned; the others stay as context of later turns."""


def is_learned(record: Record, seed: int, kept: Mapping[str, float] = KEPT) -> bool:
    """Whether the turn of a record is learned: decided by its id and the seed, whole turns at a time."""
    share = kept.get(record.turn_class, 1.0)
    drawn = int.from_bytes(hashlib.sha256(f"{seed}/{record.id}".encode()).digest()[:8]) / 2**64
    return drawn < share
