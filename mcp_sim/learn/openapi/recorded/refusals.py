"""What tools refuse, and in which words, put into their effects as guards."""

from __future__ import annotations

import re
from typing import Any

from mcp_sim.learn.openapi.api import Api
from mcp_sim.learn.openapi.recorded.conditions import Condition
from mcp_sim.learn.openapi.recorded.errors import in_words, said, shape
from mcp_sim.learn.openapi.recorded.history import Example

_LEAST = 2


def is_missing(example: Example) -> bool:
    """Whether an error may tell that something in the path is not there."""
    return example.call.is_error and bool(example.unknown) and 400 <= example.status < 500


def learn_guards(
    api: Api, tool: str, of: list[Example], by_entity: dict[str, list[Example]], absent: dict[str, Any]
) -> None:
    """What is said where a row is not there; nothing, where the service takes keys that nobody has seen."""
    effect = api.tools[tool]["effect"]
    missing = [one for one in of if is_missing(one)]
    taken = [one for one in of if not one.call.is_error and one.unknown]
    steps: list[Any] = effect.get("steps", [])
    if len(taken) > len(missing):
        steps = [step for step in steps if not str(step.get("as", "")).startswith("above_")]
        api.note(f"/tools/{tool}/effect", effect["confidence"], "it takes keys that no answer has shown")
    own = said(missing)
    fresh: list[Any] = []
    for step in steps:
        if not step.get("missing") or step.get("optional"):
            fresh.append(step)
        elif text := own or _of_entity(api, tool, step, by_entity):
            fresh += _refusing(step, *text)
        else:
            worded = in_words(absent[tool], step["missing"], 404) if absent.get(tool) else step["missing"]
            fresh.append({**step, "missing": worded})
    steps = fresh
    effect["steps"] = steps


def _of_entity(
    api: Api, tool: str, step: dict[str, Any], by_entity: dict[str, list[Example]]
) -> tuple[str, int] | None:
    """What other tools say where a row of this entity is not there, of the argument that this tool has for it."""
    others = by_entity.get(step["read"], [])
    found = said(others)
    if found is None:
        return None
    text, status = found
    for name in api.parameters(others[0].call.tool):
        text = text.replace(f"{{args.{name}}}", f"{{{step['key']}}}")
    return (text, status) if _speaks_alike(api, text, tool) else None


def refuse_shared(api: Api, tool: str, shared: list[Condition]) -> None:
    """Refuse first what the service refuses wherever it is asked for."""
    effect, declared = api.tools[tool]["effect"], api.tools[tool]["input"]["properties"]
    for one in shared:
        if one.needs <= declared.keys():
            guard = {"require": one.source, "error": one.text, "status": one.status}
            effect["steps"] = [guard, *effect.get("steps", [])]
            api.note(f"/tools/{tool}/effect", effect["confidence"], f"{one.support} recorded errors: {one.source}")


def _speaks_alike(api: Api, text: str, tool: str) -> bool:
    """Whether a text speaks of no argument that this tool lacks."""
    spoken = re.findall(r"\bargs(?:\.|, ')(\w+)", text)
    return all(name in api.tools[tool]["input"]["properties"] for name in spoken)


def _refusing(step: dict[str, Any], text: str, status: int) -> list[dict[str, Any]]:
    """A read whose failure is told so."""
    if status == 404:
        return [{**step, "missing": text}]
    name = step.get("as", step["read"])
    plain = {word: part for word, part in step.items() if word != "missing"}
    return [{**plain, "optional": True}, {"require": f"{name} is not None", "error": text, "status": status}]


def learn_refusal(api: Api, tool: str, of: list[Example]) -> None:
    """A tool that refuses every call in the same words refuses."""
    effect = api.tools[tool]["effect"]
    told = said(of)
    if len(of) >= _LEAST and told and not any(one.unknown for one in of) and len({shape(one) for one in of}) == 1:
        effect["steps"] = [{"require": "False", "error": told[0], "status": told[1]}, *effect.get("steps", [])]
        api.note(f"/tools/{tool}/effect", effect["confidence"], f"all {len(of)} recorded calls were refused so")
