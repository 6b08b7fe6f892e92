"""A small service with a memory, whose calls can be recorded: boats for hire, and who hires them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from schemas.recorded import RecordedCall

KINDS = ["sloop", "ketch", "punt", "dinghy"]


class Refused(Exception):
    """What the service does not do, and its words."""


def rows() -> dict[str, Any]:
    """Its initial rows."""
    dice = random.Random(7)
    sailors = {
        f"S{n:03}": {
            "sailor_id": f"S{n:03}",
            "name": {"first": f"First{n}", "last": f"Last{n}"},
            "purses": {
                f"purse_{n}_{k}": {"id": f"purse_{n}_{k}", "coins": dice.randrange(5, 900)} for k in range(1 + n % 3)
            },
        }
        for n in range(1, 41)
    }
    boats = {
        f"B{n:03}": {
            "boat_id": f"B{n:03}",
            "title": f"{dice.choice(['Red', 'Blue', 'Old', 'Swift'])} {dice.choice(KINDS)} {n}",
            "kind": dice.choice(KINDS),
            "status": dice.choice(["free", "free", "hired", "broken"]),
            "sailor_id": f"S{dice.randrange(1, 41):03}",
            "fee": dice.randrange(10, 90),
            "log": [{"what": "built", "cost": dice.randrange(100)}],
        }
        for n in range(1, 81)
    }
    return {"sailors": sailors, "boats": boats}


class Service:
    """The service itself, as somebody wrote it by hand."""

    def __init__(self) -> None:
        self.rows = rows()

    def get_boat(self, boat_id: str) -> Any:
        if boat_id not in self.rows["boats"]:
            raise Refused(f"No boat {boat_id} in the harbour")
        return self.rows["boats"][boat_id]

    def find_sailor(self, first: str, last: str) -> Any:
        for sailor in self.rows["sailors"].values():
            if sailor["name"] == {"first": first, "last": last}:
                return sailor["sailor_id"]
        raise Refused("Sailor not found")

    def hire_boat(self, boat_id: str, purse_id: str, hours: int) -> Any:
        boat = self.get_boat(boat_id)
        if boat["status"] != "free":
            raise Refused("Only free boats can be hired")
        purses = self.rows["sailors"][boat["sailor_id"]]["purses"]
        if purse_id not in purses:
            raise Refused("Purse not found")
        price = boat["fee"] * hours
        if purses[purse_id]["coins"] < price:
            raise Refused("Not enough coins in the purse")
        purses[purse_id]["coins"] -= price
        boat["status"] = "hired"
        boat["log"].append({"what": "hired", "cost": price})
        return boat

    def get_sailor(self, sailor_id: str) -> Any:
        if sailor_id not in self.rows["sailors"]:
            raise Refused("Sailor not found")
        return self.rows["sailors"][sailor_id]

    def search_boats(self, text: str = "", most: int = 0) -> Any:
        boats = sorted(self.rows["boats"].values(), key=lambda boat: boat["boat_id"])
        return [boat for boat in boats if text.lower() in boat["title"].lower()][:4] or "Nothing of the sort"


def recorded(tasks: range, calls_each: int = 12) -> list[RecordedCall]:
    """What a careless client asked, one trajectory for every task, each on the initial rows."""
    found: list[RecordedCall] = []
    for task in tasks:
        dice, service = random.Random(task), Service()
        for index in range(calls_each):
            tool, arguments = _asked(dice, service)
            if found and found[-1].tool == "hire_boat" and index and not found[-1].is_error and dice.random() < 0.7:
                tool, arguments = "get_sailor", {"sailor_id": json.loads(found[-1].text)["sailor_id"]}
            ask: Callable[..., Any] = getattr(service, tool)
            try:
                answer, is_error = copy.deepcopy(ask(**arguments)), False
            except Refused as error:
                answer, is_error = str(error), True
            text = answer if isinstance(answer, str) else json.dumps(answer)
            kind = "write" if tool == "hire_boat" else "read"
            found.append(
                RecordedCall(f"run{task}", index, tool, arguments, text, is_error, kind=kind, task=str(task))  # type: ignore[arg-type]
            )
    return found


def _asked(dice: random.Random, service: Service) -> tuple[str, dict[str, Any]]:
    boat = f"B{dice.randrange(1, 90):03}"
    owner = service.rows["boats"].get(boat, {}).get("sailor_id", "S001")
    match dice.randrange(6):
        case 0:
            return "get_boat", {"boat_id": boat}
        case 1:
            n = dice.randrange(1, 50)
            return "find_sailor", {"first": f"First{n}", "last": f"Last{n if dice.random() < 0.8 else n + 1}"}
        case 2:
            return "search_boats", {"text": dice.choice(["red", "SLOOP", "Old p", "5", "nothing"])}
        case 3:
            return "get_sailor", {"sailor_id": owner}
    purse = dice.choice([*service.rows["sailors"][owner]["purses"], "purse_0"])
    return "hire_boat", {"boat_id": boat, "purse_id": purse, "hours": dice.randrange(1, 9)}
