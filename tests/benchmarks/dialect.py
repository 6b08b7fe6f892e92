"""How a server wants to be asked for a list, and how it answers: the checks are the same, the words are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from tests.benchmarks.connection import Answer


@dataclass(frozen=True)
class Wanted:
    """What a list shall hold."""

    match: Mapping[str, str] = field(default_factory=dict)
    sort: str | None = None
    descending: bool = False
    page: int | None = None
    """Counted from 1; None for everything."""
    size: int = 10


class Dialect(Protocol):
    """The words of one server."""

    def query(self, wanted: Wanted) -> str:
        """The query string."""
        ...

    def items(self, answer: Answer) -> list[dict[str, Any]] | None:
        """The rows of this page, or None when it is no list."""
        ...

    def total(self, answer: Answer) -> int | None:
        """How many rows there are on all pages, or None when it does not say."""
        ...


class Described:
    """The words of `api.yaml`: `sort=-age&page=2&size=10`, answered with `{"items": [...], "total": 12}`."""

    def query(self, wanted: Wanted) -> str:
        """The query string."""
        words = dict(wanted.match)
        if wanted.sort:
            words["sort"] = f"-{wanted.sort}" if wanted.descending else wanted.sort
        if wanted.page:
            words |= {"page": str(wanted.page), "size": str(wanted.size)}
        return urlencode(words)

    def items(self, answer: Answer) -> list[dict[str, Any]] | None:
        """The rows."""
        return _rows(answer.json.get("items")) if isinstance(answer.json, dict) else None

    def total(self, answer: Answer) -> int | None:
        """The total."""
        found = answer.json.get("total") if isinstance(answer.json, dict) else None
        return found if isinstance(found, int) else None


@dataclass(frozen=True)
class Headed:
    """A bare array of rows, counted in a header; which words the query uses is up to the server."""

    equal: str
    sort: str
    order: str
    page: str
    size: str
    count: str

    def query(self, wanted: Wanted) -> str:
        """The query string."""
        words = {self.equal.format(name): value for name, value in wanted.match.items()}
        if wanted.sort:
            words |= {self.sort: wanted.sort, self.order: "desc" if wanted.descending else "asc"}
        if wanted.page:
            words |= {self.page: str(wanted.page), self.size: str(wanted.size)}
        return urlencode(words)

    def items(self, answer: Answer) -> list[dict[str, Any]] | None:
        """The rows."""
        return _rows(answer.json)

    def total(self, answer: Answer) -> int | None:
        """The total."""
        found = answer.headers.get(self.count, "")
        return int(found) if found.isdecimal() else None


def _rows(found: Any) -> list[dict[str, Any]] | None:
    return found if isinstance(found, list) and all(isinstance(row, dict) for row in found) else None
