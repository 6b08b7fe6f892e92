"""The responder `synthesize`: stands in wherever neither an effect nor a world model answers."""

from __future__ import annotations

import re
from hashlib import sha256
from random import Random

from mcp_sim.responders.base import Effort, NoDraft, answer, refusal
from mcp_sim.responders.synthesize.imagination import Imagination
from schemas.canonical import canonical
from schemas.marks import marks
from schemas.rows import key_text
from schemas.types import Call, Draft, Tool, View, World
from store.overlay import Overlay

TRIES = 8
BEYOND = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, re.error)
"""What schemas lead to that are valid, but ask for what no value can be, or a pattern that Python cannot read."""


class Synthesizer:
    """Makes up an answer that fits the output schema of one tool.

    The same world, seed and arguments give the same content, whatever was called in between, as a real service would.
    Every id in it is the key of a row that exists, or of one that the Draft creates.
    """

    name = "synthesize"
    tries = 1
    invents = False

    def __init__(self, tool: Tool, world: World) -> None:
        self._tool = tool
        self._world = world
        self._asked = marks(tool.input_schema)

    async def respond(self, call: Call, view: View, _effort: Effort) -> Draft:
        """A made-up Draft; a marked argument that names no row is refused as not found.

        Raises:
            NoDraft: no answer was found that fits the output schema.
        """
        named = list(self._asked(call.arguments, "")) if self._asked else []
        for entity, _, value in named:
            if not view.exists(entity, key_text(value)):
                return Draft(refusal(f"{entity.replace('_', ' ').capitalize()} '{value}' not found", 404))
        subjects = {entity: value for entity, _, value in reversed(named)}
        for attempt in range(TRIES):
            rows = Overlay(self._world, view)
            chance = Random(self._seed(call, view, attempt))  # noqa: S311 - content by chance, not a secret
            try:
                imagination = Imagination(self._world, rows, chance, call.arguments, subjects)
                content = imagination.value(self._tool.output_schema or {})
            except BEYOND as error:
                message = f"nothing can be made up for its output schema ({error}); declare an effect or simplify it"
                raise NoDraft("fault", f"tool '{self._tool.name}': {message}", final=True) from None
            if self._tool.output is None or self._tool.output.holds(content):
                return Draft(answer(content), rows.delta(), ("made up from the output schema",))
        assert self._tool.output is not None
        fault = self._tool.output.faults(content)[0]
        where = f"{fault.pointer or '/'}: {fault.message}"
        message = f"no answer found that fits its output schema ({where}); declare an effect or loosen it"
        raise NoDraft("fault", f"tool '{self._tool.name}': {message}", final=True)

    def _seed(self, call: Call, view: View, attempt: int) -> int:
        named = f"{view.seed}:{self._tool.name}:{attempt}:".encode() + canonical(call.arguments)
        return int.from_bytes(sha256(named).digest()[:8], "big")
