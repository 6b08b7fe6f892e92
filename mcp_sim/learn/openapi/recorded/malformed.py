"""Ids that are none: what a service says of those in its paths that are not made like any of its own."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.openapi.api import Api
from mcp_sim.learn.openapi.recorded.errors import said
from mcp_sim.learn.openapi.recorded.history import Example
from schemas.rows import key_text

_UUID = 36
_SHORTEST = 8
"""Letters of an id from which on its length says that it is one."""


@dataclass
class Malformed:
    """What is said of ids of another make, by the name of the parameter, of all tools together.

    Attributes:
        lengths: of the ids that are taken, or that are only not there.
        refused: the examples that were refused for the make of an id.
    """

    lengths: dict[str, int] = field(default_factory=dict)
    refused: dict[str, list[Example]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, api: Api, examples: dict[str, list[Example]]) -> Malformed:
        """What these examples show."""
        found = cls()
        whole: dict[str, set[int]] = defaultdict(set)
        others: dict[str, list[Example]] = defaultdict(list)
        for tool, of in examples.items():
            for one in of:
                for name in api.parameters(tool):
                    if name not in one.arguments:
                        continue
                    if not one.call.is_error or one.status in (404, 409, 410):
                        whole[name].add(len(key_text(one.arguments[name])))
                    elif name in one.unknown and one.status in (400, 422):
                        others[name].append(one)
        for name, of in others.items():
            is_uuid = any(_is_declared(api, one, name) or re.search("uuid", one.call.text, re.I) for one in of)
            lengths = whole[name] or ({_UUID} if is_uuid else set())
            if len(lengths) == 1 and (length := min(lengths)) >= _SHORTEST:
                odd = [one for one in of if len(key_text(one.arguments[name])) != length]
                if odd:
                    found.lengths[name], found.refused[name] = length, odd
        return found

    def knows(self, example: Example) -> bool:
        """Whether an example was refused for the make of an id."""
        return any(example is one for of in self.refused.values() for one in of)

    def guards(self, api: Api, tool: str) -> list[dict[str, Any]]:
        """What refuses such ids in the path of a tool, in its own words or in those of others."""
        found = []
        for name in api.parameters(tool):
            of = self.refused.get(name, [])
            told = said([one for one in of if one.call.tool == tool] or of)
            if told is not None and name.isidentifier():
                made = f"len(str(args.{name})) == {self.lengths[name]}"
                found.append({"require": made, "error": told[0], "status": told[1]})
        return found


def _is_declared(api: Api, example: Example, name: str) -> bool:
    declared = api.tools[example.call.tool]["input"]["properties"]
    return bool(declared.get(name, {}).get("format") == "uuid")
