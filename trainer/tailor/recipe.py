"""A recipe: everything that decides what a data set holds, in one file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.effects import Definition
from trainer.record import TurnClass
from trainer.tailor.classes import KEEP

Grouping = Literal["domain", "server", "session", "template"]
Order = Literal["shuffled", "sequential", "round-robin"]
FILTERS = (
    "few-turns",
    "undeclared-tool",
    "empty-action",
    "secret",
    "oversized",
    "contradiction",
    "retry",
    "no-change",
)
FilterName = Literal[
    "few-turns", "undeclared-tool", "empty-action", "secret", "oversized", "contradiction", "retry", "no-change"
]


class Source(Definition):
    """Where raw events come from.

    `recordings` are files, or folders in which recordings, definitions of tools and initial rows are told apart by what
    they hold; `play` are runs of our own worlds by chance.
    """

    name: str
    kind: Literal["recordings", "play"] = "recordings"
    origin: str = Field(default="", description="Where it comes from and under which licence.")
    paths: tuple[str, ...] = Field(default=(), description="Files or folders; `$NAME` is an environment variable.")
    tools: tuple[str, ...] = Field(default=(), description="Files of tool definitions, beside those that are found.")
    rows: tuple[str, ...] = Field(default=(), description="Files of initial rows, beside those that are found.")
    worlds: tuple[str, ...] = Field(default=(), description="Worlds that are played, by name or path.")
    sessions: int = Field(default=0, ge=0, description="Runs that are played of each world.")
    calls: int = Field(default=12, ge=1, description="Calls of each run.")
    faults: float = Field(default=0.2, ge=0, le=1, description="The share of calls with an argument that is wrong.")
    seed: int = Field(default=0, ge=0)


class Filters(Definition):
    """Which turns are left out, and from which measure on."""

    off: dict[FilterName, str] = Field(default_factory=dict, description="Filters that are not used, and why.")
    turns: int = Field(default=2, ge=1, description="Calls that a run needs.")
    characters: int = Field(default=24_000, ge=1, description="Characters of an observation at most.")


class Sample(Definition):
    """How many of the records that an intent could make are made, and by which rule they are chosen."""

    rule: Literal["all", "share", "per-run", ""] = ""
    share: float | None = Field(default=None, ge=0, le=1)
    count: int | None = Field(default=None, ge=1, description="Records of each run.")


class Use(Definition):
    """An intent, and how it is used."""

    intent: str
    template: str = "v1"
    sample: Sample = Sample(rule="all")
    options: dict[str, Any] = Field(default_factory=dict)


class Phrasing(Definition):
    """A model that says instructions in other words. Whatever it changes besides is turned down."""

    urls: tuple[str, ...] = ()
    model: str = ""
    prompt: str = Field(default="", description="What it is asked; `{text}` is what it shall say in other words.")
    sampling: dict[str, Any] = Field(default_factory=dict)
    intents: tuple[str, ...] = ()


class Mix(Definition):
    """How many records of each group are taken, and in which order they stand."""

    by: Literal["intent", "domain", "server", "source", "turn_class"] = "intent"
    total: int | None = Field(default=None, ge=1, description="Records of the training split; left out: all there are.")
    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="Shares of the total; a group that is not named has the weight of its size."
    )
    quotas: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict, description="The most of a group.")
    floor: int = Field(default=0, ge=0, description="The least of a group, as far as it has them.")
    order: Order = "shuffled"


class Split(Definition):
    """What is kept apart. Groups stay whole; which one goes where depends on its name alone."""

    by: Grouping = "server"
    validation: float = Field(default=0.1, ge=0, lt=1, description="The share of the groups; see `named`.")
    test: float = Field(default=0.0, ge=0, lt=1)
    named: dict[str, Literal["train", "validation", "test"]] = Field(
        default_factory=dict, description="Groups whose split is given."
    )
    frozen: str | None = Field(default=None, description="A `splits.json` of an earlier run, whose groups stay.")
    disjoint: tuple[Grouping, ...] = ("session", "server", "template")


class Duplicates(Definition):
    """Which records count as the same."""

    exact: bool = True
    near: float | None = Field(default=0.9, gt=0, le=1, description="Likeness from which on; null: no look at it.")
    why: str = Field(default="", description="Why a check is off.")


class Contamination(Definition):
    """What training records may not share with validation, test, and the named files."""

    against: tuple[str, ...] = ()
    schemas: bool = True
    ids: bool = True
    bodies: bool = True
    why: str = Field(default="", description="Why a check is off.")


class Recipe(Definition):
    """Everything that decides what a data set holds."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")
    description: str = ""
    licence: str = ""
    sources: tuple[Source, ...] = Field(min_length=1)
    filters: Filters = Filters()
    arm: str = Field(
        default="filtered",
        description="`filtered`; `raw`: no filter; `random:FILTER` or `tokens:FILTER`: instead of what a filter takes "
        "out, as many turns, or turns of as many characters, by chance.",
    )
    intents: tuple[Use, ...] = Field(min_length=1)
    keep: dict[TurnClass, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=lambda: dict(KEEP))
    prompt_tokens: int = Field(default=3000, ge=500)
    phrasing: Phrasing | None = None
    duplicates: Duplicates = Duplicates()
    split: Split = Split()
    contamination: Contamination = Contamination()
    mix: Mix = Mix()
    shard: int = Field(default=5000, ge=1, description="Records of a file.")
    seed: int = Field(default=0, ge=0, le=2**53)
