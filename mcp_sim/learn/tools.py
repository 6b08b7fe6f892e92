"""Lists of MCP tools, read from files; a definition that breaks a rule is set aside, and the rule is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from mcp_sim.learn.dialects import standard
from schemas.definitions import HINTS, INPUTS, OUTPUTS
from schemas.types import TOOL_NAME, Annotations, Tool
from schemas.validate import SchemaError, validator
from store.traces.importers.lines import chunks

UNKNOWN: dict[str, Any] = {"type": "object"}
"""The schema of what is not declared."""
_MOST = 64 * 2**20


@dataclass(frozen=True, slots=True)
class SetAside:
    """A definition that cannot be used: its name as far as it has one, where it stands, and the rule that it breaks."""

    name: str
    where: str
    rule: str

    def __str__(self) -> str:
        return f"{self.where}: tool '{self.name[:80]}' is set aside: {self.rule}"


@dataclass(slots=True)
class ToolList:
    """What a list of tools holds.

    Attributes:
        tools: those that can be used; a tool without a declared answer answers with any object.
        set_aside: the others.
        undeclared: names of the tools whose answer is not declared.
    """

    tools: list[Tool] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    undeclared: set[str] = field(default_factory=set)

    def take(self, definition: Any, where: str, taken: set[tuple[str, ...]]) -> None:
        """Take in one definition; `taken` holds the names of those before it, each with its server."""
        name = definition.get("name") if isinstance(definition, dict) else None
        try:
            tool, is_declared = tool_of(definition)
        except Unusable as error:
            self.set_aside.append(SetAside(name if isinstance(name, str) else "", where, str(error)))
            return
        at = str(definition.get("source", "")), str(definition.get("server", "")), tool.name
        if at in taken:
            self.set_aside.append(SetAside(tool.name, where, "a name stands once in a list; this one stands before"))
            return
        taken.add(at)
        self.tools.append(tool)
        if not is_declared:
            self.undeclared.add(tool.name)


class Unusable(ValueError):
    """A definition that breaks a rule; the text is the rule."""


def read_tools(path: Path) -> ToolList:
    """The tools of a file: a `tools/list` answer, a list of definitions, or one definition per line; packed or not.

    Raises:
        OSError: the file is not there or cannot be read.
        ValueError: it holds no definitions at all.
    """
    found, taken = ToolList(), set[tuple[str, ...]]()
    for where, definition in _definitions(path):
        found.take(definition, where, taken)
    if not found.tools and not found.set_aside:
        raise ValueError(f"{path}: no definition of a tool is in it: neither a list of tools nor one of them per line")
    return found


def tools_of(definitions: Iterable[Any], where: str) -> ToolList:
    """The tools among definitions that came from a live server or a capture, which `where` names."""
    found, taken = ToolList(), set[tuple[str, ...]]()
    for number, definition in enumerate(definitions, 1):
        found.take(definition, f"{where}, tool {number}", taken)
    return found


def tool_of(definition: Any) -> tuple[Tool, bool]:
    """The tool of one definition, and whether it declares its answer.

    Raises:
        Unusable: it breaks a rule of MCP or of JSON Schema.
    """
    if not isinstance(definition, dict):
        raise Unusable("a definition is a JSON object")
    name = definition.get("name")
    if not isinstance(name, str) or not re.fullmatch(TOOL_NAME, name):
        raise Unusable("the name of a tool is 1 to 128 letters, digits, '_', '.' or '-'")
    inputs = _schema(definition, INPUTS, "input")
    if inputs.setdefault("type", "object") != "object":
        raise Unusable(f"the root of an input schema is `type: object`, not {orjson.dumps(inputs['type']).decode()}")
    output = _schema(definition, OUTPUTS, "output") if any(definition.get(word) for word in OUTPUTS) else None
    hints = definition.get("annotations")
    hints = hints if isinstance(hints, dict) else {}
    title = definition.get("title") or hints.get("title")
    said = {word: hints[hint] for word, hint in HINTS.items() if isinstance(hints.get(hint), bool)}
    try:
        tool = Tool(
            name=name,
            title=title if isinstance(title, str) else None,
            description=str(definition.get("description") or ""),
            input_schema=inputs,
            output_schema=UNKNOWN if output is None else output,
            annotations=Annotations(**said),
        )
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise Unusable(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None
    return tool, output is not None


def _schema(definition: dict[str, Any], words: tuple[str, ...], which: str) -> dict[str, Any]:
    given: Any = next((definition[word] for word in words if definition.get(word) is not None), {})
    if not isinstance(given, dict):
        raise Unusable(f"an {which} schema is a JSON object, not {type(given).__name__}")
    try:
        schema: dict[str, Any] = standard(given)
        validator(schema)
    except SchemaError as error:
        raise Unusable(f"the {which} schema is no JSON Schema: {error}") from None
    except (TypeError, RecursionError):
        raise Unusable(f"the {which} schema is nested too deeply, or holds what is no JSON") from None
    return dict(schema)


def _definitions(path: Path) -> Iterator[tuple[str, Any]]:
    """(where, definition) for every definition of a file."""
    told: list[str] = []
    text = b""
    for piece in chunks(path, lambda complaint: told.append(complaint.message)):
        text += piece
        if len(text) > _MOST:
            raise ValueError(f"{path}: larger than {_MOST // 2**20} MiB")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        yield from _per_line(path, text)
        return
    for number, definition in enumerate(_listed(document), 1):
        yield f"{path}, tool {number}", definition


def _per_line(path: Path, text: bytes) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split(b"\n"), 1):
        if line.strip():
            try:
                yield f"{path}:{number}", orjson.loads(line)
            except orjson.JSONDecodeError:
                yield f"{path}:{number}", None


def _listed(document: Any) -> list[Any]:
    """The definitions of a document: itself a list, or an answer that holds one."""
    if isinstance(document, dict) and isinstance(document.get("result"), dict):
        document = document["result"]
    if isinstance(document, dict) and "tools" in document:
        document = document["tools"]
    if isinstance(document, dict):
        document = [document] if "name" in document else []
    return document if isinstance(document, list) else []
