"""Parts of answers that a world model makes up, while declared steps decide the rest."""

from __future__ import annotations

from typing import Any

from mcp_sim.responders.base import NOTHING, Effort, Imagined, Imaginer, NoDraft, Part, answer
from mcp_sim.responders.worldmodel.dialogue import CUT_OFF, Dialogue, turned_down
from mcp_sim.worldmodel.parse import Unreadable, parse
from mcp_sim.worldmodel.worldmodel import WorldModel
from schemas.marks import marks
from schemas.rows import key_text
from schemas.types import Attempt, Call, Completion, Draft, StateDelta, Tool, View, World
from schemas.validate import validator
from store.integrity import check_mentions


class ModelledParts:
    """Asks a world model for parts of the answers of one tool, and someone else where it gives none that holds."""

    def __init__(self, tool: Tool, world: World, worldmodel: WorldModel, otherwise: Imaginer) -> None:
        self._world = world
        self._dialogue = Dialogue(tool, world, worldmodel)
        self._otherwise = otherwise

    async def imagine(self, part: Part, call: Call, view: View, effort: Effort) -> Imagined:
        """A value that fits the schema of the part and names no row that does not exist.

        Raises:
            NoDraft: there is none.
        """
        tried: list[Attempt] = []
        for _ in range(self._dialogue.tries):
            try:
                value, completion = await self._value(part, call, view, tried, effort)
            except NoDraft as error:
                attempt = Attempt("worldmodel", Draft(NOTHING, completions=error.completions), (error.violation,))
                tried.append(attempt)
                effort.attempts.append(attempt)
                if error.final:
                    break
            else:
                return Imagined(value, f"'{part.name}' is the world model's", (completion,))
        return await self._otherwise.imagine(part, call, view, effort)

    async def _value(
        self, part: Part, call: Call, view: View, tried: list[Attempt], effort: Effort
    ) -> tuple[Any, Completion]:
        prompt, completion = await self._dialogue.ask(call, view, tried, effort, part)
        try:
            value = parse(completion.said, data=True, writes=False).observation
        except Unreadable as error:
            told = CUT_OFF if completion.cut_off else ""
            raise turned_down("unreadable", f"the answer cannot be read: {error}{told}", completion) from None
        form = validator(part.schema)
        if not form.holds(value):
            fault = form.faults(value)[0]
            raise turned_down("output", f"{fault.pointer or 'the answer'}: {fault.message}", completion)
        found = marks(part.schema)
        for entity, pointer, key in found(value, "") if found else ():
            if not view.exists(entity, key_text(key)):
                message = f"{pointer or 'the answer'}: there is no {entity} '{key}'"
                raise turned_down("unknown-id", message, completion)
        for violation in check_mentions(self._world, view, StateDelta(), answer(value), call.arguments):
            raise turned_down("unknown-id", violation.message, completion)
        self._dialogue.check_manners(value, call, prompt, completion)
        return value, completion
