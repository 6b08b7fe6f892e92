"""What intents are given: a call with the state it meets, and a run as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from mcp_sim.worldmodel.prompt import Prompt, Renderer
from mcp_sim.worldmodel.wire import action, observed, spoken
from schemas.canonical import canonical
from schemas.rows import key_text
from schemas.types import Call, Step, World
from trainer.record import Record, Turn, TurnClass, identified
from trainer.tailor.anchors import Anchor
from trainer.tailor.classes import draw
from trainer.tailor.filters import Loss
from trainer.tailor.ground import Ground
from trainer.tailor.ids import ids_in
from trainer.tailor.objects import Known
from trainer.tailor.recipe import Use
from trainer.tailor.walk import Moment, Run
from trainer.tailor.words import words


@dataclass
class Beat:
    """One call of a run, as it is remembered: what is certain of it, and whether it is lost."""

    at: int
    moment: Moment
    anchors: tuple[Anchor, ...]
    losses: tuple[Loss, ...]
    turn_class: TurnClass
    learned: bool

    @property
    def is_kept(self) -> bool:
        """Whether no filter took it out."""
        return not self.losses

    @property
    def step(self) -> Step:
        """What came of it."""
        return self.moment.step

    @property
    def asked(self) -> str:
        """What the agent did, as a turn."""
        return action(self.step.n, self.step.call.tool, self.step.call.arguments)

    @property
    def told(self) -> str:
        """What the environment answered, as a turn."""
        return observed(spoken(self.step.observation))

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids that its answer names."""
        return frozenset(text for _, text in ids_in(self.moment.answer)) if self.moment.is_json else frozenset()

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """The ids of its anchors of some kinds."""
        return tuple(found.id for found in self.anchors if found.kind in kinds)


@dataclass
class Settings:
    """What a recipe says that concerns every intent."""

    prompt_tokens: int
    seed: int


@dataclass
class Scene:
    """One call, with the state that it meets; good until the next one.

    Attributes:
        beat: the call.
        told: the kept calls before it that prompts may tell of.
        rows: the anchors of the changes of each row so far.
    """

    beat: Beat
    told: list[Beat]
    rows: dict[tuple[str, str], list[str]]
    settings: Settings

    @property
    def moment(self) -> Moment:
        """The call and its view."""
        return self.beat.moment

    @cached_property
    def prompt(self) -> Prompt:
        """The question of the call, as it is asked when it is served."""
        renderer = _renderer(self.moment.world, self.moment.step.call.tool, self.settings.prompt_tokens)
        call = Call(self.moment.step.call.tool, self.moment.step.call.arguments)
        return renderer.render(call, self.moment.view)

    @cached_property
    def writes(self) -> bool:
        """Whether an answer of the tool proposes changes."""
        tool = self.moment.step.call.tool
        return _renderer(self.moment.world, tool, self.settings.prompt_tokens).question.writes

    @cached_property
    def displayed(self) -> list[Beat]:
        """The earlier calls that the prompt shows."""
        turns = {message["content"] for message in self.prompt.messages[1:-1]}
        last = self.prompt.messages[-1]["content"]
        tool = self.moment.step.call.tool
        return [
            beat
            for beat in self.told
            if beat.asked in turns
            or (beat.step.call.tool == tool and f"{canonical(beat.step.call.arguments).decode()} -> " in last)
        ]

    @cached_property
    def evidence(self) -> tuple[str, ...]:
        """The anchors of the call, and those of the rows that the prompt shows."""
        shown = (
            at for entity, keys in sorted(self.prompt.shown.items()) for at in sorted((entity, key) for key in keys)
        )
        of_rows = (found for at in shown for found in self.rows.get(at, ()))
        return tuple(dict.fromkeys((*(found.id for found in self.beat.anchors), *of_rows)))

    @property
    def sources(self) -> tuple[str, ...]:
        """The events: that of the call first, then those that the prompt shows."""
        return (self.moment.event.id, *(beat.moment.event.id for beat in self.displayed))

    def turns(self) -> tuple[Turn, ...]:
        """The prompt as turns."""
        return tuple(Turn(_role(message["role"]), message["content"]) for message in self.prompt.messages)

    def facts(self) -> dict[str, Any]:
        """What is known of the call."""
        call = self.moment.event.call
        rows = sorted(f"{entity} {key}" for entity, key in self.answer_rows())
        in_view = all(key in self.prompt.shown.get(entity, ()) for entity, key in self.answer_rows())
        said = words(call.text)
        known = frozenset().union(*(words(message["content"]) for message in self.prompt.messages))
        return {
            "tool": call.tool,
            "arguments": call.arguments,
            "answer": call.text,
            "is_error": call.is_error,
            "status": call.status,
            "kind": call.kind,
            "rows": rows[:64],
            "state_in_view": in_view,
            "known": round(len(said & known) / len(said), 3) if said else 1.0,
        }

    def answer_rows(self) -> list[tuple[str, str]]:
        """The rows that were there before the call, and that its answer shows or that it changes."""
        found = set(self.moment.shown) | {(change.entity, change.key) for change in self.moment.step.delta.changes}
        if self.moment.run.steps is not None and self.moment.is_json:
            found |= set(_named_rows(self.moment))
        return sorted(at for at in found if self.moment.view.exists(*at))


@dataclass
class Story:
    """A whole run.

    Attributes:
        beats: its calls in order.
        stranger: a kept call of another run of the same service, if there was one.
    """

    run: Run
    world: World
    beats: list[Beat]
    settings: Settings
    stranger: Beat | None = None
    kept: list[Beat] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = [beat for beat in self.beats if beat.is_kept]

    def draw(self, purpose: str) -> float:
        """A number from 0 to 1 that depends on run, seed and purpose alone."""
        return draw(f"{self.settings.seed}:{self.run.key}:{purpose}")


class Intent:
    """One thing to be learned: how records of it are made, and what they rest on.

    Attributes:
        name: its name.
        templates: the versions of its wording.
        needs: kinds of anchors without which there is nothing to make a record of.
        schema: the JSON Schema of the facts of its records.
        says: all that its templates say by themselves.
        is_derived: whether what is learned is worked out of events and anchors, so that `objection` does it again.
    """

    name = ""
    templates: tuple[str, ...] = ("v1",)
    needs: tuple[str, ...] = ("call", "status")
    schema: dict[str, Any] = {"type": "object"}  # noqa: RUF012 - never changed
    says: tuple[str, ...] = ()
    is_derived = False

    def of_scene(self, scene: Scene, use: Use) -> Iterator[Record]:
        """The records about one call."""
        yield from ()

    def of_story(self, story: Story, use: Use) -> Iterator[Record]:
        """The records about a whole run."""
        yield from ()

    def objection(self, record: Record, ground: Ground, known: Known) -> str | None:
        """What is wrong with a record of it, beside values that nothing vouches for; None if nothing is."""
        return None

    def instruction(self, record: Record) -> int | None:
        """The turn that a model may say in other words, if there is one."""
        return None

    def record(self, beat: Beat, use: Use, turns: tuple[Turn, ...], **parts: Any) -> Record:
        """A record about a call."""
        event, run = beat.moment.event, beat.moment.run
        return identified(
            Record(
                id="",
                intent=self.name,
                template=use.template,
                turns=turns,
                domain=event.call.domain or run.server,
                server=run.server,
                trajectory=run.key,
                at=beat.at,
                turn_class=beat.turn_class,
                **parts,
            )
        )


def _role(role: str) -> Any:
    return role


@lru_cache(maxsize=2048)
def _renderer(world: World, tool: str, prompt_tokens: int) -> Renderer:
    return Renderer(world.tools[tool], world, prompt_tokens=prompt_tokens)


def _named_rows(moment: Moment) -> Iterator[tuple[str, str]]:
    """The rows that the answer of one of our own tools shows, as its schema marks them."""
    shown = moment.world.tools[moment.step.call.tool].shown
    if shown is not None and not moment.step.observation.is_error:
        for entity, _, value in shown(moment.answer, "", lambda _: False):
            yield entity, key_text(value)
