"""The manifest: what a data set holds, what it was made of, and by which versions."""

from __future__ import annotations

import hashlib
import platform
from collections import Counter
from typing import Any

import orjson

import mcp_sim
from schemas.canonical import canonical
from trainer.tailor.anchors import EXTRACTOR
from trainer.tailor.classes import PRECEDENCE
from trainer.tailor.events import digest
from trainer.tailor.index import Entry
from trainer.tailor.intents import REGISTRY
from trainer.tailor.kitchen import resolved
from trainer.tailor.recipe import Recipe
from trainer.tailor.selection import Selection
from trainer.tailor.statistics import Counts
from trainer.tailor.workshop import Workshop, write_whole

FORMAT = "mcp-sim/tailored"
VERSION = 1


def manifest_of(
    shop: Workshop, recipe: Recipe, selection: Selection, shards: list[dict[str, Any]], counts: Counts
) -> dict[str, Any]:
    """Write the manifest, and give it back. Nothing in it depends on who made the data set, or when."""
    body = resolved(recipe)
    files = {
        shard["name"]: {"records": shard["records"], "sha256": digest(shop.out / "data" / shard["name"])}
        for shard in shards
    }
    plan = shop.plan()
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "name": recipe.name,
        "recipe": body,
        "recipe_sha256": hashlib.sha256(canonical(body)).hexdigest(),
        "sources": {_shown(path, shop): found for path, found in plan["files"].items()},
        "complaints": plan["complaints"],
        "versions": {
            "mcp-sim": mcp_sim.__version__,
            "python": ".".join(platform.python_version_tuple()[:2]),
            "extractor": EXTRACTOR,
            "templates": {use.intent: use.template for use in recipe.intents},
        },
        "classes": {"precedence": PRECEDENCE, "keep": body["keep"]},
        "intents": {use.intent: REGISTRY[use.intent].needs for use in recipe.intents},
        "files": files,
        "data_sha256": hashlib.sha256(canonical(files)).hexdigest(),
        "records": {side: _records(chosen) for side, chosen in selection.chosen.items()},
        "dropped": dict(sorted(selection.counts.items())),
        "counts": counts.plain(),
    }
    write_whole(shop.manifest, orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    return manifest


def _shown(path: str, shop: Workshop) -> str:
    """A path; one inside of the data set without the folder of that."""
    return path.removeprefix(f"{shop.out}/")


def _records(chosen: list[Entry]) -> dict[str, Any]:
    """How many records of what."""
    found: dict[str, Any] = {
        name: dict(sorted(Counter(getattr(entry, name) for entry in chosen).items()))
        for name in ("intent", "domain", "server", "source", "turn_class")
    }
    sizes = sorted(entry.characters for entry in chosen)
    return {
        "total": len(chosen),
        "sessions": len({entry.session for entry in chosen}),
        "characters": sum(sizes),
        "learned_characters": sum(entry.learned for entry in chosen),
        "median_characters": sizes[len(sizes) // 2] if sizes else 0,
        "longest_characters": sizes[-1] if sizes else 0,
        "by": found,
        "intents_by_domain": dict(sorted(Counter(f"{entry.domain}\t{entry.intent}" for entry in chosen).items())),
    }
