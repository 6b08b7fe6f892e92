"""A spec, and the initial rows of its service, as a twin with its report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from mcp_sim.learn.facts import unrecorded
from mcp_sim.learn.openapi.api import Api
from mcp_sim.learn.openapi.recorded import learn_recorded
from mcp_sim.learn.openapi.seeds import fitting, seed_of
from mcp_sim.learn.support import Support
from mcp_sim.learn.twin import Learned
from schemas.check import check_pack
from schemas.recorded import RecordedCall
from schemas.rows import key_text
from schemas.types import Pack, Row

Tell = Callable[[str], None]


def learn_api(name: str, api: Api, data: Mapping[str, Any], tell: Tell, calls: Sequence[RecordedCall] = ()) -> Learned:
    """The twin of an API, from its spec, initial rows and recorded calls; `tell` hears of rows that fit nowhere."""
    told = list(api.told)

    def heard(message: str) -> None:
        told.append(message)
        tell(message)

    seed = seed_of(api, data, heard)
    if calls:
        before = deepcopy(api.tools)
        shown = learn_recorded(api, calls)
        _restore(api, before, heard)
        seed = fitting(api, _joined(api, seed, shown), heard)
        strange = sorted({call.tool for call in calls} - api.tools.keys())
        if strange:
            heard(f"{len(strange)} recorded tools are no operation of the spec, e.g. '{strange[0]}'; left out")
    return Learned({**api.pack(name), "seed": seed}, facts(api, seed, told, len(calls)))


def _restore(api: Api, before: dict[str, Any], heard: Tell) -> None:
    """Take back what was learned of a tool where it is no effect."""
    for at, message in check_pack(Pack.model_validate(api.pack("draft"))):
        if at[0] == "tools" and str(at[1]) in before:
            heard(f"what was learned of {at[1]} does not hold ({message}); it stays as the spec has it")
            api.tools[str(at[1])] = before.pop(str(at[1]))


def _joined(api: Api, data: dict[str, list[Row]], shown: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Rows of the data, and those that recorded answers show of others."""
    joined = {entity: list(rows) for entity, rows in data.items()}
    for entity, rows in shown.items():
        key = api.entities[entity]["key"]
        known = {key_text(row[key]) for row in joined.get(entity, ()) if row.get(key) is not None}
        joined.setdefault(entity, []).extend(row for row in rows if key_text(row[key]) not in known)
    return joined


def facts(api: Api, seed: Mapping[str, list[Any]], told: list[str], calls: int) -> dict[str, Any]:
    """What is tracked, what is guessed and what is missing, as the report of a twin has it."""
    return {
        "calls": calls,
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
