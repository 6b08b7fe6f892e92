"""What holds inside of an answer, and between answers: counts, order, and pages that add up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from schemas.canonical import canonical
from schemas.nature import PAGE_ARGUMENTS, PAGE_SIZES
from store.matching import sort_key
from trainer.tailor.events import Event
from trainer.tailor.ids import ids_in

Found = tuple[str, str, Any]
"""Kind, pointer and value of an anchor."""
_COUNTING = ("total", "count", "matched")
_ENOUGH = 3
"""Items of which an order can be told."""


def counts(answer: Any) -> Iterator[Found]:
    """A field that counts, beside the one list that it counts."""
    if not isinstance(answer, dict):
        return
    lists = [(name, part) for name, part in answer.items() if isinstance(part, list)]
    if len(lists) != 1:
        return
    for name, value in answer.items():
        is_count = isinstance(value, int) and not isinstance(value, bool)
        if is_count and any(word in name.lower() for word in _COUNTING):
            held = len(lists[0][1]) <= value
            yield "counts", f"/observation/{name}", {"count": value, "items": len(lists[0][1]), "held": held}


def ordering(answer: Any) -> Iterator[Found]:
    """The first field by which the items of a list stand in order."""
    lists = [("", answer)] if isinstance(answer, list) else []
    if isinstance(answer, dict):
        lists = [(f"/{name}", part) for name, part in answer.items() if isinstance(part, list)]
    for pointer, items in lists:
        if len(items) < _ENOUGH or not all(isinstance(item, dict) for item in items):
            continue
        for name in items[0]:
            values = [item.get(name) for item in items]
            if not all(isinstance(value, str | int | float) and not isinstance(value, bool) for value in values):
                continue
            keys = [sort_key(value) for value in values]
            if len(set(keys)) == len(keys) and keys in (sorted(keys), sorted(keys, reverse=True)):
                direction = "ascending" if keys == sorted(keys) else "descending"
                yield "ordering", f"/observation{pointer}", {"by": name, "direction": direction}
                break


@dataclass
class Pages:
    """Lists that are read page by page."""

    _seen: dict[bytes, tuple[set[str], list[str]]] = field(default_factory=dict)

    def take(self, event: Event, answer: Any) -> tuple[dict[str, Any], tuple[str, ...]] | None:
        """What the pages so far come to, and their events, if this call asks for one more page of a list."""
        call = event.call
        paged = call.arguments.keys() & (set(PAGE_ARGUMENTS) | set(PAGE_SIZES))
        if not paged or call.is_error or not isinstance(answer, dict | list):
            return None
        others = {name: value for name, value in call.arguments.items() if name not in paged}
        place = canonical([call.tool, others])
        own = {text for pointer, text in ids_in(answer) if pointer.count("/") <= 3}
        ids, events = self._seen.setdefault(place, (set(), []))
        repeated = len(ids & own)
        ids |= own
        events.append(event.id)
        if len(events) < 2:
            return None
        return {"pages": len(events), "ids": len(ids), "repeated": repeated, "held": repeated == 0}, tuple(events[-8:])
