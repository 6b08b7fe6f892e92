"""A responder that proposes what must never be committed, nor shown."""

from __future__ import annotations

import random

from mcp_sim.responders.base import Effort, answer
from schemas.rows import key_text, values_at
from schemas.types import Call, Change, Draft, Row, StateDelta, View, World

INVENTED = "NO-SUCH-ID-0"


class Adversary:
    """Breaks one rule with each proposal."""

    name = "adversary"
    tries = 1
    invents = False

    def __init__(self, world: World, dice: random.Random) -> None:
        self._world = world
        self._dice = dice

    async def respond(self, call: Call, view: View, effort: Effort) -> Draft:
        """A proposal with one thing wrong; now and then nothing can be made wrong, and it is right."""
        name = self._dice.choice([name for name in self._world.entities if view.count(name)])
        rows = view.query(name)
        row = self._dice.choice(rows)
        kind = self._dice.choice(
            [self._dangling, self._duplicate, self._gone, self._deleted, self._renamed, self._typed, self._shown]
        )
        return kind(name, row, rows, call)

    def _dangling(self, name: str, row: Row, rows: list[Row], call: Call) -> Draft:
        entity = self._world.entities[name]
        single = [path for path in entity.references if "." not in path and isinstance(row.get(path), str)]
        if not single:
            return self._renamed(name, row, rows, call)
        return self._update(name, row, {**row, self._dice.choice(single): INVENTED})

    def _duplicate(self, name: str, row: Row, rows: list[Row], _: Call) -> Draft:
        key = self._world.entities[name].key
        return _draft(Change("create", name, key_text(row[key]), None, row))

    def _gone(self, name: str, row: Row, rows: list[Row], _: Call) -> Draft:
        key = self._world.entities[name].key
        return _draft(Change("update", name, INVENTED, {**row, key: INVENTED}, {**row, key: INVENTED}))

    def _deleted(self, name: str, row: Row, rows: list[Row], call: Call) -> Draft:
        """The target of some reference goes, and what refers to it stays."""
        entity = self._world.entities[name]
        targets = [
            (reference.to, key_text(value))
            for path, reference in entity.references.items()
            for _, value in values_at(row, path)
        ]
        if not targets:
            return self._renamed(name, row, rows, call)
        to, key = self._dice.choice(targets)
        return _draft(Change("delete", to, key, {}, None))

    def _renamed(self, name: str, row: Row, rows: list[Row], _: Call) -> Draft:
        key = self._world.entities[name].key
        return self._update(name, row, {**row, key: INVENTED})

    def _typed(self, name: str, row: Row, rows: list[Row], _: Call) -> Draft:
        field = self._dice.choice(list(row))
        return self._update(name, row, {**row, field: {"not": ["what", "it", "was"]}})

    def _shown(self, name: str, row: Row, rows: list[Row], call: Call) -> Draft:
        """An answer of the right shape is hard to guess; a wrong one, with an id nobody has, must not pass either."""
        return Draft(answer({**row, self._world.entities[name].key: INVENTED}))

    def _update(self, name: str, row: Row, after: Row) -> Draft:
        return _draft(Change("update", name, key_text(row[self._world.entities[name].key]), row, after))


def _draft(*changes: Change) -> Draft:
    return Draft(answer({"done": True}), StateDelta(changes))
