"""What a recipe leaves open: a source without a generator, a model without its prompt, a sampling without its rule."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.document import Finding
from schemas.validate import nearest
from trainer.tailor.classes import KEEP
from trainer.tailor.intents import REGISTRY
from trainer.tailor.recipe import FILTERS, Recipe, Sample, Source

_ARM = re.compile(r"filtered|raw|(?:random|tokens):(.+)")


def lint(recipe: Recipe) -> list[Finding]:
    """Everything that a recipe leaves open; empty when it says all that decides what comes out."""
    return [
        *(found for index, source in enumerate(recipe.sources) for found in _source(index, source)),
        *_names(recipe),
        *_intents(recipe),
        *_phrasing(recipe),
        *_checks(recipe),
        *_arm(recipe),
    ]


def _source(index: int, source: Source) -> Iterator[Finding]:
    at = ("sources", index)
    if source.kind == "play":
        if not source.worlds:
            yield Finding(at, f"source '{source.name}' has no generator: name the `worlds` that are played")
        if not source.sessions:
            yield Finding(at, f"source '{source.name}' has no generator: say how many `sessions` are played")
    else:
        if not source.paths:
            yield Finding(at, f"source '{source.name}' has no generator: name the `paths` that it is read from")
        if not source.origin:
            yield Finding(at, f"source '{source.name}' does not say where its recordings come from: give its `origin`")


def _names(recipe: Recipe) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, source in enumerate(recipe.sources):
        if source.name in seen:
            yield Finding(("sources", index, "name"), f"there is a source '{source.name}' already")
        seen.add(source.name)
    for name in recipe.keep:
        if name not in KEEP:
            yield Finding(("keep", name), f"there is no class of turns '{name}'{nearest(name, KEEP)}")


def _intents(recipe: Recipe) -> Iterator[Finding]:
    for index, use in enumerate(recipe.intents):
        at = ("intents", index)
        intent = REGISTRY.get(use.intent)
        if intent is None:
            yield Finding((*at, "intent"), f"there is no intent '{use.intent}'{nearest(use.intent, REGISTRY)}")
            continue
        if use.template not in intent.templates:
            known = ", ".join(intent.templates)
            yield Finding((*at, "template"), f"'{use.intent}' has no template '{use.template}'; it has {known}")
        yield from _sample((*at, "sample"), use.sample)


def _sample(at: tuple[str | int, ...], sample: Sample) -> Iterator[Finding]:
    match sample.rule:
        case "":
            yield Finding(at, "a sampling without its rule: say `rule: share` or `rule: per-run`, or leave it out")
        case "share" if sample.share is None:
            yield Finding(at, "`rule: share` needs its `share`, from 0 to 1")
        case "per-run" if sample.count is None:
            yield Finding(at, "`rule: per-run` needs its `count`")


def _phrasing(recipe: Recipe) -> Iterator[Finding]:
    asked = recipe.phrasing
    if asked is None:
        return
    if not asked.urls:
        yield Finding(("phrasing",), "a model step without its server: name its `urls`")
    if not asked.model:
        yield Finding(("phrasing",), "a model step without its model: name it, so that the manifest can")
    if "{text}" not in asked.prompt:
        yield Finding(("phrasing", "prompt"), "a model step without its prompt: it has to hold {text}")
    if not asked.sampling:
        yield Finding(("phrasing", "sampling"), "a sampling without its rule: e.g. temperature: 0, seed: 0")
    named = {use.intent for use in recipe.intents}
    for index, name in enumerate(asked.intents):
        if name not in named:
            yield Finding(("phrasing", "intents", index), f"no intent '{name}' is used here{nearest(name, named)}")


def _checks(recipe: Recipe) -> Iterator[Finding]:
    checks, same = recipe.contamination, recipe.duplicates
    off = [name for name in ("schemas", "ids", "bodies") if not getattr(checks, name)]
    if off and not checks.why:
        yield Finding(("contamination",), f"the check of {', '.join(off)} is off: say `why`")
    if (not same.exact or same.near is None) and not same.why:
        yield Finding(("duplicates",), "a check for duplicates is off: say `why`")
    for name, why in recipe.filters.off.items():
        if not why:
            yield Finding(("filters", "off", name), f"the filter '{name}' is off: say why")


def _arm(recipe: Recipe) -> Iterator[Finding]:
    found = _ARM.fullmatch(recipe.arm)
    name = found[1] if found else None
    if found is None or (name is not None and name not in FILTERS):
        known = nearest(name or recipe.arm, FILTERS)
        yield Finding(("arm",), f"'{recipe.arm}' is none: filtered, raw, random:FILTER or tokens:FILTER{known}")
