"""Records of worlds of our own, played at random: exact answers, as many as are wanted, split by sessions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from schemas.load import load_world
from schemas.types import World
from trainer.encode import DOCUMENT
from trainer.play import Play, play
from trainer.recipes.recipe import Data
from trainer.record import Record, Turn, identified
from trainer.tailor.recipe import Contamination

_POOLS = ("cpt", "sft", "rl", "held_out")


@dataclass(frozen=True, slots=True)
class Worlds:
    """Plays worlds.

    Attributes:
        worlds: names of shipped worlds, or files.
        calls: in a session.
        prompt_tokens: the most that a question holds.
        sessions: of each world, for cpt, sft, rl and the held-out calls.
        documents: whether cpt also learns the questions, as documents; from nothing, a model has to learn to read.
        seed: of the play.
    """

    worlds: tuple[str, ...]
    calls: int
    prompt_tokens: int
    sessions: tuple[int, int, int, int]
    documents: bool = True
    seed: int = 0

    def data(self, traces: Path) -> Data:
        """Every pool has sessions of its own."""
        worlds = [load_world(name) for name in self.worlds]
        pools = {name: self._pool(worlds, name, traces) for name in _POOLS}
        told: dict[str, Any] = {
            "worlds": {world.name: world.fingerprint for world in worlds},
            "calls": self.calls,
            "prompt_tokens": self.prompt_tokens,
            "sessions": list(self.sessions),
            "documents": self.documents,
            "seed": self.seed,
        }
        alike = Contamination(schemas=False, ids=False, bodies=False, why="sessions of one world share tools and rows")
        play = self._play("held_out")
        return Data(pools["cpt"], pools["sft"], pools["rl"], pools["held_out"], told, alike, play)

    def _pool(self, worlds: list[World], name: str, traces: Path) -> Iterator[Record]:
        for world in worlds:
            for record in play(world, self._play(name), traces):
                yield record
                if name == "cpt" and self.documents:
                    yield document(record)

    def _play(self, pool: str) -> Play:
        number = _POOLS.index(pool)
        return Play(self.sessions[number], self.calls, self.seed * len(_POOLS) + number, self.prompt_tokens)


def document(record: Record) -> Record:
    """A question and its answer as a text of which every word is learned."""
    turns = tuple(Turn(turn.role, turn.content, loss=True) for turn in record.turns)
    return identified(replace(record, intent=DOCUMENT, turns=turns, facts={}))
