"""A spec, and the initial rows of its service, as a twin with its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
        "tables": {
            entity: {
                "rows": len(seed.get(entity, ())),
                "key": one["key"],
                "references": {path: reference["to"] for path, reference in one["references"].items()},
            }
            for entity, one in api.entities.items()
        },
        "tools": {tool: _tool(api, tool) for tool in api.tools},
        "left_out": [],
        "evidence": [{"item": one.item, "confidence": one.confidence, "why": one.why} for one in api.evidence],
        "undecided": list(api.undecided),
        "told": told,
    }


def _tool(api: Api, tool: str) -> dict[str, Any]:
    effect = api.tools[tool]["effect"]
    why = next((one.why for one in reversed(api.evidence) if one.item == f"/tools/{tool}/effect"), None)
    return {
        "calls": 0,
        "errors": 0,
        "explained": 0,
        "answer": None if tool in api.undecided else {"expression": why, "support": 0, "of": 0, "rivals": 0},
        "guards": [],
        "changes": [],
        "silent": None,
        "undecided": {},
        "unexplained": {},
        "confidence": effect["confidence"],
    }
