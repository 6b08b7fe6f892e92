"""Recordings of a lending library that there is not: a stateful service in plain Python, and runs of chance on it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import orjson

TOOLS = [
    {
        "name": "get_book",
        "description": "One book by its id.",
        "inputSchema": {
            "type": "object",
            "properties": {"book_id": {"type": "string"}},
            "required": ["book_id"],
        },
    },
    {
        "name": "lend_book",
        "description": "Lend a book to a reader.",
        "inputSchema": {
            "type": "object",
            "properties": {"book_id": {"type": "string"}, "reader": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["book_id", "reader"],
        },
    },
    {
        "name": "add_book",
        "description": "Add a book to the shelves.",
        "inputSchema": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
    },
    {
        "name": "list_books",
        "description": "Every book.",
        "inputSchema": {"type": "object", "properties": {"limit": {"type": "integer"}}},
    },
]
_TITLES = ("The Lamp", "Salt and Rope", "Winter Harbour", "A Field of Bells", "The Clockmaker", "Low Tide")
_READERS = ("ines", "karl", "odile", "wanda")


class Library:
    """Books that are lent; what it answers follows from the calls alone."""

    def __init__(self, number: int) -> None:
        self.books: dict[str, dict[str, Any]] = {}
        for n in range(4):
            self._add(f"{_TITLES[(number + n) % len(_TITLES)]} {number}", f"BK-{number:03}{n:02}")

    def _add(self, title: str, key: str) -> dict[str, Any]:
        self.books[key] = {"book_id": key, "title": title, "reader": None, "days": 0}
        return self.books[key]

    def call(self, tool: str, arguments: dict[str, Any]) -> tuple[Any, bool]:
        book = self.books.get(str(arguments.get("book_id")))
        match tool:
            case "list_books":
                return {
                    "books": list(self.books.values())[: arguments.get("limit", 10)],
                    "total": len(self.books),
                }, False
            case "add_book":
                return self._add(arguments["title"], f"{next(iter(self.books))[:6]}{len(self.books):02}"), False
            case _ if book is None:
                return f"There is no book {arguments.get('book_id')}", True
            case "lend_book" if book["reader"] is not None:
                return f"Book {book['book_id']} is lent to {book['reader']}", True
            case "lend_book":
                book |= {"reader": arguments["reader"], "days": arguments.get("days", 14)}
        return book, False


def runs(count: int, calls: int = 7, seed: int = 0, domain: str = "library") -> list[list[dict[str, Any]]]:
    """Runs of recorded calls, as lines of a file hold them."""
    found = []
    for number in range(count):
        chance, library = random.Random(f"{seed}:{number}"), Library(seed * 100 + number)
        lines = []
        for index in range(calls):
            tool, arguments = _drawn(chance, library)
            observation, is_error = library.call(tool, arguments)
            text = observation if isinstance(observation, str) else orjson.dumps(observation).decode()
            lines.append(line(f"{domain}-{number}", index, tool, arguments, text, is_error=is_error, domain=domain))
        found.append(lines)
    return found


def initial(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """The rows that these runs begin with."""
    return [book for number in range(count) for book in Library(seed * 100 + number).books.values()]


def line(
    run: str, index: int, tool: str, arguments: dict[str, Any], text: str, *, is_error: bool = False, domain: str = ""
) -> dict[str, Any]:
    """One recorded call."""
    kind = "read" if tool.startswith(("get", "list")) else "write"
    return {
        "trajectory_id": run,
        "call_index": index,
        "domain": domain or "library",
        "tool": tool,
        "kind": kind,
        "arguments": arguments,
        "observation": text,
        "is_error": is_error,
    }


def _drawn(chance: random.Random, library: Library) -> tuple[str, dict[str, Any]]:
    tool = chance.choice(["get_book", "get_book", "lend_book", "lend_book", "add_book", "list_books"])
    key = chance.choice([*library.books, "BK-99999"])
    match tool:
        case "get_book":
            return tool, {"book_id": key}
        case "lend_book":
            return tool, {"book_id": key, "reader": chance.choice(_READERS), "days": chance.randint(1, 30)}
        case "add_book":
            return tool, {"title": f"{chance.choice(_TITLES)} {chance.randint(10, 99)}"}
    return tool, {"limit": chance.randint(2, 9)}


def written(folder: Path, recorded: list[list[dict[str, Any]]], name: str = "calls.jsonl") -> Path:
    """A folder with these runs and the definitions of the tools."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"".join(orjson.dumps(one) + b"\n" for run in recorded for one in run))
    (folder / "tools.json").write_bytes(orjson.dumps({"tools": TOOLS}))
    return folder
