"""Changes to the form of an answer: another format, one that breaks the schema, one that is cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import orjson
import yaml

from mcp_sim.perturb.changes.answer import Answer, Scene
from mcp_sim.perturb.places import Place, at, put
from schemas.perturbations import Format, Malform, Truncate
from schemas.validate import pointer


def reformat(answer: Answer, spec: Format, _scene: Scene) -> dict[str, Any] | None:
    """The same content, in another form."""
    if not answer.speaks_json:
        return None
    before = answer.text
    match spec.as_:
        case "envelope":
            answer.say({"status": "ok", "data": answer.content})
        case "camel-case":
            answer.say(_with_names(answer.content, _camel))
        case "strings":
            answer.say(_as_strings(answer.content))
        case "encoded":
            answer.say(answer.text)
        case "yaml":
            answer.spell(yaml.safe_dump(answer.content, sort_keys=False, allow_unicode=True), "application/yaml")
        case "xml":
            answer.spell(ElementTree.tostring(_xml("response", answer.content), encoding="unicode"), "application/xml")
        case "html":
            page = f"<!DOCTYPE html><html><body><pre>{_escaped(answer.text)}</pre></body></html>"
            answer.spell(page, "text/html")
    return None if answer.text == before else {"as": spec.as_}


def malform(answer: Answer, spec: Malform, scene: Scene) -> dict[str, Any] | None:
    """The answer breaks its output schema in one place."""
    output = scene.tool.output
    if output is None:
        return None
    ways = [(place, how) for place in _fields(answer.content, ()) for how in ("missing", "type")]
    for way in scene.order("way", len(ways)):
        place, how = ways[way]
        if spec.how in (None, how):
            broken = _broken(answer.content, place, how)
            if not output.holds(broken):
                answer.say(broken)
                return {"pointer": pointer(place), "how": how}
    return None


def truncate(answer: Answer, spec: Truncate, _scene: Scene) -> dict[str, Any] | None:
    """The text is cut off."""
    whole = len(answer.text)
    if not whole:
        return None
    kept = min(int(whole * spec.keep), whole - 1)
    plain = "application/json" if answer.speaks_json else "text/plain"
    answer.spell(answer.text[:kept], answer.media_type or plain)
    return {"kept": kept, "of": whole}


def _with_names(content: Any, name_of: Callable[[str], str]) -> Any:
    if isinstance(content, list):
        return [_with_names(part, name_of) for part in content]
    if isinstance(content, dict):
        return {name_of(name): _with_names(part, name_of) for name, part in content.items()}
    return content


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in tail)


def _as_strings(content: Any) -> Any:
    if isinstance(content, list):
        return [_as_strings(part) for part in content]
    if isinstance(content, dict):
        return {name: _as_strings(part) for name, part in content.items()}
    return orjson.dumps(content).decode() if isinstance(content, bool | int | float) else content


def _xml(name: str, content: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(content, dict):
        element.extend([_xml(_tag(part), value) for part, value in content.items()])
    elif isinstance(content, list):
        element.extend([_xml("item", value) for value in content])
    elif content is not None:
        text = content if isinstance(content, str) else orjson.dumps(content).decode()
        element.text = "".join(sign for sign in text if sign in "\t\n\r" or sign >= " ")
    return element


def _tag(name: str) -> str:
    sound = "".join(sign if sign.isalnum() or sign in "-_." else "_" for sign in name)
    return sound if sound[:1].isalpha() else f"_{sound}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fields(content: Any, so_far: Place, depth: int = 3) -> Iterator[Place]:
    """The fields of the objects in an answer, of the first few items of its lists."""
    if depth == 0:
        return
    if isinstance(content, list):
        for index, part in enumerate(content[:5]):
            yield from _fields(part, (*so_far, index), depth)
    elif isinstance(content, dict):
        for name, part in content.items():
            yield (*so_far, name)
            yield from _fields(part, (*so_far, name), depth - 1)


def _broken(content: Any, place: Place, how: str) -> Any:
    if how == "missing":
        parent = at(content, place[:-1])
        return put(content, place[:-1], {name: part for name, part in parent.items() if name != place[-1]})
    return put(content, place, _of_another_type(at(content, place)))


def _of_another_type(value: Any) -> Any:
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"about {value}"
        case str():
            return {"value": value}
        case list():
            return {"items": value}
        case dict():
            return [value]
    return 0
