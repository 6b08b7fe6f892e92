"""The sets of recorded calls, and what a twin of each is learned from."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

_NUMBER = re.compile(r"\d+$")


def task(name: str) -> str:
    """One task is one family: it was given to several agents."""
    return name


def scene(name: str) -> str:
    """What a task is about: the variants of one number are told of the same things."""
    found = _NUMBER.search(name)
    return found[0] if found else name


def about(name: str) -> str:
    """Which tools a task is about, whoever asks."""
    return _NUMBER.sub("", name.rpartition("/")[2])


@dataclass(frozen=True)
class Aim:
    """What ought to be reached: a share of a slice, in one of the two modes."""

    mode: str
    measure: str
    least: float
    part: str = ""


@dataclass(frozen=True)
class Set:
    """One service: its recorded calls, its initial rows, its declarations.

    Attributes:
        calls: files of recorded calls; of the domains whose names begin with `domain`, if it is named.
        family: the part of a task's name that keeps it on one side of the split.
        rows, spec: files of the service.
        without: a regular expression for answers that are left out: faults that were injected.
        tools: the prefix of the names under which its tools are declared.
    """

    name: str
    calls: tuple[str, ...]
    family: Callable[[str], str] = task
    domain: str | None = None
    rows: tuple[str, ...] = ()
    without: str | None = None
    tools: str | None = None
    spec: str | None = None
    aims: tuple[Aim, ...] = field(default=())


def _aims(forced: float, closed: float | None, writes: float | None) -> tuple[Aim, ...]:
    found = [Aim("teacher_forced", "exact", forced)]
    found += [] if closed is None else [Aim("closed_loop", "exact", closed)]
    found += [] if writes is None else [Aim("teacher_forced", "exact", writes, "successful_writes")]
    return tuple(found)


_SHOP = ("tau2_retail_db.json.gz",)
_FAULTS = "503 Service"
_RECORDED = (Aim("teacher_forced", "status", 0.9), Aim("teacher_forced", "leaf_f1", 0.6, "writes"))

SETS = (
    Set("retail-tau2", ("tau2", "tau2_gold"), domain="retail", rows=_SHOP, aims=_aims(0.95, 0.9, 0.85)),
    Set(
        "retail-tau1", ("tau1", "tau1_gold"), domain="retail", rows=_SHOP, without=_FAULTS, aims=_aims(0.95, 0.9, 0.85)
    ),
    Set("retail-random", ("retail_random",), rows=_SHOP, aims=_aims(0.97, None, 0.9)),
    Set(
        "telecom",
        ("tau2", "tau2_gold"),
        domain="telecom",
        rows=("tau2_telecom_db.toml.gz", "tau2_telecom_user_db.toml.gz"),
    ),
    Set(
        "workbench",
        ("workbench",),
        rows=(
            "workbench_analytics_data.csv.gz",
            "workbench_calendar_events.csv.gz",
            "workbench_company_directory.csv.gz",
            "workbench_project_tasks.csv.gz",
        ),
        aims=_aims(0.95, None, None),
    ),
    *(
        Set(f"bfcl-{name.lower()}", ("bfcl_exec",), scene, domain=name, tools=f"bfcl:{name}.")
        for name in ("VehicleControlAPI", "GorillaFileSystem", "TradingBot", "TwitterAPI", "MathAPI")
    ),
    Set("api-bank", ("apibank",), about, rows=("apibank_init_database.tar.gz",)),
    Set("livemcp", ("livemcp",), tools="livemcp:"),
    *(
        Set(f"datadog-{v}", ("datadog",), domain=f"{v}/", spec=f"datadog_{v}.yaml.gz", aims=_RECORDED)
        for v in ("v1", "v2")
    ),
)
MANY = (SETS[2], SETS[0], Set("gold", ("tau1_gold", "tau1"), domain="retail"))
"""Sets whose calls together are very many of one service, the rows of which come with the first."""
