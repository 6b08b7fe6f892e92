"""An exchange for one trader: a state of its own, orders with counters, a watch list, errors as objects."""

from __future__ import annotations

import copy
import random
from typing import Any

from schemas.recorded import RecordedCall
from tests.learn.fictional.recording import Client, Refused, recorded

READS = ["account_state", "price_of", "order_details", "open_orders", "watch_list", "goods_of"]


def database(seed: int = 0) -> dict[str, Any]:
    """The state of the trader, the goods with their prices, and the orders so far."""
    dice = random.Random(seed)
    names = ["oats", "rye", "barley", "wool", "salt", "tin", "amber", "hemp", "tar", "coal"]
    goods = {
        name: {"good": name, "price": round(dice.uniform(3, 90), 2), "kind": dice.choice(["grain", "ware", "stone"])}
        for name in names
    }
    orders = {
        str(number): {
            "order": number, "side": dice.choice(["buy", "sell"]), "good": dice.choice(names), "amount": dice.randrange(1, 30),
            "state": dice.choice(["open", "filled", "cancelled"]),
        }
        for number in range(701, 712)
    }  # fmt: skip
    trader = {"name": "Mette", "is_open": True, "balance": 4000.0, "card": "7711", "watched": ["rye", "tin"]}
    return {"trader": trader, "goods": goods, "orders": orders}


class Exchange:
    """The service itself."""

    def __init__(self, rows: dict[str, Any]) -> None:
        self.rows = copy.deepcopy(rows)

    @property
    def trader(self) -> dict[str, Any]:
        found: dict[str, Any] = self.rows["trader"]
        return found

    def _good(self, name: str) -> dict[str, Any]:
        if name not in self.rows["goods"]:
            raise Refused('{"error": "No good is called \'' + name + "'.\"}")
        found: dict[str, Any] = self.rows["goods"][name]
        return found

    def open_session(self) -> Any:
        was, self.trader["is_open"] = self.trader["is_open"], True
        return {"status": "The session was open already."} if was else {"status": "The session is open."}

    def close_session(self) -> Any:
        was, self.trader["is_open"] = self.trader["is_open"], False
        return {"status": "The session is closed."} if was else {"status": "No session was open."}

    def account_state(self) -> Any:
        return {"name": self.trader["name"], "balance": self.trader["balance"], "card": self.trader["card"]}

    def price_of(self, good: str) -> Any:
        found = self._good(good)
        return {"good": good, "price": found["price"]}

    def goods_of(self, kind: str) -> Any:
        return {"goods": [g["good"] for g in self.rows["goods"].values() if g["kind"] == kind]}

    def place_order(self, side: str, good: str, amount: int) -> Any:
        if not self.trader["is_open"]:
            raise Refused('{"error": "Open a session first."}')
        found = self._good(good)
        if amount <= 0:
            raise Refused('{"error": "The amount has to be positive."}')
        if side == "buy" and found["price"] * amount > self.trader["balance"]:
            raise Refused('{"error": "The balance is too low."}')
        number = max(order["order"] for order in self.rows["orders"].values()) + 1
        self.rows["orders"][str(number)] = {
            "order": number, "side": side, "good": good, "amount": amount, "state": "open"
        }  # fmt: skip
        return {"order": number, "state": "open", "price": found["price"], "total": round(found["price"] * amount, 2)}

    def order_details(self, order: int) -> Any:
        if str(order) not in self.rows["orders"]:
            raise Refused('{"error": "Order ' + str(order) + ' does not exist."}')
        return self.rows["orders"][str(order)]

    def open_orders(self) -> Any:
        return {"orders": [o["order"] for o in self.rows["orders"].values() if o["state"] == "open"]}

    def cancel_order(self, order: int) -> Any:
        found = self.order_details(order)
        if found["state"] != "open":
            raise Refused('{"error": "Order ' + str(order) + " is " + found["state"] + '."}')
        found["state"] = "cancelled"
        return {"order": order, "state": "cancelled"}

    def pay_in(self, amount: float) -> Any:
        if not self.trader["is_open"]:
            raise Refused('{"error": "Open a session first."}')
        if amount <= 0:
            raise Refused('{"error": "The sum has to be positive."}')
        self.trader["balance"] += amount
        return {"status": "Paid in.", "balance": self.trader["balance"]}

    def watch(self, good: str) -> Any:
        self._good(good)
        if good in self.trader["watched"]:
            raise Refused('{"error": "It is watched already."}')
        self.trader["watched"].append(good)
        return {"watched": self.trader["watched"]}

    def unwatch(self, good: str) -> Any:
        if good not in self.trader["watched"]:
            raise Refused('{"error": "It is not watched."}')
        self.trader["watched"].remove(good)
        return {"watched": self.trader["watched"]}

    def watch_list(self) -> Any:
        return {"watched": self.trader["watched"]}


def calls(seed: int = 0, trajectories: int = 200) -> list[RecordedCall]:
    """Runs of a careless trader, each on the initial state."""
    rows = database()
    return recorded(lambda: Exchange(rows), _policy, seed, trajectories, READS)


def _policy(client: Client) -> None:
    dice, rows = client.dice, client.service.rows
    for _ in range(dice.randrange(3, 9)):
        good = dice.choice([*rows["goods"], *rows["goods"], "silk"])
        order = dice.choice([*rows["orders"].values()])["order"] if dice.random() < 0.9 else 12
        match dice.randrange(13):
            case 0:
                client.ask("close_session" if dice.random() < 0.4 else "open_session")
            case 1:
                client.ask("account_state")
            case 2:
                client.ask("price_of", good=good)
            case 3 | 4 | 5:
                made = client.ask(
                    "place_order", side=dice.choice(["buy", "sell"]), good=good, amount=dice.choice([0, 3, 10, 90])
                )
                if made:
                    client.ask("order_details", order=made["order"])
            case 6:
                client.ask("order_details", order=order)
            case 7:
                client.ask("open_orders")
            case 8:
                client.ask("cancel_order", order=order)
            case 9:
                client.ask("pay_in", amount=dice.choice([-5, 100.5, 250]))
                client.ask("account_state")
            case 10:
                client.ask("watch", good=good)
            case 11:
                client.ask("unwatch", good=dice.choice(["rye", "tin", good]))
            case 12:
                client.ask("watch_list")
                client.ask("goods_of", kind=dice.choice(["grain", "stone"]))
