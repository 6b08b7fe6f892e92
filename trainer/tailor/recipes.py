"""The recipes that come with the trainer."""

from __future__ import annotations

from collections.abc import Callable

from trainer.tailor.intents import REGISTRY
from trainer.tailor.recipe import Contamination, Mix, Recipe, Sample, Source, Split, Use

_EVERY = tuple(REGISTRY)


def debug() -> Recipe:
    """Every intent at its smallest: our own worlds played by chance, so it needs no data, no network and no GPU."""
    return Recipe(
        name="debug",
        description="Runs of the shipped worlds by chance, every intent; made in seconds, to try things with.",
        licence="Apache-2.0",
        sources=(Source(name="play", kind="play", worlds=("helpdesk", "shop"), sessions=6, calls=12, seed=1),),
        intents=tuple(Use(intent=name) for name in _EVERY),
        prompt_tokens=1500,
        split=Split(by="session", validation=0.2, disjoint=("session",)),
        contamination=Contamination(
            schemas=False, ids=False, why="the runs of one world share tools and rows; they are told apart by session"
        ),
        mix=Mix(order="shuffled"),
        shard=500,
    )


def dev() -> Recipe:
    """All recordings in the folder that MCP_SIM_DATA names."""
    share = {"error-prediction": 0.35, "referential-probe": 0.25, "state-query": 0.5, "fragment-ordering": 0.5}
    return Recipe(
        name="dev",
        description="All recorded calls of the development data, every intent.",
        licence="see the origin of each source",
        sources=(Source(name="recordings", paths=("$MCP_SIM_DATA",), origin="SOURCES.md beside the recordings"),),
        intents=tuple(
            Use(intent=name, sample=Sample(rule="share", share=share[name]) if name in share else Sample(rule="all"))
            for name in _EVERY
        ),
        split=Split(by="server", validation=0.1),
    )


RECIPES: dict[str, Callable[[], Recipe]] = {"debug": debug, "dev": dev}
