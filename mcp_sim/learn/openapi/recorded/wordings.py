"""How every tool words its errors: as it was recorded, or as those nearest to it by their path."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from mcp_sim.learn.openapi.api import Api
from mcp_sim.learn.openapi.recorded.errors import keyless, wording
from mcp_sim.learn.openapi.recorded.history import Example
from schemas.validate import validator


def word_errors(api: Api, examples: dict[str, list[Example]]) -> dict[str, Any]:
    """The wording of errors and the status of arguments that are not valid, put into every tool.

    Gives, by tool, how it is said that something is not there.
    """
    near, invalid = Near(api), Counter[int]()
    for tool, of in examples.items():
        failed = [one for one in of if one.call.is_error and one.status < 500]
        near.add(tool, failed)
        check = validator(api.tools[tool]["input"])
        invalid.update(one.status for one in failed if not one.unknown and not check.holds(one.arguments))
    absent: dict[str, Any] = {}
    for tool, one in api.tools.items():
        http, failed = one["effect"].get("http"), near.to(tool)
        absent[tool] = wording([keyless(one) for one in failed if one.status == 404], keep=True)
        if http is not None and (found := wording(failed)):
            http["error"] = found
        if http is not None and invalid and (status := invalid.most_common(1)[0][0]) != 400:
            http["invalid"] = status
    return absent


class Near:
    """Errors by the paths that they were seen at."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._found: dict[tuple[str, ...], list[Example]] = defaultdict(list)

    def add(self, tool: str, failed: list[Example]) -> None:
        """Keep the errors of a tool."""
        for prefix in self._prefixes(tool):
            self._found[prefix] += failed

    def to(self, tool: str) -> list[Example]:
        """The errors of the tool itself, or of those nearest to its path."""
        return next((self._found[prefix] for prefix in self._prefixes(tool) if self._found.get(prefix)), [])

    def _prefixes(self, tool: str) -> list[tuple[str, ...]]:
        http = self._api.tools[tool]["effect"].get("http") or {}
        parts = tuple(part for part in str(http.get("path", "")).split("/") if part and part[0] != "{")
        return [(tool, "!"), *(parts[:n] for n in range(len(parts), -1, -1))]
