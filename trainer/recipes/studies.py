"""Studies: the same model, the same number of training tokens, other data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from trainer.loop import Loop
from trainer.recipes.pools import HELD_OUT, Pools
from trainer.recipes.recipe import Bench, Data
from trainer.recipes.services import Services
from trainer.record import Record
from trainer.tailor.classes import KEEP, is_learned


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the data sets that are compared.

    Attributes:
        name: in the report.
        about: what it learns from, in words.
        state: whether questions show the rows, in training and when it is asked; else the calls before.
        filtered: whether duplicates, leaks and most turns that say nothing new are taken out.
    """

    name: str
    about: str
    state: bool
    filtered: bool


@dataclass(frozen=True, slots=True)
class Study:
    """Arms that differ in their data alone.

    Attributes:
        source: of the services that all of them play.
        tokens: that each of them is trained on.
        loop: how; its steps are as many as the tokens take.
    """

    name: str
    source: Services
    arms: tuple[Arm, ...]
    tokens: int
    loop: Loop
    bench: Bench

    def records(self, arm: Arm, traces: Path) -> Iterator[Record]:
        """What an arm learns from."""
        data = self._data(arm, traces)
        if not arm.filtered:
            yield from data.sft
            return
        pools = Pools(data.contamination)
        pools.know(data.held_out)
        for record in pools.admitted("sft", data.sft):
            if is_learned(record.turn_class, record.id, self.loop.seed, KEEP):
                yield record

    def held_out(self, arm: Arm, traces: Path) -> Iterator[Record]:
        """What an arm is asked: the same calls for all of them."""
        data = self._data(arm, traces)
        yield from Pools(data.contamination).admitted(HELD_OUT, data.held_out)

    def _data(self, arm: Arm, traces: Path) -> Data:
        return replace(self.source, state=arm.state).data(traces)


def data() -> Study:
    """Raw against filtered against tailored records; only the last show the rows, so it tells what state is worth."""
    return Study(
        name="data",
        source=Services(services=(0, 90, 0, 20), calls=(1, 7, 1, 8), prompt_tokens=700, seed=1),
        arms=(
            Arm("raw", "every recorded call, with the calls before it", state=False, filtered=False),
            Arm("filtered", "the same without duplicates, by the classes of turns", state=False, filtered=True),
            Arm("tailored", "every call with the rows that it meets", state=True, filtered=False),
        ),
        tokens=200_000,
        loop=Loop(
            steps=0, batch=1, accumulate=2, rate=8e-4, length=2048, save_every=100, warmup=20, threads=1, packed=False
        ),
        bench=Bench(calls=120, longest=200, batch=16),
    )


STUDIES = {"data": data}
