"""A ferry line with accounts: what a booking does to an account, no answer shows until somebody asks for a statement."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Asked = tuple[str, Row]
WRITES = ("book", "pay_in", "give_points")
"""The tools that change rows; the others tell of them."""
ROUTES = ["Nordhaven", "Ostvik", "Lillesund", "Steinøy"]


class Refused(Exception):
    """What the line does not do, and its words."""


def rows() -> dict[str, Any]:
    """Its initial rows."""
    dice = random.Random(11)
    members = {
        f"M{n:03}": {
            "member_id": f"M{n:03}",
            "name": f"Member {n}",
            "credit": dice.randrange(40, 900),
            "points": dice.randrange(0, 120),
        }
        for n in range(1, 31)
    }
    ferries = {
        f"F{n:02}": {
            "ferry_id": f"F{n:02}",
            "route": dice.choice(ROUTES),
            "fare": dice.randrange(8, 60),
            "seats": dice.randrange(0, 40),
            "state": dice.choice(["open", "open", "open", "full", "moored"]),
        }
        for n in range(1, 21)
    }
    return {"members": members, "ferries": ferries}


class Line:
    """The service itself."""

    def __init__(self) -> None:
        self.rows = rows()

    def ask(self, tool: str, arguments: Row) -> tuple[str, bool]:
        """(text, whether it is an error) of one call."""
        answer: Callable[..., Any] = getattr(self, tool)
        try:
            found = answer(**arguments)
        except Refused as error:
            return str(error), True
        return found if isinstance(found, str) else json.dumps(found), False

    def get_ferry(self, ferry_id: str) -> Row:
        if ferry_id not in self.rows["ferries"]:
            raise Refused(f"Ferry {ferry_id} does not sail for us")
        found: Row = self.rows["ferries"][ferry_id]
        return found

    def statement(self, member_id: str) -> Row:
        if member_id not in self.rows["members"]:
            raise Refused(f"Nobody is called {member_id} here")
        found: Row = self.rows["members"][member_id]
        return found

    def book(self, member_id: str, ferry_id: str, seats: int) -> Row:
        member, ferry = self.statement(member_id), self.get_ferry(ferry_id)
        if ferry["state"] != "open":
            raise Refused(f"The ferry is {ferry['state']}")
        if ferry["seats"] < seats:
            raise Refused("Not that many seats are left")
        if member["credit"] < ferry["fare"] * seats:
            raise Refused("Not enough credit for this crossing")
        member["credit"] -= ferry["fare"] * seats
        member["points"] += 10
        ferry["seats"] -= seats
        return ferry

    def pay_in(self, member_id: str, amount: int) -> str:
        self.statement(member_id)["credit"] += amount
        return f"Paid in for {member_id}"

    def give_points(self, giver_id: str, taker_id: str, points: int) -> str:
        giver, taker = self.statement(giver_id), self.statement(taker_id)
        if giver["points"] < points:
            raise Refused("Not enough points to give")
        giver["points"] -= points
        taker["points"] += points
        return "The points are on their way"


def asked(dice: random.Random, tools: tuple[str, ...]) -> Asked:
    """A call of one of the tools, by a client that is careless about names."""
    tool = dice.choice(tools)
    member, other = (f"M{dice.randrange(1, 33):03}" for _ in range(2))
    ferry = f"F{dice.randrange(1, 22):02}"
    match tool:
        case "get_ferry":
            return tool, {"ferry_id": ferry}
        case "statement":
            return tool, {"member_id": member}
        case "book":
            return tool, {"member_id": member, "ferry_id": ferry, "seats": dice.randrange(1, 5)}
        case "pay_in":
            return tool, {"member_id": member, "amount": dice.randrange(5, 200)}
    return tool, {"giver_id": member, "taker_id": other, "points": dice.randrange(5, 80)}


def recorded(runs: int, calls: int, candour: float) -> list[Row]:
    """Runs of a careless client, as lines of a file; after a write it may ask what became of the accounts.

    Args:
        candour: how often it asks; 0: never after the first write of a run.
    """
    lines: list[Row] = []
    for run in range(runs):
        dice, line = random.Random(run), Line()
        waiting: list[Asked] = []
        tools = (*WRITES, "get_ferry", "statement")
        for index in range(calls):
            tool, arguments = waiting.pop() if waiting else asked(dice, tools)
            text, is_error = line.ask(tool, arguments)
            if tool in WRITES and not is_error:
                tools = (*WRITES, "get_ferry")
                if dice.random() < candour:
                    waiting = [("statement", {"member_id": one}) for one in accounts(arguments)]
            kind = "write" if tool in WRITES else "read"
            lines.append(
                {
                    "trajectory_id": f"run{run}", "task_id": str(run), "call_index": index, "tool": tool, "kind": kind,
                    "arguments": arguments, "observation": text, "is_error": is_error,
                }
            )  # fmt: skip
    return lines


def accounts(arguments: Row) -> list[str]:
    """The accounts that a call speaks of."""
    return [value for name, value in arguments.items() if name in ("member_id", "giver_id", "taker_id")]
