"""Records of random sessions of the shipped worlds, played once for all tests."""

from __future__ import annotations

from functools import cache

from schemas.load import load_world
from trainer.play import Play, play
from trainer.record import Record

SHIPPED = ("helpdesk", "mars-colony", "shop")


@cache
def shipped(calls: int = 15) -> tuple[Record, ...]:
    """So many records of each shipped world."""
    return tuple(record for name in SHIPPED for record in play(load_world(name), Play(1, calls)))
