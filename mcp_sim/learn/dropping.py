"""Rows that a tool takes away: later calls do not find them."""

from __future__ import annotations

import re
from collections import Counter

from mcp_sim.learn.changes import Drop
from mcp_sim.learn.example import Example
from mcp_sim.learn.sources import attribute
from mcp_sim.learn.tables import Table, singular

_TAKING = {"delete", "remove", "drop", "discard", "erase", "destroy", "purge"}
"""What tools are called that take rows away: asked only where nobody ever looked for a row again."""


def learn_drops(tool: str, examples: list[Example], sure: list[int], tables: dict[str, Table]) -> list[Drop]:
    """The row that a tool takes away: the one that most often was missed later on."""
    counts: dict[tuple[str, str], Counter[bool]] = {}
    for i in sure:
        for name, value in examples[i].call.arguments.items():
            for (table, key, argument), missed in examples[i].missed.items():
                if argument == name and key == str(value):
                    counts.setdefault((table, name), Counter())[missed] += 1
    best = max(counts.items(), key=lambda item: item[1][True], default=None)
    if best is not None and best[1][True]:
        (table, name), looked_for = best
        if looked_for[True] >= 0.8 * looked_for.total():
            return [Drop(table, attribute("args", name), (looked_for[True], looked_for.total()))]
    named = {at for at, missed in counts.items() if missed[False]}
    words = set(re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", tool).lower()))
    if named or not words & _TAKING:
        return []
    return _by_name([examples[i] for i in sure], tables)


def _by_name(examples: list[Example], tables: dict[str, Table]) -> list[Drop]:
    names = dict.fromkeys(n for e in examples for n in e.call.arguments)
    for table in tables.values():
        for name in names:
            values = [v for e in examples if isinstance(v := e.call.arguments.get(name), str | int)]
            hits = sum(e.rows.get(table.name, e.call.arguments.get(name)) is not None for e in examples)
            alike = name.lower() == table.key.lower() or singular(table.name) in name.lower()
            if table.own_key and values and alike and hits >= 0.5 * len(values):
                return [Drop(table.name, attribute("args", name), (0, 0))]
    return []
