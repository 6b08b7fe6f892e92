"""What tools refuse, and in which words, put into their effects as guards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mcp_sim.learn.openapi.api import Api
from mcp_sim.learn.openapi.recorded.conditions import Condition
from mcp_sim.learn.openapi.recorded.errors import in_words, said, shape
from mcp_sim.learn.openapi.recorded.history import Example
from mcp_sim.learn.openapi.recorded.malformed import Malformed
from schemas.rows import key_text

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
        elif text := own or _of_entity(api, step, by_entity):
            fresh += _refusing(step, *text)
        else:
            worded = in_words(absent[tool], step["missing"], 404, step["key"]) if absent.get(tool) else step["missing"]
            fresh.append({**step, "missing": worded})
    steps = fresh
    effect["steps"] = steps


def _of_entity(api: Api, step: dict[str, Any], by_entity: dict[str, list[Example]]) -> tuple[str, int] | None:
    """What other tools say where a row of this entity is not there, of the argument that this tool has for it."""
    found = said([_by_key(api, one) for one in by_entity.get(step["read"], [])])
    if found is None:
        return None
    return found[0].replace("{args.key}", f"{{{step['key']}}}"), found[1]


def _by_key(api: Api, example: Example) -> Example:
    """An example that is known by nothing but the key that is not there."""
    key = api.parameters(example.call.tool)[-1]
    return replace(example, arguments={"key": key_text(example.arguments.get(key))})


def refuse_malformed(api: Api, tool: str, malformed: Malformed) -> None:
    """Refuse first what is no id at all."""
    effect = api.tools[tool]["effect"]
    if guards := malformed.guards(api, tool):
        effect["steps"] = [*guards, *effect.get("steps", [])]
        api.note(f"/tools/{tool}/effect", effect["confidence"], f"ids of another make: {guards[0]['error']}")


def refuse_shared(api: Api, tool: str, shared: list[Condition]) -> None:
    """Refuse first what the service refuses wherever it is asked for."""
    effect, declared = api.tools[tool]["effect"], api.tools[tool]["input"]["properties"]
    for one in shared:
        if one.needs <= declared.keys():
            guard = {"require": one.source, "error": one.text, "status": one.status}
            effect["steps"] = [guard, *effect.get("steps", [])]
            api.note(f"/tools/{tool}/effect", effect["confidence"], f"{one.support} recorded errors: {one.source}")


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
