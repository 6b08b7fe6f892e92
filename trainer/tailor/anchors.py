"""Anchors: what is certain of a call. Worked out from recorded bytes alone; the same bytes give the same anchors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.fidelity import NOT_JSON
from schemas.canonical import canonical
from schemas.rows import key_text, scalars
from store.matching import same
from trainer.tailor.ids import ids_in
from trainer.tailor.invariants import Pages, counts, ordering
from trainer.tailor.walk import SEED, Moment
from trainer.tailor.words import words, world_words

EXTRACTOR = "anchors/1"
_IDS = 64
"""Ids of one kind that are anchored of one call."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One fact.

    Attributes:
        id: SHA-256 over the rest.
        kind: `call`, `status`, `shape`, `minted`, `referenced`, `delta`, or the name of an invariant.
        pointer: where it stands: under `/call`, `/observation` or `/rows`.
        value: what it says, as JSON.
        evidence: the events that show it; `seed` where initial rows do.
        extractor: the version of the code that found it.
    """

    id: str
    kind: str
    pointer: str
    value: Any
    evidence: tuple[str, ...]
    extractor: str = EXTRACTOR


def anchor(kind: str, pointer: str, value: Any, *evidence: str) -> Anchor:
    """An anchor with the id that its content gives it."""
    shown = tuple(dict.fromkeys(evidence))
    told = hashlib.sha256(canonical([kind, pointer, value, shown, EXTRACTOR])).hexdigest()[:32]
    return Anchor(told, kind, pointer, value, shown)


@dataclass
class Extractor:
    """Extracts the anchors of one run, call by call in order."""

    _seen: dict[str, str] = field(default_factory=dict)
    _pages: Pages = field(default_factory=Pages)

    def anchors(self, moment: Moment) -> tuple[Anchor, ...]:
        """What is certain of a call, given those before it."""
        return tuple(self._all(moment))

    def _all(self, moment: Moment) -> Iterator[Anchor]:
        event, call = moment.event, moment.event.call
        yield anchor("call", "/call", {"tool": call.tool, "arguments": call.arguments}, event.id)
        yield anchor("status", "/observation", {"is_error": call.is_error, "status": call.status}, event.id)
        yield anchor("shape", "/observation", shape(moment.answer), event.id)
        asked = {key_text(value) for value in scalars(call.arguments) if isinstance(value, str | int)}
        yield from self._referenced(moment)
        yield from self._minted(moment, asked)
        yield from self._deltas(moment)
        yield from self._invariants(moment)
        for text in asked:
            self._seen.setdefault(text, event.id)

    def _referenced(self, moment: Moment) -> Iterator[Anchor]:
        event = moment.event
        for pointer, text in list(ids_in(event.call.arguments))[:_IDS]:
            found = self._seen.get(text) or (SEED if self._is_seed(moment, text) else None)
            if found is not None:
                yield anchor("referenced", f"/call/arguments{pointer}", text, found, event.id)

    def _minted(self, moment: Moment, asked: set[str]) -> Iterator[Anchor]:
        event, call = moment.event, moment.event.call
        if moment.answer is NOT_JSON or call.is_error:
            return
        made = {change.key for change in moment.step.delta.changes if change.op == "create"}
        for pointer, text in list(ids_in(moment.answer))[:_IDS]:
            is_new = text not in self._seen and text not in asked
            if is_new and (text in made or (call.kind == "write" and not self._is_seed(moment, text))):
                yield anchor("minted", f"/observation{pointer}", text, event.id)
            self._seen.setdefault(text, event.id)

    def _is_seed(self, moment: Moment, text: str) -> bool:
        """Whether an id stands in the initial rows, as a key or deep inside of one."""
        known = words(text)
        return bool(known) and known <= world_words(moment.world)

    def _deltas(self, moment: Moment) -> Iterator[Anchor]:
        for change in moment.step.delta.changes:
            before, after = change.before or {}, change.after or {}
            fields = {
                name: [before.get(name), after.get(name)]
                for name in sorted(before.keys() | after.keys())
                if (name in before) != (name in after) or not same(before.get(name), after.get(name))
            }
            value = {"op": change.op, "fields": fields, "kind": moment.event.call.kind}
            at = change.entity, change.key
            evidence = (moment.known_from.get(at, SEED), moment.event.id) if change.before else (moment.event.id,)
            yield anchor("delta", f"/rows/{change.entity}/{change.key}", value, *evidence)

    def _invariants(self, moment: Moment) -> Iterator[Anchor]:
        event, call = moment.event, moment.event.call
        for clash in moment.clashes:
            yield anchor(
                "idempotency" if not clash.pointer else "read-your-writes", clash.pointer, False, *clash.evidence
            )
        for violation in moment.violations:
            yield anchor("references", f"/rows/{violation.entity}/{violation.key}", violation.rule, event.id)
        if call.is_error:
            return
        if call.kind == "read":
            if moment.again:
                yield anchor("idempotency", "", True, moment.run.events[moment.again[0]].id, event.id)
            for (entity, key), earlier in moment.known_from.items():
                if earlier != SEED and not moment.clashes:
                    yield anchor("read-your-writes", f"/rows/{entity}/{key}", True, earlier, event.id)
        for kind, pointer, value in (*counts(moment.answer), *ordering(moment.answer)):
            yield anchor(kind, pointer, value, event.id)
        union = self._pages.take(event, moment.answer)
        if union is not None:
            value, evidence = union
            yield anchor("paging-union", "/observation", value, *evidence)


def shape(value: Any, depth: int = 4) -> Any:
    """What a JSON value looks like: kinds in place of values, one item in place of a list."""
    match value:
        case dict() if depth:
            return {name: shape(part, depth - 1) for name, part in value.items()}
        case list() if depth:
            return [shape(value[0], depth - 1)] if value else []
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case None:
            return "null"
        case dict():
            return "object"
        case list():
            return "list"
    return "text"
