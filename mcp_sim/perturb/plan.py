"""What happens to one call: refused, narrowed, asked otherwise, silenced, its answer changed; and the ledger of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mcp_sim.perturb.changes import CHANGES, Answer, Scene
from mcp_sim.perturb.occasion import Occasion
from mcp_sim.perturb.refusals import protocol_error
from mcp_sim.perturb.rule import Rule
from schemas.perturbations import ProtocolError
from schemas.types import PERTURB, Acted, Call, Observation, StateDelta, Step, View, Wire, World


@dataclass(frozen=True, slots=True)
class Question:
    """A read that is answered instead of the one that was asked; nothing is committed for it.

    Attributes:
        rule: what wants it.
        call: what is asked.
        as_of: the step whose rows answer; None: those of now.
        did: what the ledger says, if that made a difference.
    """

    rule: Rule
    call: Call
    as_of: int | None
    did: dict[str, Any]


@dataclass(slots=True)
class Plan:
    """What perturbations do to one call.

    Attributes:
        call: what is carried out: the call as it came, or with fewer entries in a batch.
        acted: what has acted before the call is carried out.
        refusal: what the agent sees instead of any answer.
        silence: what the agent sees instead of the answer, and the entry of the ledger; the call is carried out.
        questions: reads to answer instead, each going on from the one before.
        rules: what changes the answer, in order.
        headers: what every answer to this call carries.
        notices: what is said beside a successful answer.
        wait: seconds to let the caller wait really, before the call and after its commit.
    """

    call: Call
    occasion: Occasion
    view: View
    world: World
    acted: list[Acted] = field(default_factory=list)
    refusal: Observation | None = None
    silence: tuple[Observation, Acted] | None = None
    questions: list[Question] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    wait: tuple[float, float] = (0.0, 0.0)

    def refused(self) -> Step:
        """The step of a call that was refused."""
        assert self.refusal is not None
        reason = f"{self.acted[-1].kind}: {self.acted[-1].name}"
        return Step(
            n=self.view.n,
            at=self.view.now,
            call=self.occasion.call,
            observation=_carrying(self.refusal, self.headers),
            delta=StateDelta(),
            responder=PERTURB,
            reason=reason,
            perturbations=tuple(self.acted),
        )

    def finish(self, step: Step, shown: Sequence[Observation] = ()) -> Step:
        """The step as the agent sees it.

        Args:
            step: the call, carried out.
            shown: the answers to the questions, as far as there were any.
        """
        acted = list(self.acted)
        if self.silence is not None:
            observation, entry = self.silence
            acted.append(entry)
        else:
            observation = self._asked_otherwise(step.observation, shown, acted)
            observation = self._changed(observation, acted)
        answer = step.observation if observation != step.observation else None
        return replace(
            step,
            call=self.occasion.call,
            observation=_carrying(observation, self.headers),
            perturbations=tuple(acted),
            answer=answer,
        )

    def _asked_otherwise(
        self, observation: Observation, shown: Sequence[Observation], acted: list[Acted]
    ) -> Observation:
        for question, found in zip(self.questions, shown, strict=False):
            if found != observation:
                acted.append(Acted(question.rule.name, question.rule.kind, question.did))
                observation = found
        return observation

    def _changed(self, observation: Observation, acted: list[Acted]) -> Observation:
        if observation.is_error:
            for rule in self.rules:
                if isinstance(spec := rule.perturbation.spec, ProtocolError):
                    observation, did = protocol_error(spec)
                    acted.append(Acted(rule.name, rule.kind, did))
                    break
            return observation
        tool = self.world.tools[self.occasion.call.tool]
        answer = Answer.of(observation, tool)
        answer.notices += self.notices
        is_changed = bool(self.notices)
        for rule in self.rules:
            change = CHANGES.get(type(rule.perturbation.spec))
            if change is None:
                continue
            scene = Scene(rule.name, tool, self.occasion, self.view, self.world)
            changed = change(answer, rule.perturbation.spec, scene)
            if changed is not None:
                acted.append(Acted(rule.name, rule.kind, changed))
                is_changed = True
        return answer.observation() if is_changed else observation


def _carrying(observation: Observation, headers: dict[str, str]) -> Observation:
    if not headers:
        return observation
    wire = observation.wire or Wire()
    return replace(observation, wire=replace(wire, headers={**headers, **wire.headers}))
