"""A spec, and the initial rows of its service, as a twin with its report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mcp_sim.learn.evidence import Support
from mcp_sim.learn.facts import unrecorded
from mcp_sim.learn.openapi.api import Api
from mcp_sim.learn.openapi.seeds import seed_of
from mcp_sim.learn.twin import Learned

Tell = Callable[[str], None]


def learn_api(name: str, api: Api, data: Mapping[str, Any], tell: Tell) -> Learned:
    """The twin of an API: `tell` hears of rows that fit nowhere."""
    told = list(api.told)

    def heard(message: str) -> None:
        told.append(message)
        tell(message)

    seed = seed_of(api, data, heard)
    return Learned({**api.pack(name), "seed": seed}, facts(api, seed, told))


def facts(api: Api, seed: Mapping[str, list[Any]], told: list[str]) -> dict[str, Any]:
    """What is tracked, what is guessed and what is missing, as the report of a twin has it."""
    return {
        "calls": 0,
        "judged": Support().facts(),
        "tables": {
            entity: {
                "rows": len(seed.get(entity, ())),
                "key": one["key"],
                "key_is": "the parameter of its path",
                "fields": len(one["schema"]["properties"]),
                "references": dict(_references(api, entity, one["references"])),
            }
            for entity, one in api.entities.items()
        },
        "tools": {tool: unrecorded(*_known(api, tool)) for tool in api.tools if tool not in api.undecided},
        "not_called": list(api.undecided),
        "left_out": [],
        "evidence": [{"item": one.item, "confidence": one.confidence, "why": one.why} for one in api.evidence],
        "undecided": list(api.undecided),
        "told": told,
    }


def _known(api: Api, tool: str) -> tuple[float, str]:
    """How sure the effect of a tool is, and what speaks for it."""
    item = f"/tools/{tool}/effect"
    why = next((one.why for one in reversed(api.evidence) if one.item == item), "")
    return api.tools[tool]["effect"]["confidence"], why


def _references(api: Api, entity: str, enforced: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    start = f"/entities/{entity}/references/"
    for one in api.evidence:
        if one.item.startswith(start):
            path = one.item.removeprefix(start)
            why, _, to = one.why.rpartition(": ")
            kept = path in enforced
            not_kept = "" if kept else "no operation makes the rows that it names, or it is not sure enough"
            yield path, {"to": to, "confidence": one.confidence, "why": why, "enforced": kept, "why_not": not_kept}
