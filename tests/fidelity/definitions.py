"""Real definitions of tools, as a pack: what loads, and what is set aside by which rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mcp_sim.learn.tools import read_tools


@dataclass
class Loaded:
    """How many definitions load, and how many are set aside, by the rule."""

    loaded: int
    set_aside: int
    rules: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """The share that is set aside."""
        return self.set_aside / max(1, self.loaded + self.set_aside)


def loaded(path: Path) -> Loaded:
    """What a file of definitions comes to."""
    found = read_tools(path)
    rules = Counter(aside.rule.partition(":")[0][:90] for aside in found.set_aside)
    return Loaded(len(found.tools), len(found.set_aside), dict(rules.most_common()))
