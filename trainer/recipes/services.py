"""Records of services made by the thousand; whole services are kept apart, and those held out are new in every word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from trainer.packs import Side, packs
from trainer.packs.sessions import Texts, played
from trainer.play import Play
from trainer.player import Manner
from trainer.recipes.pools import HELD_OUT, POOLS
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
        unheard: how many times as often as usual a word is one that nobody knows, in each pool. A model that knows all
            words learns to recite them; one that does not has to copy.
        wrong: how often a call names what is not there.
        processes: that play at once; what comes out is the same.
        seed: of the services and of the play.
    """

    services: tuple[int, int, int, int]
    calls: tuple[int, int, int, int]
    prompt_tokens: int = 900
    state: bool = True
    unheard: tuple[float, float, float, float] = (1.0, 4.0, 4.0, 1.0)
    wrong: float = 0.25
    processes: int = 2
    seed: int = 0

    def data(self, traces: Path) -> Data:
        """Every pool has services of its own, and those that are held out share no word and no shape with others."""
        cpt, sft, *_ = self.services
        told = {name: value for name, value in asdict(self).items() if name != "processes"}
        ask = partial(self._pool, traces=traces)
        return Data(
            cpt=ask("cpt", 0, conversing=True),
            sft=ask("sft", cpt),
            rl=ask("rl", cpt + sft),
            held_out=ask(HELD_OUT, 0),
            told={"generated": told},
            contamination=Contamination(ids=False, why="keys of generated services are alike by chance"),
            play=self._play(HELD_OUT),
        )

    def _pool(self, pool: str, first: int, *, traces: Path, conversing: bool = False) -> Iterator[Record]:
        at = POOLS.index(pool)
        made = packs(_side(pool), first + self.services[at], self.seed, self.unheard[at])
        task = partial(played, traces, self._play(pool), conversing)
        yield from _at_once(task, islice(made, first, None), self.processes)

    def _play(self, pool: str) -> Play:
        at, side = POOLS.index(pool), _side(pool)
        manner = Manner(self.wrong, texts=Texts(side, self.unheard[at]))
        return Play(1, self.calls[at], self.seed, self.prompt_tokens, "brief", self.state, manner)


def _side(pool: str) -> Side:
    return "held_out" if pool == HELD_OUT else "train"


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
