"""The perturbations of a world, compiled once, and of one session: what acts on which call.

The schedule is a pure function of world, seed and calls. Chance is keyed by seed, step and the name of the
perturbation, so one that is taken away shifts no other; what depends on the past is folded from the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from mcp_sim.perturb.history import History
from mcp_sim.perturb.limits import Limited, rule_of
from mcp_sim.perturb.narrowing import from_the_past, part_of_batch, smaller_page
from mcp_sim.perturb.occasion import Clock, Occasion, Setting, defaults_of
from mcp_sim.perturb.plan import Plan
from mcp_sim.perturb.refusals import refusal
from mcp_sim.perturb.rule import Place, Rule
from schemas.perturbations import Batch, Latency, Page, Perturbation, Stale, Timeout
from schemas.types import Acted, Call, Step, View, World


class Schedule:
    """Perturbations of a world, made ready for every session that has them.

    Attributes:
        reads_clock: whether what acts depends on how much virtual time has passed.
    """

    def __init__(self, world: World, perturbations: Sequence[Perturbation]) -> None:
        self.world = world
        clock = Clock(world)
        places: dict[str, Place] = {one.name: (*one.rank, index) for index, one in enumerate(perturbations)}
        rules = [rule_of(one, world, clock, places[one.name], places) for one in perturbations]
        self.rules = sorted(rules, key=lambda rule: rule.place)
        self.reads_clock = any(rule.reads_clock or _counts_seconds(rule) for rule in rules)
        self.keeps_times = any(_counts_seconds(rule) for rule in rules)
        self.clock = clock
        self.of = {name: found for name in world.tools if (found := self._acting_on(name))}
        self.watching = {name: found for name in world.tools if (found := self._watching(name))}
        self.defaults = {name: defaults_of(tool) for name, tool in world.tools.items()}

    def _acting_on(self, tool: str) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if tool in rule.tools)

    def _watching(self, tool: str) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if tool in rule.watched)


@lru_cache(maxsize=64)
def schedule_of(world: World, perturbations: tuple[Perturbation, ...]) -> Schedule | None:
    """The schedule of these perturbations, made once; None where there are none."""
    return Schedule(world, perturbations) if perturbations else None


class Perturber:
    """What perturbs one session. All it knows of the past comes from the steps."""

    def __init__(self, schedule: Schedule, seed: int, steps: Callable[[], Iterable[Step]]) -> None:
        self.schedule = schedule
        self._setting = Setting(seed, schedule.clock, schedule.defaults)
        self._steps = steps
        self._asked: Occasion | None = None
        self._history: History | None = None
        self._remembers = bool(schedule.watching) or schedule.keeps_times

    def plan(self, call: Call, view: View) -> Plan | None:
        """What happens to a call whose arguments are right; None where nothing does."""
        rules = self.schedule.of.get(call.tool)
        if rules is None:
            return None
        history = self._history or self._told()
        occasion = self._asked = Occasion(call, view.n, view.now, view.random, self._setting)
        plan: Plan | None = None
        for rule in rules:
            memory = history[rule.name]
            if rule.acts(occasion, memory):
                plan = plan or Plan(call, occasion, view, self.schedule.world)
                if self._add(plan, rule, history):
                    break
            elif isinstance(rule, Limited) and rule.spec.headers and rule.counts(occasion, memory):
                plan = plan or Plan(call, occasion, view, self.schedule.world)
                plan.headers |= rule.headers(occasion.seconds, memory, taken=True)
        return plan

    def took(self, step: Step) -> None:
        """Note that a step was committed."""
        if self._remembers and self._history is not None:
            self._history.take(step, self._asked)

    def _told(self) -> History:
        if self._history is None:
            schedule = self.schedule
            history = History(schedule.rules, schedule.watching, self._setting, keeps_times=schedule.keeps_times)
            for step in self._steps() if self._remembers else ():
                history.take(step)
            self._history = history
        return self._history

    def _add(self, plan: Plan, rule: Rule, history: History) -> bool:
        """Add what a rule does to the plan; whether that ends it."""
        occasion, spec = plan.occasion, rule.perturbation.spec
        if isinstance(spec, Latency):
            seconds = spec.seconds
            if spec.upto is not None:
                seconds += (spec.upto - spec.seconds) * occasion.share(f"perturb:{rule.name}:seconds")
            _take_time(plan, rule, {"seconds": round(seconds, 3)}, real=spec.real)
        elif isinstance(spec, Batch):
            narrowed = part_of_batch(rule, plan.call, occasion)
            if narrowed is not None:
                plan.call, entry, notice = narrowed
                plan.acted.append(entry)
                plan.notices += [notice] if notice else []
        elif rule.perturbation.silences:
            observation, did = refusal(rule, occasion, history[rule.name])
            taken = spec.seconds if isinstance(spec, Timeout) else 0.0
            entry = Acted(rule.name, rule.kind, did, taken)
            before, after = plan.wait
            waiting = spec.seconds if isinstance(spec, Timeout) and spec.real else 0.0
            if rule.perturbation.refuses:
                plan.refusal = observation
                plan.acted.append(entry)
                plan.wait = before + waiting, after
            else:
                plan.silence = observation, entry
                plan.wait = before, after + waiting
            return True
        elif isinstance(spec, Page | Stale):
            asked = plan.questions[-1].call if plan.questions else plan.call
            question = (
                smaller_page(rule, asked, plan.world, self.schedule.defaults[asked.tool])
                if isinstance(spec, Page)
                else from_the_past(rule, asked, occasion, history)
            )
            plan.questions += [question] if question else []
        else:
            plan.rules.append(rule)
        return False


def _take_time(plan: Plan, rule: Rule, did: dict[str, float], *, real: bool) -> None:
    seconds = did["seconds"]
    plan.acted.append(Acted(rule.name, rule.kind, did, seconds))
    if real:
        before, after = plan.wait
        plan.wait = before + seconds, after


def _counts_seconds(rule: Rule) -> bool:
    spec = rule.perturbation.spec
    return isinstance(spec, Stale) and spec.seconds is not None
