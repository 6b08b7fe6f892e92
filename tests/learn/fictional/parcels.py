"""A depot of parcels: weighed, routed, delivered by couriers with limits, by rules that are partly beyond learning."""

from __future__ import annotations

import copy
import random
from typing import Any

from schemas.recorded import RecordedCall
from tests.learn.fictional.recording import Client, Refused, recorded

READS = ["track", "courier_load", "parcels_in", "quote", "depots"]
RATES = {"letter": 2, "box": 5, "crate": 11}


def database(seed: int = 0) -> dict[str, Any]:
    """Parcels, couriers and depots."""
    dice = random.Random(seed)
    depots = [
        {"depot_code": f"D{n}", "city": city, "surcharge": n} for n, city in enumerate(("Ask", "Embla", "Lid", "Hov"))
    ]
    couriers = {
        f"c-{n}": {
            "courier_id": f"c-{n}",
            "nick": dice.choice(["Fox", "Owl", "Elk"]) + str(n),
            "limit": dice.randrange(20, 60),
            "carried": 0,
        }
        for n in range(12)
    }
    parcels = {
        f"P{n:04}": {
            "parcel_id": f"P{n:04}", "kind": dice.choice(list(RATES)), "weight": dice.randrange(1, 25), "depot": f"D{dice.randrange(4)}",
            "state": dice.choice(["stored", "stored", "lost", "delivered"]), "courier_id": None, "fragile": dice.random() < 0.3,
            "events": ["arrived"],
        }
        for n in range(1, 90)
    }  # fmt: skip
    return {"depots": depots, "couriers": couriers, "parcels": parcels}


class Depot:
    """The service itself."""

    def __init__(self, rows: dict[str, Any]) -> None:
        self.rows = copy.deepcopy(rows)

    def _parcel(self, parcel: str) -> dict[str, Any]:
        if parcel not in self.rows["parcels"]:
            raise Refused(f"unknown parcel {parcel}")
        found: dict[str, Any] = self.rows["parcels"][parcel]
        return found

    def track(self, parcel: str) -> Any:
        return self._parcel(parcel)

    def courier_load(self, courier: str) -> Any:
        if courier not in self.rows["couriers"]:
            raise Refused("no such courier")
        one = self.rows["couriers"][courier]
        return f"{one['nick']} carries {one['carried']} of {one['limit']} kg"

    def parcels_in(self, depot: str, kind: str | None = None) -> Any:
        return [
            {"parcel_id": p["parcel_id"], "weight": p["weight"]}
            for p in sorted(self.rows["parcels"].values(), key=lambda p: (-p["weight"], p["parcel_id"]))
            if p["depot"] == depot and p["state"] == "stored" and kind in (None, p["kind"])
        ][:6]

    def quote(self, parcel: str, express: bool = False) -> Any:
        found = self._parcel(parcel)
        depot = next(d for d in self.rows["depots"] if d["depot_code"] == found["depot"])
        price = RATES[found["kind"]] + 3 * found["weight"] + depot["surcharge"]
        return {"parcel": parcel, "price": price * 2 if express else price}

    def depots(self) -> Any:
        return {"depots": self.rows["depots"]}

    def load(self, parcel: str, courier: str) -> Any:
        found = self._parcel(parcel)
        if courier not in self.rows["couriers"]:
            raise Refused("no such courier")
        if found["state"] != "stored":
            raise Refused(f"parcel {parcel} is {found['state']}")
        one = self.rows["couriers"][courier]
        if one["carried"] + found["weight"] > one["limit"]:
            raise Refused(f"too heavy: {one['nick']} can take {one['limit'] - one['carried']} kg more")
        one["carried"] += found["weight"]
        found.update(state="on the way", courier_id=courier)
        found["events"].append(f"loaded by {one['nick']}")
        return found

    def deliver(self, parcel: str) -> Any:
        found = self._parcel(parcel)
        if found["state"] != "on the way":
            raise Refused("it is not on the way")
        self.rows["couriers"][found["courier_id"]]["carried"] -= found["weight"]
        found["state"] = "delivered"
        found["events"].append("delivered")
        return {"parcel": parcel, "state": "delivered", "steps": len(found["events"])}

    def move(self, parcels: list[str], depot: str) -> Any:
        for parcel in parcels:
            if self._parcel(parcel)["state"] != "stored":
                raise Refused(f"{parcel} cannot be moved")
        for parcel in parcels:
            self.rows["parcels"][parcel]["depot"] = depot
        return f"{len(parcels)} moved to {depot}"


def calls(seed: int = 0, trajectories: int = 200) -> list[RecordedCall]:
    """Runs of a careless clerk, each on the initial rows."""
    rows = database()
    return recorded(lambda: Depot(rows), _policy, seed, trajectories, READS)


def _policy(client: Client) -> None:
    dice, rows = client.dice, client.service.rows
    for _ in range(dice.randrange(2, 7)):
        parcel = dice.choice(list(rows["parcels"])) if dice.random() < 0.94 else "P9999"
        courier = dice.choice([*rows["couriers"], "c-77"])
        depot = f"D{dice.randrange(4)}"
        match dice.randrange(8):
            case 0 | 1 | 2:
                loaded = client.ask("load", parcel=parcel, courier=courier)
                if loaded and dice.random() < 0.7:
                    client.ask("courier_load", courier=courier)
                    client.ask("deliver", parcel=parcel)
                    client.ask("track", parcel=parcel)
            case 3:
                client.ask("quote", parcel=parcel, **({"express": True} if dice.random() < 0.4 else {}))
            case 4:
                client.ask("parcels_in", depot=depot, **({"kind": "box"} if dice.random() < 0.4 else {}))
            case 5:
                client.ask("courier_load", courier=courier)
            case 6:
                client.ask("move", parcels=dice.sample(list(rows["parcels"]), 2), depot=depot)
                client.ask("parcels_in", depot=depot)
            case 7:
                client.ask("depots")
                client.ask("deliver", parcel=parcel)
