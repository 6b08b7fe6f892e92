"""A small HTTP service that does more than its spec says, and recordings of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from schemas.recorded import RecordedCall
from tests.learn.openapi.specs import answer, body, in_path, in_query, operation, ref

BERTH = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "depth": {"type": "integer"},
        "state": {"type": "string"},
        "owner": {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}},
        "made": {"type": "string", "format": "date-time"},
    },
}
ERROR = {"type": "object", "properties": {"errors": {"type": "array", "items": {"type": "string"}}}}


def _answers(schema: Any, status: int = 200) -> dict[Any, Any]:
    return {**answer(schema, status), "404": {"content": {"application/json": {"schema": ERROR}}}}


PATHS: dict[str, Any] = {
    "/berths": {
        "post": operation("createBerth", _answers(ref("Berth"), 201), requestBody=body(ref("NewBerth"))),
        "get": operation("listBerths", _answers({"type": "array", "items": ref("Berth")})),
    },
    "/berths/{berth_id}": {
        "get": operation("getBerth", _answers(ref("Berth")), in_path("berth_id")),
        "delete": operation("deleteBerth", _answers({"type": "object"}), in_path("berth_id")),
    },
    "/berths/{berth_id}/book": {
        "post": operation("bookBerth", _answers({"type": "object"}), in_path("berth_id"), requestBody=body(ref("Stay")))
    },
    "/tides": {"get": operation("tides", _answers({"type": "object"}), in_query("from"), in_query("to"))},
    "/winds": {"get": operation("winds", _answers({"type": "object"}), in_query("from"), in_query("to"))},
    "/waves": {"get": operation("waves", _answers({"type": "object"}), in_query("from"), in_query("to"))},
}
NEW = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "depth": {"type": "integer"}}}
STAY = {"type": "object", "properties": {"nights": {"type": "integer", "maximum": 5}}}


def document() -> dict[str, Any]:
    schemas = {"Berth": BERTH, "NewBerth": NEW, "Stay": STAY}
    return {"openapi": "3.0.0", "info": {"title": "Harbour"}, "paths": PATHS, "components": {"schemas": schemas}}


class Harbour:
    """The service itself: states, owners and the words of errors are not in the spec."""

    def __init__(self, start: int) -> None:
        self._rows: dict[str, Any] = {"old": {"id": "old", "name": "Old", "depth": 9, "state": "shut", **_OWNED}}
        self._next = start

    def answer(self, tool: str, given: dict[str, Any]) -> tuple[int, Any]:
        key = str(given.get("berth_id"))
        if "berth_id" in given and key not in self._rows:
            return 404, {"errors": [f"No berth {key}"]}
        match tool:
            case "createBerth":
                self._next += 7
                row = {
                    "id": f"b{self._next}",
                    "depth": 3,
                    **given,
                    "state": "open",
                    **_OWNED,
                    "made": f"2024-01-01T{self._next}",
                }
                self._rows[row["id"]] = row
                return 201, row
            case "getBerth":
                return 200, self._rows[key]
            case "listBerths":
                return 200, list(self._rows.values())
            case "deleteBerth":
                del self._rows[key]
                return 202, {"deleted": key, "ok": True}
            case "bookBerth":
                return 200, {"berth": key, "nights": given["nights"], "paid": False, "fee": self._next * 3}
        if given["from"] > given["to"]:
            return 400, {"errors": ["from must be before to"]}
        return 200, {"unit": "m", "from": given["from"], "height": self._next}


_OWNED = {"owner": {"id": 55, "name": "The Port"}}


def recorded(trajectories: range) -> Iterator[RecordedCall]:
    """One trajectory after another, each with another berth."""
    for n in trajectories:
        service = Harbour(100 * n)
        early, late = f"2024-02-{10 + n % 9}", f"2024-03-{10 + n % 9}"
        plan: list[tuple[str, dict[str, Any]]] = [
            ("createBerth", {"name": f"Berth {n}", **({"depth": n} if n % 2 else {})}),
            ("getBerth", {"berth_id": "MADE"}),
            ("bookBerth", {"berth_id": "MADE", "nights": n + 6}),
            ("getBerth", {"berth_id": "old"}),
            ("getBerth", {"berth_id": f"x{n}"}),
            ("deleteBerth", {"berth_id": "MADE"}),
            ("deleteBerth", {"berth_id": "MADE"}),
            ("tides", {"from": early, "to": late}),
            ("winds", {"from": early, "to": late}),
            ("tides" if n % 2 else "winds", {"from": late, "to": early}),
            ("tug", {"ship": f"S{n}"}),
        ]
        made = ""
        for index, (tool, given) in enumerate(plan):
            asked = {name: made if value == "MADE" else value for name, value in given.items()}
            status, content = (200, {"pulls": True, **asked}) if tool == "tug" else service.answer(tool, asked)
            made = content["id"] if tool == "createBerth" else made
            yield RecordedCall(f"t{n}", index, tool, asked, json.dumps(content), status >= 400, status, task=f"t{n}")
