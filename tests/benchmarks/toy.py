"""A server in a dictionary, right in everything but one fault: what tells whether a check can fail at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from tests.benchmarks.accounts import CHOICES, DEFAULTS, FIRST, KINDS, REFERENCES, REQUIRED, Row
from tests.benchmarks.connection import Answer
from tests.benchmarks.dialect import Described
from tests.benchmarks.peers.base import Reset


class Refused(Exception):
    """A request that is answered with an error; the argument is the status."""


class Toy:
    """The API of `api.yaml`. Its fault, if any, bears the name of the check that must notice it."""

    dialect = Described()
    root = ""
    reset = Reset("POST", "/reset")

    def __init__(self, fault: str = "") -> None:
        self._fault = fault
        self._start()

    def _start(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {"users": {"U-00001": dict(FIRST)}, "orders": {}}
        self._created: dict[str, Row] = {}
        self._spent: list[str] = []
        self._n = 0

    def _has(self, fault: str) -> bool:
        return self._fault == fault

    async def send(
        self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to one request."""
        try:
            status, found = await self._answer(method, target, body, headers or {})
        except Refused as error:
            status, found = error.args[0], {"error": {}}
        return Answer(status, {}, b"" if status == 204 else orjson.dumps(found))

    async def _answer(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        if target == "/reset":
            if not self._has("fresh_start"):
                self._start()
            return 200, {}
        url = urlsplit(target)
        kind, _, key = url.path.strip("/").partition("/")
        given = self._body(body, headers)
        match method, bool(key):
            case "POST", False:
                return 200 if self._has("creation") else 201, await self._create(kind, given)
            case "GET", False:
                return 200, self._list(kind, dict(parse_qsl(url.query)))
            case "GET", True:
                found = dict(self._find(kind, key, "unknown_key"))
                return 200, {**found, "role": "guest"} if self._has("reading") and found else found
            case "PATCH", True:
                return 200, self._patch(kind, key, given)
            case "PUT", True:
                return 200, self._put(kind, key, given)
            case "DELETE", True:
                self._delete(kind, key)
                return 204, None
        raise Refused(404 if self._has("method") else 405)

    def _body(self, body: bytes | None, headers: Mapping[str, str]) -> Row:
        if body is None:
            return {}
        if headers.get("Content-Type", "application/json") != "application/json" and not self._has("media_type"):
            raise Refused(415)
        try:
            found: Row = orjson.loads(body)
        except orjson.JSONDecodeError:
            if self._has("malformed"):
                return {"name": "?", "email": "?"}
            raise Refused(400) from None
        return found

    async def _create(self, kind: str, given: Row) -> Row:
        if not self._has("missing_field") and any(name not in given for name in REQUIRED[kind]):
            raise Refused(400)
        self._check(kind, given)
        before = dict(self._rows[kind])
        self._check_email(kind, given, before, "taken")
        if self._fault in ("creating_at_once", "one_winner"):
            await asyncio.sleep(0)
        self._n += 1
        key = f"{kind[0]}{self._n // 2 if self._has('own_keys') else self._n}"
        if self._has("spent_key") and self._spent:
            key = self._spent.pop()
        row = {"id": key, **({} if self._has("defaults") else DEFAULTS[kind]), **given}
        if self._has("text") and kind == "users":
            row["name"] = row["name"].encode("ascii", "ignore").decode()
        if self._has("creating_at_once"):
            self._rows[kind] = before
        self._rows[kind][key] = row
        self._created[key] = dict(row)
        return row

    def _check(self, kind: str, given: Row, change: str = "") -> None:
        """Refuse what does not fit the description or refers to nothing."""
        for name, value in given.items():
            if name not in KINDS[kind]:
                if not self._has("unknown_field"):
                    raise Refused(400)
            elif not isinstance(value, KINDS[kind][name]) and not self._has("wrong_type"):
                raise Refused(400)
            if name in CHOICES and value not in CHOICES[name] and not self._has("unknown_choice"):
                raise Refused(400)
            other = REFERENCES[kind].get(name)
            if other is None or value is None or value in self._rows[other]:
                continue
            if not self._has("dangling" + change) and not (self._has("stale") and value in self._created):
                raise Refused(409)

    def _check_email(self, kind: str, given: Row, rows: Mapping[str, Row], fault: str, but: str = "") -> None:
        taken = {row.get("email") for key, row in rows.items() if key != but}
        if kind == "users" and given.get("email") in taken and not self._has(fault):
            raise Refused(409)

    def _find(self, kind: str, key: str, fault: str = "") -> Row:
        if key in self._rows[kind]:
            return self._rows[kind][key]
        if fault and self._has(fault):
            return {}
        raise Refused(404)

    def _list(self, kind: str, query: dict[str, str]) -> Row:
        page, size = int(query.pop("page", 1)), int(query.pop("size", 1000))
        sort = query.pop("sort", "")
        if self._has("filtering"):
            query = {}
        if self._has("two_filters"):
            query = dict(list(query.items())[:1])
        rows = [
            row for row in self._rows[kind].values() if all(row.get(name) == value for name, value in query.items())
        ]
        if self._has("agreement"):
            rows = [self._created.get(str(row["id"]), row) for row in rows]
        if self._has("deleted_from_list") and not query:
            rows = list({**self._created, **self._rows[kind]}.values())
        if sort:
            downwards = sort.startswith("-") and not self._has("sorting")
            rows.sort(key=lambda row: row[sort.lstrip("-")], reverse=downwards)
        start = (page - 1) * size - (page > 1 and self._has("paging"))
        shown = rows[start : start + size]
        return {"items": shown, "total": len(shown) if self._has("counting") else len(rows)}

    def _patch(self, kind: str, key: str, given: Row) -> Row:
        if key not in self._rows[kind] and self._has("unknown_patch"):
            self._rows[kind][key] = {"id": key}
        row = self._find(kind, key)
        if "id" in given and self._has("fixed_key"):
            self._rows[kind][given["id"]] = {**self._rows[kind].pop(key), **given}
            return given
        if self._has("half_wrong_patch"):
            row |= {name: value for name, value in given.items() if isinstance(value, KINDS[kind][name])}
        if self._has("clearing"):
            given = {name: value for name, value in given.items() if value is not None}
        self._check(kind, given, "_by_change")
        self._check_email(kind, given, self._rows[kind], "taken_by_change", but=key)
        if self._has("patch"):
            self._rows[kind][key] = row = {"id": key}
        row |= given
        return row

    def _put(self, kind: str, key: str, given: Row) -> Row:
        if self._has("replacement"):
            return self._patch(kind, key, given)
        self._find(kind, key)
        self._check(kind, given, "_by_change")
        self._rows[kind][key] = {"id": key, **DEFAULTS[kind], **given}
        return self._rows[kind][key]

    def _delete(self, kind: str, key: str) -> None:
        if key not in self._rows[kind] and self._has("second_deletion"):
            return
        self._find(kind, key)
        if self._has("deletion"):
            return
        orders, users = self._rows["orders"], self._rows["users"]
        followed = [order for order in orders.values() if order["follows_id"] == key]
        if kind == "orders" and followed and not self._has("restriction"):
            raise Refused(409)
        self._spent.append(key)
        del self._rows[kind][key]
        if not self._has("cascade"):
            self._rows["orders"] = {at: order for at, order in orders.items() if order["user_id"] != key}
        for user in users.values():
            if user.get("manager_id") == key and not self._has("letting_go"):
                user["manager_id"] = None
