"""Records of services made by the thousand; whole services are kept apart, and those held out are new in every word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from trainer.packs import Side, packs
from trainer.packs.sessions import Texts, played
from trainer.play import Play
from trainer.player import Manner
from trainer.recipes.recipe import Data
from trainer.record import Record
from trainer.tailor.recipe import Contamination

_CHUNK = 16


@dataclass(frozen=True, slots=True)
class Services:
    """Plays services that are generated for it, one session of each.

    Attributes:
        services: how many there are for cpt, sft, rl and the held-out calls.
        calls: in a session, likewise.
        prompt_tokens: the most that a question holds.
        state: whether questions show the rows; else they tell of the calls before.
        wrong: how often a call names what is not there.
        processes: that play at once; what comes out is the same.
        seed: of the services and of the play.
    """

    services: tuple[int, int, int, int]
    calls: tuple[int, int, int, int]
    prompt_tokens: int = 900
    state: bool = True
    wrong: float = 0.25
    processes: int = 2
    seed: int = 0

    def data(self, traces: Path) -> Data:
        """Every pool has services of its own, and those that are held out share no word and no shape with others."""
        cpt, sft, rl, held_out = self.services
        told = {name: value for name, value in asdict(self).items() if name != "processes"}
        ask = partial(self._pool, traces=traces)
        return Data(
            cpt=ask("train", 0, cpt, self.calls[0], conversing=True),
            sft=ask("train", cpt, sft, self.calls[1]),
            rl=ask("train", cpt + sft, rl, self.calls[2]),
            held_out=ask("held_out", 0, held_out, self.calls[3]),
            told={"generated": told},
            contamination=Contamination(ids=False, why="keys of generated services are alike by chance"),
            play=self._play("held_out", self.calls[3]),
        )

    def _pool(
        self, side: Side, first: int, count: int, calls: int, *, traces: Path, conversing: bool = False
    ) -> Iterator[Record]:
        wanted = (pack for at, pack in enumerate(packs(side, first + count, self.seed)) if at >= first)
        yield from _at_once(partial(played, traces, self._play(side, calls), conversing), wanted, self.processes)

    def _play(self, side: Side, calls: int) -> Play:
        manner = Manner(self.wrong, texts=Texts(side))
        return Play(1, calls, self.seed, self.prompt_tokens, "brief", self.state, manner)


def _at_once(
    task: Callable[[dict[str, Any]], list[Record]], packs: Iterator[dict[str, Any]], processes: int
) -> Iterator[Record]:
    """What comes of each pack, in their order."""
    if processes == 1:
        for pack in packs:
            yield from task(pack)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for records in pool.map(task, packs, chunksize=_CHUNK):
            yield from records
