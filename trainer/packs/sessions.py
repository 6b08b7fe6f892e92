"""Sessions of generated services, as the processes make them that play at once; so nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import orjson

from schemas.load import load_world
from trainer.packs.words import Side, Words
from trainer.play import Play, conversations, play
from trainer.record import Record


@dataclass(frozen=True, slots=True)
class Texts:
    """Gives texts of one side; `unheard`: how much oftener than usual in words that nobody knows."""

    side: Side
    unheard: float = 1.0

    def __call__(self, chance: Random) -> str:
        """One text."""
        return Words(chance, self.side, self.unheard).text()


def played(traces: Path, how: Play, conversing: bool, pack: dict[str, Any]) -> list[Record]:
    """The records of one service; its file is kept beside the traces."""
    file = traces.parent / "services" / f"{pack['name']}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(orjson.dumps(pack))
    world = load_world(file)
    return list(conversations(world, how) if conversing else play(world, how, traces))
