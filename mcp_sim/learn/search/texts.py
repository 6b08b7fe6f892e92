"""Texts with parts that come from arguments and rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mcp_sim.learn.atoms import Atom
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.search.found import Found
from mcp_sim.learn.sources import literal

if TYPE_CHECKING:
    from mcp_sim.learn.search.search import Search

_MOST = 200
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
_OF_MOMENTS = ((0, 10), (0, 16), (11, 16), (11, 19))
_DIGITS = re.compile(r"-?\d+(\.\d+)?")


def text_of(search: Search, texts: dict[int, str], least: float = 0.95) -> Found | None:
    """The f-string that all texts are made by: parts that stay, and expressions between them."""
    where = list(texts)
    found = _parts(search, texts, where)
    if found is None:
        return None
    source = _joined(found)
    values = search.scope.column(source)
    hits = sum(values[i] == texts[i] for i in where)
    return Found(source, hits, len(where)) if hits >= least * len(where) else None


def _parts(search: Search, texts: dict[int, str], where: list[int]) -> list[tuple[bool, str]] | None:
    """Goes along the texts: where they agree on the next letters these stay, else an expression comes next."""
    places = dict.fromkeys(where, 0)
    parts: list[tuple[bool, str]] = []
    atoms = [a for a in search.atoms if a.kind in ("text", "number", "boolean")]
    atoms += [part for atom in atoms if _is_moment(atom, where) for part in _parts_of_moment(atom)]
    for _ in range(_MOST):
        if all(places[i] == len(texts[i]) for i in where):
            return parts
        best = _next_expression(atoms, texts, places, where)
        if best is not None:
            parts.append((True, best[0]))
            for i in where:
                places[i] += len(best[1][i])
            continue
        counted = _next_number(search, texts, places, where)
        if counted is not None:
            parts.append((True, counted[0]))
            for i in where:
                places[i] += len(counted[1][i])
            continue
        letters = {texts[i][places[i] : places[i] + 1] for i in where}
        if len(letters) != 1 or letters == {""}:
            return None
        letter = letters.pop()
        if parts and not parts[-1][0]:
            parts[-1] = (False, parts[-1][1] + letter)
        else:
            parts.append((False, letter))
        for i in where:
            places[i] += 1
    return None


def _is_moment(atom: Atom, where: list[int]) -> bool:
    return atom.kind == "text" and all(isinstance(v := atom.values[i], str) and _MOMENT.match(v) for i in where)


def _parts_of_moment(atom: Atom) -> Iterator[Atom]:
    """The day and the hour of a moment."""
    for begin, end in _OF_MOMENTS:
        shown = tuple(v[begin:end] if isinstance(v, str) else UNDEFINED for v in atom.values)
        yield Atom(f"{atom.source}[{begin or ''}:{end}]", "text", atom.cost + 2, shown)


def _next_number(
    search: Search, texts: dict[int, str], places: dict[int, int], where: list[int]
) -> tuple[str, dict[int, str]] | None:
    """A number that differs from text to text, and is worked out."""
    hits = {i: _DIGITS.match(texts[i], places[i]) for i in where}
    shown = {i: hit.group() for i, hit in hits.items() if hit is not None}
    if len(shown) < len(where) or len(set(shown.values())) < 2:
        return None
    target: list[Any] = [UNDEFINED] * len(search.scope.examples)
    for i in where:
        target[i] = float(shown[i]) if "." in shown[i] else int(shown[i])
    found = search.value(target, where, depth=1)
    return None if found is None else (found.source, shown)


def _next_expression(
    atoms: list[Any], texts: dict[int, str], places: dict[int, int], where: list[int]
) -> tuple[str, dict[int, str]] | None:
    rests = {i: texts[i][places[i] :] for i in where}
    for atom in sorted(atoms, key=lambda a: a.cost):
        values = {i: _shown(atom.values[i]) for i in where}
        if len(set(values.values())) < 2 and len(where) > 1:
            continue
        if all(v and rests[i].startswith(v) for i, v in values.items()):
            return atom.source, values  # type: ignore[return-value]
    return None


def _shown(value: Any) -> str | None:
    if value is UNDEFINED or value is None:
        return None
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _joined(parts: list[tuple[bool, str]]) -> str:
    """The text as an f-string; as a list of its parts where it cannot be said so."""
    if any(is_expression and re.search(r"[\"'\\]", p) for is_expression, p in parts) or any(
        "\n" in p for _, p in parts
    ):
        return f'join([{", ".join(p if is_expression else literal(p) for is_expression, p in parts)}], "")'
    text = "".join(
        f"{{{p}}}" if is_expression else p.replace("{", "{{").replace("}", "}}") for is_expression, p in parts
    )
    return f"f{text!r}" if '"' in text and "'" not in text else f'f"""{text}"""' if '"' in text else f'f"{text}"'
