"""The API under test as the checks see it: rows of users and orders, whatever server stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import orjson

from tests.benchmarks.connection import Answer, NoAnswer, Sender
from tests.benchmarks.dialect import Wanted
from tests.benchmarks.peers.base import Face, Reset

Row = dict[str, Any]
EVERYTHING = Wanted()


@dataclass(frozen=True)
class Reply:
    """One answer; status 0 means that there was none."""

    answer: Answer

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """The server blames the request, in whatever words."""
        return 400 <= self.status < 500

    @property
    def row(self) -> Row:
        found = self.answer.json
        return found if isinstance(found, dict) else {}

    @property
    def key(self) -> str:
        """The key of the row, or an empty text."""
        found = self.row.get("id")
        return "" if found is None else str(found)


@dataclass(frozen=True)
class Page:
    """One page of a list; `items` is None when the answer was no list."""

    items: list[Row] | None
    total: int | None

    @property
    def keys(self) -> list[str]:
        return [str(row.get("id")) for row in self.items or ()]

    def find(self, key: str) -> Row | None:
        return next((row for row in self.items or () if str(row.get("id")) == key), None)


class Api:
    """Requests to one server."""

    def __init__(self, sender: Sender, face: Face) -> None:
        self._sender = sender
        self._face = face

    async def create(self, kind: str, row: Row) -> Reply:
        return await self.send("POST", kind, orjson.dumps(row))

    async def read(self, kind: str, key: str) -> Reply:
        return await self.send("GET", f"{kind}/{key}")

    async def patch(self, kind: str, key: str, changes: Row) -> Reply:
        return await self.send("PATCH", f"{kind}/{key}", orjson.dumps(changes))

    async def put(self, kind: str, key: str, row: Row) -> Reply:
        return await self.send("PUT", f"{kind}/{key}", orjson.dumps(row))

    async def delete(self, kind: str, key: str) -> Reply:
        return await self.send("DELETE", f"{kind}/{key}")

    async def list(self, kind: str, wanted: Wanted = EVERYTHING) -> Page:
        query = self._face.dialect.query(wanted)
        reply = await self.send("GET", f"{kind}?{query}" if query else kind)
        if not reply.ok:
            return Page(None, None)
        return Page(self._face.dialect.items(reply.answer), self._face.dialect.total(reply.answer))

    async def send(self, method: str, path: str, body: bytes | None = None, media_type: str | None = None) -> Reply:
        """Any request to a path of the API."""
        headers = {"Content-Type": media_type} if media_type else None
        try:
            return Reply(await self._sender.send(method, f"{self._face.root}/{path}", body, headers))
        except NoAnswer as error:
            return Reply(Answer(0, {}, str(error).encode()))

    async def reset(self) -> bool:
        """Bring the seed rows back; False where the server offers no way."""
        way: Reset | None = self._face.reset
        if way is None:
            return False
        try:
            answer = await self._sender.send(way.method, way.path, None, way.headers)
        except NoAnswer:
            return False
        return Reply(answer).ok


def token() -> str:
    """A text that was never used before."""
    return token_hex(6)


def a_user(**fields: Any) -> Row:
    """A valid new user."""
    fresh = token()
    return {"name": f"Name {fresh}", "email": f"{fresh}@accounts.example", **fields}


def an_order(user_id: str, **fields: Any) -> Row:
    """A valid new order of a user."""
    return {"user_id": user_id, "item": f"item {token()}", "quantity": 2, **fields}
