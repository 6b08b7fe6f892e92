"""From the events of some runs to records: tracked, filtered, made by every intent, and let through the gate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mcp_sim.learn.tables import Table
from schemas.types import Step, World
from trainer.record import Record
from trainer.tailor.anchors import Anchor, Extractor
from trainer.tailor.classes import draw, is_learned, turn_class
from trainer.tailor.filters import Loss, Sieve
from trainer.tailor.gate import Rejection, objection
from trainer.tailor.ground import Ground
from trainer.tailor.intents import REGISTRY
from trainer.tailor.intents.scene import Beat, Intent, Scene, Settings, Story
from trainer.tailor.phrases import Phraser
from trainer.tailor.recipe import Recipe, Use
from trainer.tailor.walk import Run, Walker
from trainer.tailor.words import all_words


@dataclass
class Cut:
    """What became of one run."""

    run: Run
    beats: list[Beat] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


@dataclass(frozen=True)
class Arm:
    """Which turns are taken out: those that filters find, or others in the place of those that one filter finds."""

    name: str = "filtered"
    instead_of: str = ""
    chosen: frozenset[str] = frozenset()

    def losses(self, event: str, found: list[Loss]) -> list[Loss]:
        """The losses of a turn that count."""
        if self.name == "raw":
            return []
        if not self.instead_of:
            return found
        others = [loss for loss in found if loss.filter != self.instead_of]
        control = [Loss(event, self.name, "taken out by chance, as a control", 0, "")] if event in self.chosen else []
        return others or control


class Cutter:
    """Makes records of the runs of one world, one run after the other."""

    def __init__(
        self,
        recipe: Recipe,
        world: World,
        arm: Arm,
        tables: dict[str, Table] | None = None,
        phraser: Phraser | None = None,
    ) -> None:
        self._phraser = phraser
        self._recipe = recipe
        self._world = world
        self._arm = arm
        self._walker = Walker(world, tables)
        self._sieve = Sieve(recipe.filters)
        self._settings = Settings(recipe.prompt_tokens, recipe.seed)
        self._uses = [(REGISTRY[use.intent], use) for use in recipe.intents]
        self._wording = {intent.name: all_words(intent.says) for intent, _ in self._uses}
        self._stranger: Beat | None = None

    def cut(self, run: Run, *, records: bool = True) -> Cut:
        """Go through one run; without `records`, only its anchors and losses are worked out."""
        cut, told, past = Cut(run), list[Beat](), list[Step]()
        rows: dict[tuple[str, str], list[str]] = {}
        extractor = Extractor()
        made: list[tuple[Use, Record]] = []
        events, anchors = {event.id: event for event in run.events}, dict[str, Anchor]()
        turns: dict[str, int] = {}
        for moment in self._walker.moments(run, past):
            found = extractor.anchors(moment)
            losses = self._arm.losses(moment.event.id, self._sieve.losses(moment))
            kind = turn_class(moment.event.call)
            learned = is_learned(kind, moment.event.id, self._recipe.seed, self._recipe.keep)
            beat = Beat(moment.at, moment, found, tuple(losses), kind, learned)
            cut.beats.append(beat)
            anchors.update((one.id, one) for one in found)
            if records:
                turns[moment.event.id] = moment.step.n
                numbers = frozenset(f"{name} {moment.view.count(name)}" for name in self._world.entities)
            if records and beat.is_kept:
                scene = Scene(beat, told, rows, self._settings)
                ground = Ground(self._world, events, anchors, turns, frozenset(), numbers | {moment.step.at})
                made += self._let_through(cut, ground, self._of_scene(scene))
            for one in found:
                if one.kind == "delta":
                    _, _, entity, key = one.pointer.split("/", 3)
                    rows.setdefault((entity, key), []).append(one.id)
            if Sieve.is_told(losses):
                told.append(beat)
                past.append(moment.step)
        if records:
            story = Story(run, self._world, cut.beats, self._settings, self._stranger)
            if self._stranger is not None:
                stranger = self._stranger.moment.event
                events = {**events, stranger.id: stranger}
                turns = {**turns, stranger.id: self._stranger.step.n}
                anchors |= {one.id: one for one in self._stranger.anchors}
            said = {one.id: one for one in run.said}
            ground = Ground(self._world, events, anchors, turns, frozenset(), frozenset(), said)
            made += self._let_through(cut, ground, self._of_story(story))
            self._stranger = story.kept[0] if story.kept else self._stranger
            cut.records = self._sampled(run, made)
        return cut

    def _of_scene(self, scene: Scene) -> Iterator[tuple[Intent, Use, Record]]:
        for intent, use in self._uses:
            if self._is_drawn(use, scene.moment.event.id):
                yield from ((intent, use, record) for record in intent.of_scene(scene, use))

    def _of_story(self, story: Story) -> Iterator[tuple[Intent, Use, Record]]:
        for intent, use in self._uses:
            if self._is_drawn(use, story.run.key):
                yield from ((intent, use, record) for record in intent.of_story(story, use))

    def _is_drawn(self, use: Use, what: str) -> bool:
        sample = use.sample
        return sample.rule != "share" or draw(f"{self._recipe.seed}:sample:{use.intent}:{what}") < (sample.share or 0)

    def _let_through(
        self, cut: Cut, ground: Ground, made: Iterable[tuple[Intent, Use, Record]]
    ) -> Iterator[tuple[Use, Record]]:
        phrased = self._phraser.phrased if self._phraser is not None else list
        found = list(made)
        for (intent, use, plain), record in zip(found, phrased(record for *_, record in found), strict=True):
            own = replace(ground, wording=self._wording[intent.name])
            rejected = objection(record, intent, own)
            if rejected is None:
                yield use, record
                continue
            cut.rejections.append(rejected)
            if record is not plain and objection(plain, intent, own) is None:
                yield use, plain

    def _sampled(self, run: Run, made: list[tuple[Use, Record]]) -> list[Record]:
        """The records of a run; of an intent with a rule per run, so many of them, drawn by their ids."""
        chosen: set[str] = set()
        for use in self._recipe.intents:
            own = [record for found, record in made if found is use]
            if use.sample.rule == "per-run":
                own.sort(key=lambda record: draw(f"{self._recipe.seed}:run:{run.key}:{record.id}"))
                own = own[: use.sample.count]
            chosen.update(record.id for record in own)
        return [record for _, record in made if record.id in chosen]
