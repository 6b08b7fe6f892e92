"""One question to a world model and its objections to the answers so far, within budget, context and deadline."""

from __future__ import annotations

import time
from typing import Any

from mcp_sim.responders.base import Effort, NoDraft, Part
from mcp_sim.responders.worldmodel.manners import Secrets, out_of_role, texts
from mcp_sim.worldmodel.client import TooLong
from mcp_sim.worldmodel.prompt import Prompt, Renderer
from mcp_sim.worldmodel.worldmodel import SHORTER, Asked, WorldModel
from schemas.types import Attempt, Call, Completion, Rule, Tool, View, World

_SHORTEST = 0.1
CUT_OFF = " (it was cut off)"


class Dialogue:
    """Asks a world model about the calls of one tool.

    Attributes:
        writes: whether answers may change rows.
    """

    def __init__(self, tool: Tool, world: World, worldmodel: WorldModel) -> None:
        settings = worldmodel.settings
        self.tries = settings.tries
        self._world = world
        self._worldmodel = worldmodel
        self._renderer = Renderer(tool, world, settings.template, settings.prompt_tokens)
        self.writes = self._renderer.question.writes
        self._secrets = Secrets(f"{world.hidden}\n{world.control}")

    async def ask(
        self, call: Call, view: View, tried: list[Attempt], effort: Effort, part: Part | None = None
    ) -> tuple[Prompt, Completion]:
        """What was asked, and what was said to it.

        Raises:
            NoDraft: nothing was said.
        """
        asked = self._asked(tried, effort)
        await self._worldmodel.ready(asked.deadline)
        share = self._worldmodel.share
        while True:
            prompt = self._renderer.render(call, view, share)
            if part is not None:
                prompt = prompt.narrowed(part.about or part.name, part.schema, self._world)
            for attempt in tried:
                objection = "; ".join(violation.message for violation in attempt.violations)
                for completion in attempt.draft.completions:
                    prompt = prompt.reply(completion.said, objection)
            try:
                completion = await self._worldmodel.complete(prompt, view, asked, effort.spent)
            except TooLong as error:
                if share < _SHORTEST:
                    completion = self._worldmodel.no_answer(prompt, asked, str(error))
                    raise NoDraft("unanswered", str(error), final=True, completions=(completion,)) from None
                share *= SHORTER
            else:
                if self._worldmodel.connected():
                    self._worldmodel.share = min(self._worldmodel.share, share)
                if completion.failure:
                    raise NoDraft("unanswered", completion.failure, final=True, completions=(completion,))
                return prompt, completion

    def check_manners(self, content: Any, call: Call, prompt: Prompt, completion: Completion) -> None:
        """Turn down what no service would say.

        Raises:
            NoDraft: the answer falls out of its role, or tells what is hidden.
        """
        known = " ".join(texts(call.arguments))
        words = out_of_role(content, f"{known} {prompt.messages[-1]['content']}")
        if words is not None:
            raise turned_down("out-of-role", f"no service says '{words}'", completion)
        if self._secrets:
            told = self._secrets.told(content, known)
            if told is not None:
                raise turned_down("leak", f"the answer tells what must not be told: '{told}'", completion)

    def _asked(self, tried: list[Attempt], effort: Effort) -> Asked:
        if not effort.deadline:
            effort.deadline = time.monotonic() + self._worldmodel.settings.deadline
        cut_off = sum(completion.cut_off for attempt in tried for completion in attempt.draft.completions)
        return Asked("write" if self.writes else "read", len(tried), effort.deadline, 2**cut_off)


def turned_down(rule: Rule, message: str, completion: Completion) -> NoDraft:
    """Why an answer cannot be used; asking again may help."""
    return NoDraft(rule, message, final=False, completions=(completion,))
