"""A library of three books, as the real service and as twins that differ from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from mcp_sim.bench import Bench, Result
from schemas.recorded import RecordedCall
from schemas.types import World

BOOK: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["isbn", "title", "lent_to"],
    "properties": {
        "isbn": {"type": "string"},
        "title": {"type": "string"},
        "lent_to": {"type": ["string", "null"]},
        "reader_id": {"type": ["string", "null"]},
    },
}
READER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "name"],
    "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
}


def tool(effect: Any, *arguments: str) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in arguments}
    return {"input": {"type": "object", "properties": properties, "required": list(arguments)}, "effect": effect}


GET = {"steps": [{"read": "book", "key": "args.isbn", "missing": "no book {args.isbn}"}], "returns": "{book}"}
LEND = {
    "steps": [
        {"read": "book", "key": "args.isbn", "missing": "no book {args.isbn}"},
        {"require": "not book.lent_to", "error": "lent to {book.lent_to}"},
        {"update": "book", "key": "args.isbn", "set": {"lent_to": "{args.to}"}},
    ],
    "returns": "{book}",
}
ADD = {"steps": [{"create": "book", "values": {"title": "{args.title}"}}], "returns": "{book}"}


@pytest.fixture
def twin() -> Callable[..., World]:
    """A twin of the library; tools given replace its own, None leaves one out."""

    def make(**tools: Any) -> World:
        own = {
            "get_book": tool(GET, "isbn"),
            "lend": tool(LEND, "isbn", "to"),
            "add_book": tool(ADD, "title"),
            **tools,
        }
        pack = {
            "name": "library",
            "entities": {
                "book": {
                    "key": "isbn",
                    "id": "B-{n}",
                    "schema": BOOK,
                    "references": {"reader_id": {"to": "reader"}},
                },
                "reader": {"schema": READER},
            },
            "tools": {name: given for name, given in own.items() if given is not None},
            "seed": {"book": [book(f"B-{n}", title) for n, title in enumerate(("Dune", "Emma", "Ulysses"), 1)]},
        }
        return World.model_validate({"name": "library", "packs": [pack]})

    return make


def book(isbn: str, title: str, lent_to: str | None = None, reader_id: str | None = None) -> dict[str, Any]:
    return {"isbn": isbn, "title": title, "lent_to": lent_to, "reader_id": reader_id}


class Recording:
    """Calls with the answers that the real service gave, in one trajectory after another."""

    def __init__(self) -> None:
        self.calls: list[RecordedCall] = []
        self.trajectory = "1"

    def add(
        self, tool: str, answer: Any, *, is_error: bool = False, kind: Any = "unknown", **arguments: Any
    ) -> Recording:
        text = answer if isinstance(answer, str) else orjson.dumps(answer).decode()
        n = sum(call.trajectory == self.trajectory for call in self.calls)
        self.calls.append(RecordedCall(self.trajectory, n, tool, arguments, text, is_error, kind=kind))
        return self

    def then(self) -> Recording:
        """Another trajectory, from the initial rows on."""
        self.trajectory = str(int(self.trajectory) + 1)
        return self

    def on(self, world: World, trained_on: list[RecordedCall] | None = None) -> Result:
        return asyncio.run(Bench(world, self.calls, trained_on).run())


@pytest.fixture
def recording() -> Recording:
    return Recording()
