"""The responder `effects`: compiled once per tool, run per call."""

from __future__ import annotations

from typing import Any

from mcp_sim.expressions import EvaluationError
from mcp_sim.responders.base import Effort, Imagined, Imaginer, NoDraft, answer
from mcp_sim.responders.effects.run import OMIT, Refusal, Run, Wanted
from mcp_sim.responders.effects.steps import compile_steps
from mcp_sim.responders.wording import Wording
from schemas.expressions import parse_template
from schemas.types import Call, Draft, Observation, Tool, View, World


class Effects:
    """Answers the calls of one tool by its declared effect."""

    name = "effects"
    tries = 1
    invents = False

    def __init__(self, tool: Tool, world: World, imaginer: Imaginer) -> None:
        effect = tool.effect
        if effect is None:
            raise ValueError(f"tool '{tool.name}' declares no effect")
        self._tool = tool
        self._world = world
        self._imaginer = imaginer
        self._absent, self._defaults = _absent(tool)
        self._steps = compile_steps(effect.steps, world, "/effect/steps")
        self._wording = Wording(tool)
        self._returns = parse_template(effect.returns)
        self._text = None if effect.text is None else parse_template(effect.text)
        self._status = effect.http.status if effect.http else 200

    async def respond(self, call: Call, view: View, effort: Effort) -> Draft:
        """A Draft by the declared steps.

        Raises:
            NoDraft: an expression of the effect has no value for this call.
        """
        imagined: dict[str, Imagined] = {}
        while True:
            try:
                return self._run(call, view, imagined)
            except Wanted as wanted:
                # Effects are pure: run again with the value, the others come out as before.
                view.take_back_ids()
                imagined[wanted.place] = await self._imaginer.imagine(wanted.part, call, view, effort)

    def _run(self, call: Call, view: View, imagined: dict[str, Imagined]) -> Draft:
        values = {place: found.value for place, found in imagined.items()}
        state = Run(self._world, view, {**self._defaults, **call.arguments}, self._absent, values)
        notes = tuple(found.note for found in imagined.values())
        completions = tuple(completion for found in imagined.values() for completion in found.completions)
        try:
            self._steps(state)
            state.at = "/effect/returns"
            return Draft(self._result(state), state.rows.delta(), notes, completions)
        except Refusal as error:
            return Draft(self._wording.refusal(error.text, error.status), notes=notes, completions=completions)
        except (EvaluationError, TypeError, ValueError, AttributeError) as error:
            raise NoDraft("fault", f"tool '{self._tool.name}', {state.at}: {error}", final=True) from None

    def _result(self, state: Run) -> Observation:
        content = state.render(self._returns)
        content = None if content is OMIT else content
        if self._text is None:
            return answer(content, self._status)
        state.at = "/effect/text"
        return Observation(state.text(self._text), content, status=self._status)


def _absent(tool: Tool) -> tuple[dict[str, Any], dict[str, Any]]:
    properties = tool.input_schema.get("properties")
    named = properties if isinstance(properties, dict) else {}
    defaults = {name: part["default"] for name, part in named.items() if isinstance(part, dict) and "default" in part}
    return dict.fromkeys(named), defaults
