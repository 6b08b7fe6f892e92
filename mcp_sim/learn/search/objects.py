"""Objects put together: field by field, or one of the scope with some fields changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mcp_sim.learn.atoms import Atom
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.search.branches import where_it_holds
from mcp_sim.learn.search.found import Found, bitset, equal
from mcp_sim.learn.sources import literal
from mcp_sim.learn.tables import singular
from store.matching import same

if TYPE_CHECKING:
    from mcp_sim.learn.search.search import Search

_REMEMBERED = re.compile(r'^"[^"]*": "[^"]*[\d@][^"]*"$')
"""A field that is always the same text, as only one thing was ever asked for: to know it is no rule."""

_FEW = 6


def composed(search: Search, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
    """An object of which every field has an expression; or one of the scope with some fields changed."""
    changed = _changed_object(search, target, where, depth, least)
    if changed is not None and "without(" not in changed.source:
        return changed
    chosen = _chosen_field(search, target, where, least)
    if chosen is not None:
        return chosen
    plain = _plain(search, target, where, depth, least)
    if changed is None or (plain is not None and plain.rank < changed.rank):
        return plain
    return changed


def _plain(search: Search, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
    """An object of which every field has an expression."""
    names = list(dict.fromkeys(n for i in where for n in target[i]))
    if len(names) > 24 or any(sum(n in target[i] for i in where) < least * len(where) for n in names):
        return None
    parts, hits = [], len(where)
    for name in names:
        found = _field(search, name, target, where, depth, least)
        if found is None:
            return None
        hits = min(hits, found.hits)
        parts.append(f"{literal(name)}: {found.source}")
    if sum(bool(_REMEMBERED.search(part)) for part in parts) > 2:
        return None
    return Found("{" + ", ".join(parts) + "}", hits, len(where))


def _field(search: Search, name: str, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
    """An expression for a field of objects: the argument of its name, if that is it, else the shortest one."""
    inner = [v.get(name, UNDEFINED) if isinstance(v, dict) else UNDEFINED for v in target]
    return search.field(name, inner, where, depth, least)


def _chosen_field(search: Search, target: list[Any], where: list[int], least: float) -> Found | None:
    """An object of one field, whose name an argument gives."""
    if any(len(target[i]) != 1 for i in where) or len({n for i in where for n in target[i]}) < 2:
        return None
    names: list[Any] = [UNDEFINED] * len(target)
    values: list[Any] = [UNDEFINED] * len(target)
    for i in where:
        names[i], values[i] = next(iter(target[i].items()))
    name = search.value(names, where, 0, least)
    value = search.value(values, where, 0, least) if name is not None else None
    if name is None or value is None:
        return None
    return Found(f"{{{name.source}: {value.source}}}", min(name.hits, value.hits), len(where))


def _changed_object(search: Search, target: list[Any], where: list[int], depth: int, least: float) -> Found | None:
    best: tuple[float, Atom] | None = None
    for atom in search.atoms:
        if atom.kind != "object":
            continue
        shared = [_shared(b, target[i]) for i in where if isinstance(b := atom.values[i], dict)]
        if len(shared) == len(where) and min(shared) > 0 and (best is None or sum(shared) > best[0]):
            best = (sum(shared), atom)
    if best is None:
        return None
    base = _fewer_items(search, best[1], target, where) or best[1]
    gone = {k for i in where for k in base.values[i] if k not in target[i]}
    if any(k in target[i] for k in gone for i in where):
        return None
    source = base.source if not gone else f"without({base.source}, {', '.join(map(literal, sorted(gone)))})"
    given = [
        a.source.removeprefix("args.")
        for a in search.atoms
        if a.source.startswith("args.")
        and all(equal(a.values[i], target[i].get(a.source[5:], UNDEFINED)) for i in where)
    ]
    names = list(
        dict.fromkeys(
            k for i in where for k, v in target[i].items() if k not in base.values[i] or not same(v, base.values[i][k])
        )
    )
    if not names:
        return Found(source, len(where), len(where))
    names += [name for name in given if name not in names]
    if len(names) > 12:
        return _changed_item(search, base, target, where, depth, least)
    parts, hits = [], len(where)
    for name in names:
        found = _field(search, name, target, where, depth, least)
        if found is None:
            return _changed_item(search, base, target, where, depth, least)
        hits = min(hits, found.hits)
        parts.append(f"{literal(name)}: {found.source}")
    if {*names} >= {k for i in where for k in target[i]}:
        return Found(f"{{{', '.join(parts)}}}", hits, len(where))
    merged = f"merge({source}, {{{', '.join(parts)}}})"
    whole = where_it_holds(search, merged, source, target, where, least)
    return whole or _changed_item(search, base, target, where, depth, least)


def _fewer_items(search: Search, base: Atom, target: list[Any], where: list[int]) -> Atom | None:
    """A map without the items whose keys an argument gives, or the records of a list that a condition picks."""
    gone = {i: {k for k in base.values[i] if k not in target[i]} for i in where}
    if not any(gone.values()) or len(set().union(*gone.values())) < 2:
        return None
    for taken in _taken(search, base, gone):
        kept = f"{{k: at({base.source}, k) for k in keys({base.source}) if {taken}}}"
        values = tuple(search.scope.column(kept))
        if all(isinstance(values[i], dict) and gone[i] == base.values[i].keys() - values[i].keys() for i in where):
            return Atom(kept, "object", base.cost + 4, values)
    return None


def _taken(search: Search, base: Atom, gone: dict[int, set[str]]) -> Iterator[str]:
    """Conditions on a key `k` that items stay."""
    for given in [a for a in search.atoms if a.source.startswith("args.") and a.kind == "text"]:
        if all(given.values[i] in keys for i, keys in gone.items() if keys):
            yield f"k != {given.source}"
    for loop in () if search.inner else search.scope.loops.values():
        inner, owners = search.loop(loop.name), loop.scope.owners
        for key in [a for a in inner.atoms if a.kind == "text" and a.source.startswith("m.") and a.cost <= 2]:
            here = [k for k, owner in enumerate(owners) if owner in gone and key.values[k] in base.values[owner]]
            moved = [k for k in here if key.values[k] in gone[owners[k]]]
            stays = bitset(set(here) - set(moved))
            rule = inner.separates(bitset(moved), stays) if moved and stays else None
            if moved and (rule is not None or not stays):
                yield f"k not in [{key.source} for m in {loop.name}{f' if {rule.source}' if rule is not None else ''}]"


def _changed_item(
    search: Search, base: Atom, target: list[Any], where: list[int], depth: int, least: float
) -> Found | None:
    """One item of a map changed, whose key an expression gives."""
    keys: list[Any] = [UNDEFINED] * len(target)
    for i in where:
        changed = [k for k, v in target[i].items() if k not in base.values[i] or not same(v, base.values[i][k])]
        if len(changed) > 1:
            return _changed_items(search, base, target, where, depth, least)
        if changed:
            keys[i] = changed[0]
    changing = [i for i in where if keys[i] is not UNDEFINED]
    key = search.value(keys, changing, 0, least) or _first_free(search, base, keys, changing, least)
    if key is None:
        return _changed_items(search, base, target, where, depth, least)
    names = search.scope.column(key.source)
    items: list[Any] = [UNDEFINED] * len(target)
    for i in changing:
        items[i] = target[i].get(names[i], UNDEFINED) if isinstance(names[i], str) else UNDEFINED
    here = f"at({base.source}, {key.source})"
    item = _item(search, here, items, changing, depth, least)
    if item is None:
        return None
    return where_it_holds(search, f"merge({base.source}, {{{key.source}: {item}}})", base.source, target, where, least)


def _changed_items(
    search: Search, base: Atom, target: list[Any], where: list[int], depth: int, least: float
) -> Found | None:
    """The items of a map changed whose keys the records of a list give."""
    changed = {
        i: {k for k, v in target[i].items() if k not in base.values[i] or not same(v, base.values[i][k])} for i in where
    }
    if search.inner:
        return None
    for loop in search.scope.loops.values():
        inner = search.loop(loop.name)
        owners = loop.scope.owners
        for key in [a for a in inner.atoms if a.kind == "text" and a.source.startswith("m.") and a.cost <= 2]:
            named: dict[int, set[Any]] = {}
            for k, owner in enumerate(owners):
                named.setdefault(owner, set()).add(key.values[k])
            if not any(changed.values()) or any(names - named.get(i, set()) for i, names in changed.items()):
                continue
            records = [k for k, owner in enumerate(owners) if owner in changed]
            items = [
                target[o].get(key.values[k], UNDEFINED) if o in changed else UNDEFINED for k, o in enumerate(owners)
            ]
            moved = [k for k in records if key.values[k] in changed[owners[k]]]
            item = _item(inner, f"at({base.source}, {key.source})", items, moved, depth, least)
            if item is None:
                continue
            given = loop.scope.column(item)
            stays = bitset(k for k in records if k not in moved and not equal(given[k], items[k]))
            condition = inner.separates(bitset(moved), stays) if stays else None
            if stays and condition is None:
                continue
            when = f" if {condition.source}" if condition is not None else ""
            source = f"merge({base.source}, {{{key.source}: {item} for m in {loop.name}{when}}})"
            values = search.scope.column(source)
            hits = sum(equal(values[i], target[i]) for i in where)
            if hits >= least * len(where):
                return Found(source, hits, len(where))
    return None


def _first_free(search: Search, base: Atom, keys: list[Any], where: list[int], least: float) -> Found | None:
    """The first of a few keys that a map does not have."""
    counts = Counter(keys[i] for i in where)
    if not 1 < len(counts) <= _FEW:
        return None
    source = f"first([k for k in {literal([key for key, _ in counts.most_common()])} if k not in {base.source}])"
    values = search.scope.column(source)
    hits = sum(values[i] == keys[i] for i in where)
    if hits < least * len(where):
        return None
    name = search.name(f"free_{_label(base.source)}", source)
    return Found(name, hits, len(where))


def _label(source: str) -> str:
    """The last word of an expression."""
    return singular(re.findall(r"[A-Za-z]\w*", source)[-1])


def _item(search: Search, here: str, items: list[Any], where: list[int], depth: int, least: float) -> str | None:
    """An item of a map, as it was but for some fields; or made anew."""
    before = search.scope.column(here)
    where = [i for i in where if isinstance(items[i], dict)]
    if not where or not all(isinstance(before[i], dict) for i in where):
        found = search.value(items, where, depth, least) if where else None
        return None if found is None else found.source
    changed = dict.fromkeys(
        f for i in where for f, v in items[i].items() if f not in before[i] or not same(before[i][f], v)
    )
    known = search.atoms
    search.atoms = [*(_number(search, f"at({here}, {literal(f)})") for f in changed), *known]
    search.forget()
    parts = []
    for name in changed:
        found = _field(search, name, items, where, depth, least)
        if found is None:
            break
        parts.append(f"{literal(name)}: {found.source}")
    search.atoms = known
    search.forget()
    return f"merge({here}, {{{', '.join(parts)}}})" if len(parts) == len(changed) else None


def _number(search: Search, source: str) -> Atom:
    return Atom(source, "number", 1, tuple(search.scope.column(source)))


def _shared(before: dict[str, Any], after: dict[str, Any]) -> float:
    """How much of one object is in another: fields that are the same, and a little for those that changed."""
    kept = sum(1.0 if same(before[name], value) else 0.3 for name, value in after.items() if name in before)
    return kept - 0.1 * len(before.keys() - after.keys())
