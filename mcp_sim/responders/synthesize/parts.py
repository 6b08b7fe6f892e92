"""Parts of answers made up from their schemas, where no world model is connected."""

from __future__ import annotations

from hashlib import sha256
from random import Random
from typing import Any

from mcp_sim.responders.base import Effort, Imagined, NoDraft, Part
from mcp_sim.responders.synthesize.imagination import Imagination
from mcp_sim.responders.synthesize.synthesizer import BEYOND, TRIES
from schemas.canonical import canonical
from schemas.marks import marks
from schemas.types import Call, Tool, View, World
from schemas.validate import validator
from store.overlay import Overlay


class MadeUpParts:
    """Makes up parts of the answers of one tool; the same arguments give the same values."""

    def __init__(self, tool: Tool, world: World) -> None:
        self._tool = tool
        self._world = world
        self._asked = marks(tool.input_schema)

    async def imagine(self, part: Part, call: Call, view: View, _effort: Effort) -> Imagined:
        """A value that fits the schema of the part; its ids are those of rows that exist.

        Raises:
            NoDraft: no value was found.
        """
        named = self._asked(call.arguments, "") if self._asked else ()
        subjects: dict[str, Any] = {}
        for entity, _, value in named:
            subjects.setdefault(entity, value)
        for attempt in range(TRIES):
            rows = Overlay(self._world, view)
            chance = Random(_seed(self._tool.name, part, call, view, attempt))  # noqa: S311 - content, not a secret
            try:
                made = Imagination(self._world, rows, chance, call.arguments, subjects).value(part.schema, part.name)
            except BEYOND as error:
                raise NoDraft("fault", f"'{part.name}' cannot be made up ({error})", final=True) from None
            if validator(part.schema).holds(made) and not rows.delta().changes:
                return Imagined(made, f"'{part.name}' was made up from its schema")
        raise NoDraft("fault", f"no value found for '{part.name}' that fits its schema", final=True)


def _seed(tool: str, part: Part, call: Call, view: View, attempt: int) -> int:
    named = f"{view.seed}:{tool}:{part.name}:{part.about}:{attempt}:".encode() + canonical(call.arguments)
    return int.from_bytes(sha256(named).digest()[:8], "big")
