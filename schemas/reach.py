"""Which tools of a world a perturbation reaches, and what makes it impossible: told with the reason, at load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from schemas import anatomy
from schemas.document import Finding, Pointer
from schemas.expressions import FUNCTIONS, ExpressionError, parse
from schemas.fits import arguments, why_not
from schemas.perturbations import Auth, Drift, Hostile, Latency, Perturbation, RateLimit, Withhold
from schemas.types import Tool, World
from schemas.validate import nearest

_OF_ROWS = {"get", "find", "count", "referrers", "random_int"}
"""Functions whose value depends on the rows of the moment, or on chance."""


def reached(world: World, perturbation: Perturbation) -> list[Tool]:
    """The tools whose calls it may act on, in the order of the world."""
    return [tool for tool in meant(world, perturbation) if why_not(world, perturbation, tool) is None]


def matching(world: World, patterns: Sequence[str]) -> list[Tool]:
    """The tools that names and patterns stand for."""
    return [tool for name, tool in world.tools.items() if any(fnmatchcase(name, pattern) for pattern in patterns)]


def meant(world: World, perturbation: Perturbation) -> list[Tool]:
    """The tools that its `where` names, whether or not they can be perturbed so."""
    where = perturbation.where
    spared = perturbation.spec.renewed_by if isinstance(perturbation.spec, Auth) else None
    return [
        tool
        for tool in matching(world, where.tools)
        if tool.name != spared
        and (where.entity is None or where.entity in anatomy.entities_of(tool))
        and (where.writes is None or anatomy.is_writing(tool) is where.writes)
    ]


def check_perturbations(
    world: World, perturbations: Sequence[Perturbation], at: Pointer = ("perturbations",)
) -> list[Finding]:
    """What is wrong with perturbations of a world: names that are not there, what can never act, and why."""
    found: list[Finding] = []
    names: set[str] = set()
    for index, perturbation in enumerate(perturbations):
        here = (*at, index)
        if perturbation.name in names:
            found.append(Finding((*here, "name"), f"two perturbations are called '{perturbation.name}'"))
        names.add(perturbation.name)
        own = [*_check_where(world, perturbation, (*here, "where")), *_check_spec(world, perturbation, here)]
        found += own or _check_reach(world, perturbation, here)
    return found or list(_check_shadows(world, perturbations, at))


def _check_where(world: World, perturbation: Perturbation, at: Pointer) -> Iterator[Finding]:
    where = perturbation.where
    for pattern in where.tools if not perturbation.optional else ():
        yield from _check_tool(world, pattern, (*at, "tool"))
    if where.entity is not None and where.entity not in world.entities:
        yield Finding((*at, "entity"), f"no entity '{where.entity}'{nearest(where.entity, world.entities)}")
    if where.when is not None:
        tools = meant(world, perturbation)
        yield from _check_condition(where.when, (*at, "when"), {"args"}, tools)
    if where.after is not None:
        yield from _check_tool(world, where.after.tool, (*at, "after", "tool"))
    yield from _check_contradictions(world, perturbation, at)


def _check_contradictions(world: World, perturbation: Perturbation, at: Pointer) -> Iterator[Finding]:
    where = perturbation.where
    if where.numbers and min(where.numbers) < 1:
        yield Finding((*at, "nth"), "calls are counted from 1")
    elif where.numbers and where.every and not any(number % where.every == 0 for number in where.numbers):
        yield Finding((*at, "nth"), f"none of these is also a call that `every: {where.every}` means, so it never acts")
    if where.nth is not None and not where.numbers:
        yield Finding((*at, "nth"), "an empty list means no call at all")
    if where.probability == 0:
        yield Finding((*at, "probability"), "a probability of 0 means that it never acts")
    if where.until is not None and _seconds(world, where.until) <= _seconds(world, where.from_ or 0.0):
        yield Finding((*at, "until"), "it ends before it begins")
    if isinstance(perturbation.spec, RateLimit | Auth):
        chancy = [word for word in ("nth", "every", "times") if getattr(where, word) is not None]
        chancy += ["probability"] if where.probability < 1 else []
        if chancy:
            what = "a rate limit" if isinstance(perturbation.spec, RateLimit) else "an expiry"
            yield Finding((*at, chancy[0]), f"{what} says itself which calls it refuses; leave out {', '.join(chancy)}")


def _seconds(world: World, moment: float | datetime) -> float:
    if not isinstance(moment, datetime):
        return moment
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - world.clock.start).total_seconds()


def _check_spec(world: World, perturbation: Perturbation, at: Pointer) -> Iterator[Finding]:
    here = (*at, perturbation.kind)
    match perturbation.spec:
        case Latency(seconds=seconds, upto=upto) if upto is not None and upto < seconds:
            yield Finding((*here, "upto"), f"{upto:g} is less than the {seconds:g} seconds it starts from")
        case RateLimit(style="window", burst=burst) if burst is not None:
            yield Finding((*here, "burst"), "only a bucket has a burst; a window lets all its calls come at once")
        case Auth(renewed_by=tool) if tool is not None:
            yield from _check_tool(world, tool, (*here, "renewed_by"))
        case Hostile(bait=tool) if tool is not None:
            yield from _check_tool(world, tool, (*here, "bait"))
        case Withhold(where=condition, share=share, fields=fields):
            if condition is not None:
                yield from _check_condition(condition, (*here, "where"), {"item", "args"}, meant(world, perturbation))
            elif share == 1 and not fields:
                yield Finding(here, "this keeps every item back; give `where`, `share` or `fields`")
        case Drift(rename=rename, drop=drop):
            if both := sorted(set(rename) & set(drop)):
                yield Finding((*here, "drop"), f"'{both[0]}' is renamed already")


def _check_tool(world: World, pattern: str, at: Pointer) -> Iterator[Finding]:
    if not matching(world, [pattern]):
        what = "no tool fits the pattern" if _is_pattern(pattern) else "no tool"
        yield Finding(at, f"{what} '{pattern}'{nearest(pattern, world.tools)}")


def _check_condition(source: str, at: Pointer, known: set[str], tools: list[Tool]) -> Iterator[Finding]:
    try:
        expression = parse(source)
    except ExpressionError as error:
        yield Finding(at, str(error))
        return
    for name in sorted(expression.names - known):
        there = ", ".join(sorted(known))
        yield Finding(at, f"`{source}`: no name '{name}' here{nearest(name, known)}; there is {there}")
    for function, _, _ in expression.calls:
        if function not in FUNCTIONS:
            yield Finding(at, f"`{source}`: no function '{function}'{nearest(function, FUNCTIONS)}")
        elif function in _OF_ROWS:
            yield Finding(at, f"`{source}`: {function} reads what changes; a perturbation depends on the calls alone")
    known_arguments = {name for tool in tools for name in arguments(tool)}
    for name, field in sorted(expression.fields):
        if name == "args" and field not in known_arguments and tools:
            hint = nearest(field, known_arguments)
            yield Finding(at, f"`{source}`: none of the tools it is for has an argument '{field}'{hint}")


def _check_reach(world: World, perturbation: Perturbation, at: Pointer) -> Iterator[Finding]:
    tools = meant(world, perturbation)
    reasons = {tool.name: reason for tool in tools if (reason := why_not(world, perturbation, tool)) is not None}
    if perturbation.optional:
        return
    named = [name for name in perturbation.where.tools if not _is_pattern(name)]
    where = (*at, "where", "tool")
    if not tools:
        yield Finding((*at, "where"), "no tool fits these conditions together, so it never acts")
    for name in named:
        if name in reasons:
            yield Finding(where, f"'{name}' {reasons[name]}, so {_what(perturbation)} cannot act on it")
    if tools and len(reasons) == len(tools) and not any(name in reasons for name in named):
        first = next(iter(reasons))
        yield Finding(where, f"{_what(perturbation)} can act on none of these tools: '{first}' {reasons[first]}")


def _check_shadows(world: World, perturbations: Sequence[Perturbation], at: Pointer) -> Iterator[Finding]:
    """What never acts because another perturbation always comes first."""
    order = sorted(range(len(perturbations)), key=lambda index: (perturbations[index].rank, index))
    tools = [{tool.name for tool in reached(world, perturbation)} for perturbation in perturbations]
    for place, first in enumerate(order):
        certain = perturbations[first]
        if not certain.silences or not certain.where.is_certain or isinstance(certain.spec, RateLimit | Auth):
            continue
        for later in order[place + 1 :]:
            shadowed = perturbations[later]
            if tools[later] and tools[later] <= tools[first] and not shadowed.optional:
                message = f"it never acts: '{certain.name}' answers every call of these tools before it"
                yield Finding((*at, later), message)


def _what(perturbation: Perturbation) -> str:
    return f"`{perturbation.kind}`"


def _is_pattern(name: str) -> bool:
    return any(sign in name for sign in "*?[")
