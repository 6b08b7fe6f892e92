"""What a run is made of; a recipe is a function that returns one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from trainer.checkpoint import Shape
from trainer.loop import Loop
from trainer.play import Play
from trainer.record import Record
from trainer.rl import Learning
from trainer.sft import Thinking
from trainer.tailor.recipe import Contamination


@dataclass(frozen=True, slots=True)
class Data:
    """The records of a run, in pools that share no trajectory.

    Attributes:
        cpt: of the first stage; `sft`, `rl` and `held_out` likewise.
        told: what they follow from, as plain JSON.
        contamination: what may not be shared with the held-out ones.
        play: how held-out worlds are played.
    """

    cpt: Iterator[Record]
    sft: Iterator[Record]
    rl: Iterator[Record]
    held_out: Iterator[Record]
    told: dict[str, Any]
    contamination: Contamination
    play: Play


@dataclass(frozen=True, slots=True)
class Bench:
    """How many held-out calls are answered, and how long an answer may be.

    Attributes:
        drift: calls that are answered one after the other, each on what the answers before it left; 0: none.
    """

    calls: int
    longest: int = 256
    batch: int = 8
    thinking: bool = False
    drift: int = 0


class Source(Protocol):
    """Where the records of a run come from."""

    def data(self, traces: Path) -> Data:
        """The records; the traces that they stand on are kept in a folder."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """A run, whole.

    Attributes:
        name: of the recipe.
        about: one sentence.
        source: of the records.
        model: the size of a model made from nothing, or the folder of a checkpoint, or its name on a hub.
        cpt: how the first stage trains.
        sft: how the second does.
        thinking: how it learns to think.
        rl: how the third does.
        learning: how answers are sampled in it.
        bench: how all of them are measured.
        seed: of everything that is drawn.
        gpu: whether it needs one.
    """

    name: str
    about: str
    source: Source
    model: Shape | str
    cpt: Loop
    sft: Loop
    thinking: Thinking
    rl: Loop
    learning: Learning
    bench: Bench
    seed: int = 0
    gpu: bool = False
