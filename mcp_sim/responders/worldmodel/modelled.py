"""The responder `worldmodel`: one proposal of a world model at a time; the Session checks it and asks again."""

from __future__ import annotations

from mcp_sim.responders.base import Effort, refusal
from mcp_sim.responders.worldmodel.dialogue import CUT_OFF, Dialogue, turned_down
from mcp_sim.responders.worldmodel.proposal import Proposals
from mcp_sim.worldmodel.parse import Unreadable, parse
from mcp_sim.worldmodel.worldmodel import WorldModel
from schemas.marks import marks
from schemas.rows import key_text
from schemas.types import Call, Completion, Draft, Tool, View, World


class Modelled:
    """Answers the calls of one tool by asking a world model."""

    name = "worldmodel"
    invents = True

    def __init__(self, tool: Tool, world: World, worldmodel: WorldModel) -> None:
        self._tool = tool
        self._dialogue = Dialogue(tool, world, worldmodel)
        self.tries = self._dialogue.tries
        self._proposals = Proposals(tool, world, writes=self._dialogue.writes)
        self._named = marks(tool.input_schema)

    async def respond(self, call: Call, view: View, effort: Effort) -> Draft:
        """What the world model proposes for this call, knowing why its earlier proposals were turned down.

        Raises:
            NoDraft: it gave no answer, or none that can be read.
        """
        for entity, _, value in self._named(call.arguments, "") if self._named else ():
            if not view.exists(entity, key_text(value)):
                return Draft(refusal(f"{entity.replace('_', ' ').capitalize()} '{value}' not found", 404))
        tried = [attempt for attempt in effort.attempts if attempt.responder == self.name]
        prompt, completion = await self._dialogue.ask(call, view, tried, effort)
        draft = self._draft(completion, view)
        content = draft.observation.structured_content
        content = draft.observation.text if content is None else content
        self._dialogue.check_manners(content, call, prompt, completion)
        return Draft(draft.observation, draft.delta, (*prompt.left_out, *draft.notes), draft.completions)

    def _draft(self, completion: Completion, view: View) -> Draft:
        told = CUT_OFF if completion.cut_off else ""
        try:
            said = parse(completion.said, data=self._tool.output_schema is not None, writes=self._dialogue.writes)
            observation, delta, notes = self._proposals.read(said, view)
        except Unreadable as error:
            raise turned_down("unreadable", f"the answer cannot be read: {error}{told}", completion) from None
        if completion.cut_off and self._tool.output_schema is None:
            raise turned_down("unreadable", f"the answer cannot be read: it has no end{told}", completion)
        return Draft(observation, delta, notes, (completion,))
