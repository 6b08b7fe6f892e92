"""Numbers that count only where an argument says so: a fee for those who want a cover."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_sim.learn.atoms import Atom
from mcp_sim.learn.sources import literal

_GATES = 4
_VALUES = 4
_GATED = 6


def gated(known: list[Atom], numbers: list[Atom], where: list[int]) -> Iterator[Atom]:
    """One, and numbers, under the condition that an argument has one of its few values; else nothing."""
    gates = 0
    for gate in known:
        values = {gate.values[i] for i in where} if gate.kind in ("text", "boolean") else set()
        if not gate.source.startswith("args.") or not 1 < len(values) <= _VALUES or gates == _GATES:
            continue
        gates += 1
        for value in sorted(values, key=str):
            if gate.kind == "boolean":
                condition = gate.source if value else f"not {gate.source}"
            else:
                condition = f"{gate.source} == {literal(value)}"
            holds = [v == value for v in gate.values]
            yield Atom(f"(1 if {condition} else 0)", "number", gate.cost + 5, tuple(int(h) for h in holds))
            for one in numbers[:_GATED]:
                counted = tuple(v if h else 0 for h, v in zip(holds, one.values, strict=True))
                source = f"({one.source} if {condition} else 0)"
                yield Atom(source, "number", one.cost + gate.cost + 5, counted)
