"""The responder `worldmodel`: one proposal of a world model at a time; the Session checks it and asks again."""

from __future__ import annotations

import time

from mcp_sim.responders.base import Effort, NoDraft, refusal
from mcp_sim.responders.worldmodel.manners import Secrets, out_of_role, texts
from mcp_sim.responders.worldmodel.proposal import Proposals
from mcp_sim.worldmodel.client import TooLong
from mcp_sim.worldmodel.parse import Unreadable, parse
from mcp_sim.worldmodel.prompt import Prompt, Renderer
from mcp_sim.worldmodel.worldmodel import Asked, WorldModel
from schemas.marks import marks
from schemas.rows import key_text
from schemas.types import Attempt, Call, Completion, Draft, Rule, Tool, View, World

_SHORTER = 0.6
"""The share of their length that prompts keep from then on when the server finds one too long."""
_SHORTEST = 0.1


class Modelled:
    """Answers the calls of one tool by asking a world model."""

    name = "worldmodel"
    invents = True

    def __init__(self, tool: Tool, world: World, worldmodel: WorldModel) -> None:
        settings = worldmodel.settings
        self.tries = settings.tries
        self._tool = tool
        self._worldmodel = worldmodel
        self._renderer = Renderer(tool, world, settings.template, settings.prompt_tokens)
        self._writes = self._renderer.question.writes
        self._proposals = Proposals(tool, world, writes=self._writes)
        self._secrets = Secrets(f"{world.hidden}\n{world.control}")
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
        asked = self._asked(tried, effort)
        prompt, completion = await self._complete(call, view, tried, asked, effort)
        draft = self._draft(completion, view)
        self._check_manners(call, draft, prompt)
        return Draft(draft.observation, draft.delta, (*prompt.left_out, *draft.notes), draft.completions)

    def _asked(self, tried: list[Attempt], effort: Effort) -> Asked:
        if not effort.deadline:
            effort.deadline = time.monotonic() + self._worldmodel.settings.deadline
        cut_off = sum(completion.cut_off for attempt in tried for completion in attempt.draft.completions)
        return Asked("write" if self._writes else "read", len(tried), effort.deadline, 2**cut_off)

    async def _complete(
        self, call: Call, view: View, tried: list[Attempt], asked: Asked, effort: Effort
    ) -> tuple[Prompt, Completion]:
        await self._worldmodel.ready(asked.deadline)
        while True:
            prompt = self._renderer.render(call, view, self._worldmodel.share)
            for attempt in tried:
                objection = "; ".join(violation.message for violation in attempt.violations)
                for completion in attempt.draft.completions:
                    prompt = prompt.reply(completion.said, objection)
            try:
                completion = await self._worldmodel.complete(prompt, view, asked, effort.spent)
            except TooLong as error:
                if self._worldmodel.share < _SHORTEST:
                    raise NoDraft("unanswered", str(error), final=True) from None
                self._worldmodel.share *= _SHORTER
            else:
                if completion.failure:
                    raise NoDraft("unanswered", completion.failure, final=True, completions=(completion,))
                return prompt, completion

    def _draft(self, completion: Completion, view: View) -> Draft:
        cut_off = completion.cut_off
        try:
            said = parse(completion.said, data=self._tool.output_schema is not None, writes=self._writes)
            observation, delta, notes = self._proposals.read(said, view)
        except Unreadable as error:
            message = f"the answer cannot be read: {error}{_CUT_OFF if cut_off else ''}"
            raise _turned_down("unreadable", message, completion) from None
        if cut_off and self._tool.output_schema is None:
            raise _turned_down("unreadable", f"the answer cannot be read: it has no end{_CUT_OFF}", completion)
        return Draft(observation, delta, notes, (completion,))

    def _check_manners(self, call: Call, draft: Draft, prompt: Prompt) -> None:
        content = draft.observation.structured_content
        content = draft.observation.text if content is None else content
        known = " ".join(texts(call.arguments))
        words = out_of_role(content, f"{known} {prompt.messages[-1]['content']}")
        if words is not None:
            raise _turned_down("out-of-role", f"no service says '{words}'", *draft.completions)
        if self._secrets:
            told = self._secrets.told(content, known)
            if told is not None:
                raise _turned_down("leak", f"the answer tells what must not be told: '{told}'", *draft.completions)


_CUT_OFF = " (it was cut off)"


def _turned_down(rule: Rule, message: str, *completions: Completion) -> NoDraft:
    return NoDraft(rule, message, final=False, completions=completions)
