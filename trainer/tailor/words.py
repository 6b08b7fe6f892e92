"""The words of a text: the smallest parts of ids and values that can be looked up again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from mcp_sim.worldmodel.wire import compact
from mcp_sim.worldmodel.wording import WORDINGS
from schemas.types import World
from trainer.tailor.events import Event

_WORD = re.compile(r"\w+")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_CUT = re.compile(r"\w*…")
_WHOLE = re.compile(r"[\w#@.:/+-]*\d[\w#@.:/+-]*")
_DEEP = 6
"""JSON in JSON in JSON: so deep escapes are undone."""
_CONTROL = frozenset("nrtbf")


def words(text: str) -> frozenset[str]:
    """The words of a text, escapes of JSON undone where JSON stands in JSON; what is cut off by `…` is none."""
    for _ in range(_DEEP):
        if "\\" not in text:
            break
        text = _ESCAPE.sub(_unescaped, text)
    return frozenset(_WORD.findall(_CUT.sub(" ", text) if "…" in text else text))


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return " " if found[2] in _CONTROL or found[2] == "\\" else found[2]


def whole(text: str) -> frozenset[str]:
    """The ids and numbers of a text as they stand there: everything with a digit, up to a space or a mark."""
    return frozenset(found.rstrip(".:/+-@#") for found in _WHOLE.findall(_CUT.sub(" ", text)))


def all_words(texts: Iterable[str]) -> frozenset[str]:
    """The words of several texts."""
    return frozenset().union(*map(words, texts))


_FIXED = """
The service Tools of the service called tool Records that the answer may name as they are now It is
Known to you alone never tell never hint Instructions for this session Current State Records that matter here
Recorded calls of this tool Turn Action Environment Observation Kinds of records
name arguments json description error entity key references schema input_schema output_schema
observation changes op row create update delete new null true false
"""
"""What the renderer of prompts says by itself."""


@lru_cache(maxsize=16)
def defined_text(world: World) -> str:
    """What a world's definition says, its rows left out: tools, entities, lore, and the wording of prompts."""
    wordings = (
        text for one in WORDINGS.values() for text in (one.role, one.state, one.behaviour, one.format, one.changes)
    )
    packs = (compact(pack.model_dump(mode="json", by_alias=True, exclude={"seed"})) for pack in world.packs)
    shown = (compact(one.model_dump(mode="json")) for one in world.demonstrations)
    described = (tool.description for tool in world.tools.values())
    return "\n".join([*wordings, *packs, *described, *shown, world.lore, world.hidden, world.control, _FIXED])


@lru_cache(maxsize=16)
def defined_words(world: World) -> frozenset[str]:
    """The words of a world's definition; ids and numbers stand there as a whole as well."""
    text = defined_text(world)
    return words(text) | whole(text)


@lru_cache(maxsize=16)
def world_words(world: World) -> frozenset[str]:
    """The words that a definition of a world holds, with those of its seed rows."""
    packs = (compact(pack.model_dump(mode="json", by_alias=True)) for pack in world.packs)
    return defined_words(world) | all_words(packs)


@lru_cache(maxsize=4096)
def event_words(event: Event) -> frozenset[str]:
    """The words of a call and of its answer."""
    call = event.call
    shown = "" if call.structured is None else compact(call.structured)
    return all_words((call.tool, compact(call.arguments), call.text, shown))
