"""A learned twin as a folder: a pack that people read and change, and what is known of how it came about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

import orjson
import yaml

from mcp_sim.errors import SetupError
from mcp_sim.learn.report import html
from mcp_sim.learn.twin import Learned

OVERRIDES = "overrides.json"
_LARGE = 2**20
"""Bytes of JSON from which on a section is no longer written as YAML."""


def write(learned: Learned, folder: Path) -> dict[str, Any]:
    """Write the pack; what `overrides.json` in the folder says wins, and stays.

    Returns: the pack as it was written.

    Raises:
        SetupError: the overrides are no JSON object.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = overridden(learned.pack, _overrides(folder / OVERRIDES))
    head = {name: document[name] for name in ("name", "title", "description") if document.get(name)}
    files = [_part(folder, section, document, learned.facts) for section in ("entities", "tools")]
    _yaml(folder / "pack.yaml", {**head, "include": [*files, "seed.json"]})
    (folder / "seed.json").write_bytes(orjson.dumps({"seed": document.get("seed") or {}}))
    (folder / "report.json").write_bytes(orjson.dumps(learned.facts, option=orjson.OPT_INDENT_2))
    (folder / "report.html").write_text(html(document["name"], learned.facts), encoding="utf-8")
    return document


def overridden(document: Any, changes: Any) -> Any:
    """A document with changes laid over it: objects are merged, null takes a field away, all else is replaced."""
    if not isinstance(document, dict) or not isinstance(changes, dict):
        return changes
    merged = dict(document)
    for name, change in changes.items():
        if change is None:
            merged.pop(name, None)
        else:
            merged[name] = overridden(merged.get(name, {}), change)
    return merged


def _overrides(path: Path) -> dict[str, Any]:
    if not path.exists():
        path.write_text("{}\n", encoding="utf-8")
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SetupError(f"{path}: not JSON: {error}") from None
    if not isinstance(found, dict):
        raise SetupError(f"{path}: overrides are an object like the pack, e.g. {{'tools': {{...}}}}")
    return found


def _part(folder: Path, section: str, document: dict[str, Any], facts: dict[str, Any]) -> str:
    """Write one section; JSON where it is large, because reading much YAML takes longer than anything else."""
    parts: dict[str, Any] = document.get(section) or {}
    text = orjson.dumps({section: parts}, option=orjson.OPT_INDENT_2)
    name, other = f"{section}.yaml", f"{section}.json"
    if len(text) > _LARGE:
        name, other = other, name
        (folder / name).write_bytes(text + b"\n")
    elif parts:
        told = _of_entity if section == "entities" else _of_tool
        known = facts.get("tables" if section == "entities" else "tools", {})
        lines = [f"{section}:\n"]
        for part, content in parts.items():
            lines += [f"  # {_line(said)}\n" for said in (told(known[part]) if part in known else ())]
            lines.append(indent(_as_yaml({part: content}), "  "))
        (folder / name).write_text("".join(lines), encoding="utf-8")
    else:
        _yaml(folder / name, {section: {}})
    (folder / other).unlink(missing_ok=True)
    return name


def _of_entity(known: dict[str, Any]) -> Iterator[str]:
    """What speaks for the key and the references of an entity."""
    yield f"{known['rows']:,} rows; key {known['key']}: {known['key_is']}"
    for path, one in known["references"].items():
        enforced = "enforced" if one["enforced"] else f"not enforced: {one['why_not']}"
        yield f"{path} -> {one['to']}, {one['confidence']:.2f}: {one['why']}; {enforced}"


def _of_tool(known: dict[str, Any]) -> Iterator[str]:
    """How well a tool is known."""
    held_out = known["held_out"]
    if held_out["of"]:
        yield f"learned from {known['calls']:,} calls; {held_out['right']:,} of {held_out['of']:,} held out are exact"
    elif known["calls"]:
        yield f"learned from {known['calls']:,} calls; none could be held out"
    if known["doubt"]:
        yield f"not used: {known['doubt']}"
    for one in known["unexplained"]:
        yield f"no condition found for {one['times']:,} times {one['text'][:100]!r}"
    for one in known["undecided"]:
        yield f"{one['row']}.{one['field']} changes {one['times']:,} times, and it is not clear how"


def _line(text: str) -> str:
    """A text as one line that may stand in a comment."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


class _Dumper(yaml.SafeDumper):
    """Plain YAML without anchors."""

    def ignore_aliases(self, _: Any) -> bool:
        """None: what stands twice is written twice."""
        return True


def _yaml(path: Path, document: dict[str, Any]) -> None:
    path.write_text(_as_yaml(document), encoding="utf-8")


def _as_yaml(document: dict[str, Any]) -> str:
    return str(yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110))
