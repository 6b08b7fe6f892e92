"""The text of an error, as a template."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.patterns import HOLE
from mcp_sim.learn.predicates import Predicate
from mcp_sim.learn.search import Found, Search


def error_text(search: Search, pattern: str, fills: dict[int, list[str]], rule: Predicate, where: list[int]) -> str:
    """The text with expressions where it differs from call to call."""
    parts = pattern.split(HOLE)
    text = _braced(parts[0])
    for hole, after in enumerate(parts[1:]):
        target: list[Any] = [UNDEFINED] * len(search.scope.examples)
        for i in where:
            target[i] = fills[i][hole]
        found = _fill(search, target, where, rule)
        is_told = found is not None and not found.source.startswith('"')
        filling = f"{{{found.source}}}" if found is not None and is_told else _most_common(target)
        text += filling + _braced(after)
    return text


def _most_common(target: list[Any]) -> str:
    words = Counter(v for v in target if isinstance(v, str))
    return _braced(words.most_common(1)[0][0]) if words else ""


def _fill(search: Search, target: list[Any], where: list[int], rule: Predicate) -> Found | None:
    best: Found | None = None
    if rule.loop is not None:
        name, condition = rule.loop
        for atom in search.loop(name).atoms:
            if "m." in atom.source and atom.kind in ("text", "number"):
                source = f"first([{atom.source} for m in {name} if {condition}])"
                values = search.scope.column(source)
                hits = sum(values[i] == target[i] for i in where)
                if best is None or hits > best.hits:
                    best = Found(source, hits, len(where))
        if best is not None and best.share >= 0.9:
            return best
    found = search.value(target, where, depth=0, least=0.9)
    return found or (best if best is not None and best.share > 0.5 else None)


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
