"""The tools of a registry as one protocol era may see them: fixed, paged, and none that would break the list."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from hashlib import sha256
from weakref import WeakKeyDictionary

from mcp.shared.inbound import find_invalid_x_mcp_header, x_mcp_header_map
from mcp_types import ListToolsResult
from mcp_types import Tool as ListedTool
from mcp_types.methods import serialize_server_result
from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION
from pydantic import ValidationError

from mcp_sim.registry import Registry
from mcp_sim.server import era
from mcp_sim.server.hints import hints
from schemas.marks import unmarked
from schemas.types import Tool

PAGE = 50
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Catalog:
    """What tools/list answers, and what a call must know about its tool.

    Attributes:
        pages: the pages by cursor; None asks for the first.
        quarantined: the tools left out, each with the reason.
        wrapped: the tools whose answers travel as `{"result": answer}`.
        mirrored: the tools with arguments that clients repeat in `Mcp-Param-*` headers.
    """

    pages: dict[str | None, ListToolsResult]
    quarantined: dict[str, str]
    wrapped: frozenset[str]
    mirrored: frozenset[str]


_catalogs: WeakKeyDictionary[Registry, dict[bool, Catalog]] = WeakKeyDictionary()


def catalog(registry: Registry, *, modern: bool) -> Catalog:
    """The catalog of a registry for one era, made once."""
    eras = _catalogs.setdefault(registry, {})
    if modern not in eras:
        eras[modern] = _catalog(registry, modern)
    return eras[modern]


def quarantined(registry: Registry) -> dict[str, str]:
    """The tools that some clients never see, each with the reason."""
    return {**catalog(registry, modern=False).quarantined, **catalog(registry, modern=True).quarantined}


def _catalog(registry: Registry, modern: bool) -> Catalog:
    cards = {name: _card(compiled.tool, modern) for name, compiled in registry.tools.items()}
    faults = {name: fault for name, card in cards.items() if (fault := _fault(card, modern)) is not None}
    for name, fault in faults.items():
        log.warning("Tool %r of world %r is left out of tools/list: %s", name, registry.world.name, fault)
    sound = {name: card for name, card in cards.items() if name not in faults}
    return Catalog(
        pages=_pages(list(sound.values()), registry.world.fingerprint),
        quarantined=faults,
        wrapped=frozenset(n for n, t in registry.tools.items() if not modern and era.is_wrapped(t.tool.output_schema)),
        mirrored=frozenset(n for n, card in sound.items() if modern and x_mcp_header_map(card.input_schema)),
    )


def _card(tool: Tool, modern: bool) -> ListedTool:
    output_schema = unmarked(tool.output_schema)
    if output_schema is not None and not modern and era.is_wrapped(output_schema):
        output_schema = era.wrapped(output_schema)
    return ListedTool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=era.rooted(unmarked(tool.input_schema)),
        output_schema=output_schema,
        annotations=hints(tool),
    )


def _fault(card: ListedTool, modern: bool) -> str | None:
    """Why the SDK, or any conforming client, would refuse a list with this tool in it."""
    version = LATEST_MODERN_VERSION if modern else LATEST_HANDSHAKE_VERSION
    alone = ListToolsResult(tools=[card]).model_dump(by_alias=True, mode="json", exclude_none=True)
    try:
        serialize_server_result("tools/list", version, alone)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][2:])
        return f"{place}: {first['msg'].lower()} (clients of protocol version {version})"
    return find_invalid_x_mcp_header(card.input_schema)


def _pages(cards: list[ListedTool], fingerprint: str) -> dict[str | None, ListToolsResult]:
    starts = range(0, max(len(cards), 1), PAGE)
    cursors = [_cursor(fingerprint, start) if start else None for start in starts]
    following = [*cursors[1:], None]
    return {
        cursor: ListToolsResult(tools=cards[start : start + PAGE], next_cursor=after)
        for cursor, start, after in zip(cursors, starts, following, strict=True)
    }


def _cursor(fingerprint: str, start: int) -> str:
    """A token that means nothing in any other world."""
    return sha256(f"{fingerprint} {start}".encode()).hexdigest()[:16]
