"""Ferries: members book trips of several legs, and pay from several wallets; everything is one nested document."""

from __future__ import annotations

import copy
import random
from typing import Any

from schemas.recorded import RecordedCall
from tests.learn.fictional.recording import Client, Refused, recorded

PORTS = {"ALV": "Alvik", "BRE": "Brenna", "COR": "Corsund", "DUN": "Dunmar", "ELB": "Elbo", "FJO": "Fjordby"}
DECKS = ["bench", "berth", "suite"]
DAYS = [f"2031-07-{day:02}" for day in range(1, 13)]
TODAY = "2031-07-04T09:00:00"
READS = ["get_member", "get_trip", "list_ports", "crossing_state", "find_crossings", "find_with_change", "add_up"]


def database(seed: int = 0) -> dict[str, Any]:
    """Crossings with seats and fares of every day, members with wallets, and their trips."""
    dice = random.Random(seed)
    crossings: dict[str, Any] = {}
    for start in PORTS:
        for end in PORTS:
            for _ in range(dice.choice([1, 2]) if start != end else 0):
                code = f"N{len(crossings) + 101}"
                hour = dice.randrange(4, 19)
                crossings[code] = {
                    "crossing": code,
                    "start": start,
                    "end": end,
                    "leaves": f"{hour:02}:15",
                    "lands": f"{hour + dice.randrange(1, 4):02}:05",
                    "days": {day: _day(dice) for day in DAYS},
                }
    members: dict[str, Any] = {}
    trips: dict[str, Any] = {}
    for n in range(60):
        member = f"{dice.choice(['ada', 'bo', 'cyr', 'dag', 'eli', 'fay'])}_{n + 300}"
        wallets = {wallet["wallet_id"]: wallet for wallet in (_wallet(dice) for _ in range(dice.randrange(1, 5)))}
        members[member] = {
            "member_id": member,
            "name": {
                "given": member.split("_", maxsplit=1)[0].title(),
                "family": dice.choice(["Aune", "Berg", "Dahl", "Lie"]),
            },
            "level": dice.choice(["blue", "red", "gold"]),
            "wallets": wallets,
            "trips": [],
        }
        for _ in range(dice.randrange(3)):
            trip = _trip(dice, member, wallets, crossings, f"TR{len(trips) + 5001}")
            trips[trip["trip_id"]] = trip
            members[member]["trips"].append(trip["trip_id"])
    return {"crossings": crossings, "members": members, "trips": trips}


def _day(dice: random.Random) -> dict[str, Any]:
    state = dice.choice(["open", "open", "open", "open", "storm", "sailed"])
    if state != "open":
        return {"state": state}
    free = {deck: dice.randrange(6) for deck in DECKS}
    return {
        "state": state,
        "free": free,
        "fares": {deck: dice.randrange(20, 60) * (k + 1) for k, deck in enumerate(DECKS)},
    }


def _wallet(dice: random.Random) -> dict[str, Any]:
    kind = dice.choice(["card", "coins", "voucher"])
    wallet: dict[str, Any] = {"wallet_id": f"{kind}-{dice.randrange(10**5, 10**6)}", "kind": kind}
    return (
        {**wallet, "digits": f"{dice.randrange(10**4):04}"}
        if kind == "card"
        else {**wallet, "left": dice.randrange(40, 600)}
    )


def _trip(
    dice: random.Random, member: str, wallets: dict[str, Any], crossings: dict[str, Any], trip_id: str
) -> dict[str, Any]:
    first = dice.choice(list(crossings.values()))
    legs = [first, *[c for c in crossings.values() if c["start"] == first["end"]][: dice.randrange(2)]]
    made = [{"crossing": c["crossing"], "day": dice.choice(DAYS), "fare": dice.randrange(20, 150)} for c in legs]
    guests = [
        {"given": dice.choice(["Ian", "Una", "Per"]), "born": f"19{dice.randrange(50, 99)}-03-02"}
        for _ in range(dice.randrange(1, 4))
    ]
    total = sum(leg["fare"] for leg in made) * len(guests)
    return {
        "trip_id": trip_id,
        "member_id": member,
        "deck": dice.choice(DECKS),
        "legs": made,
        "guests": guests,
        "payments": [{"wallet_id": dice.choice(list(wallets)), "sum": total}],
        "crates": dice.randrange(3),
        "state": "booked",
        "made_at": f"2031-06-{dice.randrange(10, 29)}T12:00:00",
    }  # fmt: skip


class Ferries:
    """The service itself."""

    def __init__(self, rows: dict[str, Any]) -> None:
        self.rows = copy.deepcopy(rows)

    def get_member(self, member_id: str) -> Any:
        if member_id not in self.rows["members"]:
            raise Refused(f"Error: nobody is called {member_id}")
        return self.rows["members"][member_id]

    def get_trip(self, trip_id: str) -> Any:
        if trip_id not in self.rows["trips"]:
            raise Refused(f"Error: trip {trip_id} does not exist")
        return self.rows["trips"][trip_id]

    def list_ports(self) -> Any:
        return [{"port": code, "town": town} for code, town in PORTS.items()]

    def add_up(self, sum_of: str) -> Any:
        return str(round(float(eval(sum_of)), 2))

    def _crossing(self, code: str) -> dict[str, Any]:
        if code not in self.rows["crossings"]:
            raise Refused(f"Error: there is no crossing {code}")
        found: dict[str, Any] = self.rows["crossings"][code]
        return found

    def _on(self, crossing: dict[str, Any], day: str) -> dict[str, Any]:
        if day not in crossing["days"]:
            raise Refused(f"Error: {crossing['crossing']} does not sail on {day}")
        found: dict[str, Any] = crossing["days"][day]
        return found

    def crossing_state(self, crossing: str, day: str) -> Any:
        return self._on(self._crossing(crossing), day)["state"]

    def _open(self, day: str, start: str | None, end: str | None) -> list[dict[str, Any]]:
        return [
            {
                "crossing": c["crossing"], "start": c["start"], "end": c["end"], "leaves": c["leaves"], "lands": c["lands"],
                "operator": "Northline", "free": c["days"][day]["free"], "fares": c["days"][day]["fares"],
            }
            for c in self.rows["crossings"].values()
            if start in (None, c["start"]) and end in (None, c["end"]) and c["days"].get(day, {}).get("state") == "open"
        ]  # fmt: skip

    def find_crossings(self, start: str, end: str, day: str) -> Any:
        return self._open(day, start, end)

    def find_with_change(self, start: str, end: str, day: str) -> Any:
        return [
            [one, other]
            for one in self._open(day, start, None)
            for other in self._open(day, one["end"], end)
            if one["lands"] <= other["leaves"]
        ]

    def book_trip(
        self, member_id: str, deck: str, legs: list[Any], guests: list[Any], payments: list[Any], crates: int
    ) -> Any:
        member = self.get_member(member_id)
        total, made = 0, []
        for leg in legs:
            day = self._on(self._crossing(leg["crossing"]), leg["day"])
            if day["state"] != "open":
                raise Refused(f"Error: {leg['crossing']} cannot be booked for {leg['day']}")
            if day["free"][deck] < len(guests):
                raise Refused(f"Error: {leg['crossing']} has too few places")
            made.append({"crossing": leg["crossing"], "day": leg["day"], "fare": day["fares"][deck]})
            total += day["fares"][deck] * len(guests)
        total += 12 * crates
        for part in payments:
            wallet = member["wallets"].get(part["wallet_id"])
            if wallet is None:
                raise Refused(f"Error: wallet {part['wallet_id']} is not yours")
            if wallet["kind"] != "card" and wallet["left"] < part["sum"]:
                raise Refused(f"Error: wallet {part['wallet_id']} does not hold that much")
        given = sum(part["sum"] for part in payments)
        if given != total:
            raise Refused(f"Error: the trip costs {total}, but {given} was offered")
        for part in payments:
            wallet = member["wallets"][part["wallet_id"]]
            if wallet["kind"] != "card":
                wallet["left"] -= part["sum"]
        number = max(int(trip[2:]) for trip in self.rows["trips"]) + 1
        trip = {
            "trip_id": f"TR{number}", "member_id": member_id, "deck": deck, "legs": made, "guests": guests,
            "payments": payments, "crates": crates, "state": "booked", "made_at": TODAY,
        }  # fmt: skip
        self.rows["trips"][trip["trip_id"]] = trip
        member["trips"].append(trip["trip_id"])
        return trip

    def _pay(self, member: dict[str, Any], wallet_id: str, price: int) -> list[dict[str, Any]]:
        if wallet_id not in member["wallets"]:
            raise Refused("Error: no such wallet")
        wallet = member["wallets"][wallet_id]
        if wallet["kind"] == "voucher":
            raise Refused("Error: vouchers pay for new trips alone")
        if wallet["kind"] == "coins" and wallet["left"] < price:
            raise Refused("Error: too few coins in the wallet")
        if wallet["kind"] == "coins":
            wallet["left"] -= price
        return [{"wallet_id": wallet_id, "sum": price}] if price else []

    def set_crates(self, trip_id: str, crates: int, wallet_id: str) -> Any:
        trip = self.get_trip(trip_id)
        extra = 12 * max(0, crates - trip["crates"])
        trip["payments"] += self._pay(self.rows["members"][trip["member_id"]], wallet_id, extra)
        trip["crates"] = crates
        return trip

    def change_deck(self, trip_id: str, deck: str, wallet_id: str) -> Any:
        trip = self.get_trip(trip_id)
        if trip["state"] != "booked":
            raise Refused("Error: this trip is over")
        if deck == trip["deck"]:
            raise Refused("Error: that is the deck already")
        made = []
        for leg in trip["legs"]:
            day = self.rows["crossings"][leg["crossing"]]["days"][leg["day"]]
            if day["state"] != "open":
                raise Refused(f"Error: {leg['crossing']} cannot be booked for {leg['day']}")
            made.append({**leg, "fare": day["fares"][deck]})
        more = (sum(leg["fare"] for leg in made) - sum(leg["fare"] for leg in trip["legs"])) * len(trip["guests"])
        trip["payments"] += self._pay(self.rows["members"][trip["member_id"]], wallet_id, more)
        trip["legs"], trip["deck"] = made, deck
        return trip

    def rename_guests(self, trip_id: str, guests: list[Any]) -> Any:
        trip = self.get_trip(trip_id)
        if len(guests) != len(trip["guests"]):
            raise Refused("Error: the number of guests stays as it is")
        trip["guests"] = guests
        return trip

    def cancel_trip(self, trip_id: str, reason: str) -> Any:
        trip = self.get_trip(trip_id)
        if trip["state"] != "booked":
            raise Refused("Error: this trip is over")
        if reason not in ("illness", "weather", "change of mind"):
            raise Refused("Error: this is no reason")
        back = [{"wallet_id": part["wallet_id"], "sum": -part["sum"]} for part in trip["payments"]]
        trip["payments"] += back
        trip["state"] = "cancelled"
        trip["reason"] = reason
        return trip

    def give_voucher(self, member_id: str, amount: int) -> Any:
        member = self.get_member(member_id)
        if member["level"] == "blue":
            raise Refused(f"Error: {member_id} is not entitled to a voucher")
        name = next(n for n in ("voucher-900001", "voucher-900002", "voucher-900003") if n not in member["wallets"])
        member["wallets"][name] = {"wallet_id": name, "kind": "voucher", "left": amount}
        return f"{name} over {amount} is in the wallets of {member_id}."

    def call_somebody(self, summary: str) -> Any:
        return "Somebody comes."


def calls(seed: int = 0, trajectories: int = 200) -> list[RecordedCall]:
    """Runs of a careless clerk, each on the initial rows."""
    rows = database()
    return recorded(lambda: Ferries(rows), _policy, seed, trajectories, READS)


def _policy(client: Client) -> None:
    dice, rows = client.dice, client.service.rows
    member_id = dice.choice(list(rows["members"]))
    client.ask("get_member", member_id=member_id if dice.random() < 0.95 else f"{member_id}x")
    for trip_id in rows["members"][member_id]["trips"]:
        client.ask("get_trip", trip_id=trip_id)
    for _ in range(dice.randrange(1, 5)):
        _act(client, member_id)
        if dice.random() < 0.6:
            client.ask("get_member", member_id=member_id)
    if dice.random() < 0.3:
        client.ask("call_somebody", summary=dice.choice(["lost", "angry"]))


def _act(client: Client, member_id: str) -> None:
    dice, rows = client.dice, client.service.rows
    member = rows["members"][member_id]
    trips = [*member["trips"], dice.choice(list(rows["trips"]))]
    trip_id = dice.choice(trips) if dice.random() < 0.95 else f"TR{dice.randrange(10)}"
    owner = rows["trips"].get(trip_id, {}).get("member_id", member_id)
    wallet = dice.choice([*rows["members"][owner]["wallets"], *rows["members"][owner]["wallets"], "card-1"])
    start, end = dice.sample(list(PORTS), 2)
    day = dice.choice(DAYS) if dice.random() < 0.93 else "2031-09-01"
    match dice.randrange(12):
        case 0 | 1:
            client.ask("find_crossings", start=start, end=end, day=day)
        case 2:
            client.ask("find_with_change", start=start, end=end, day=day)
        case 3:
            code = dice.choice([*rows["crossings"], "N7"])
            client.ask("crossing_state", crossing=code, day=day)
        case 4 | 5:
            _book(client, member, start, end, day)
        case 6:
            client.ask("set_crates", trip_id=trip_id, crates=dice.randrange(5), wallet_id=wallet)
        case 7:
            client.ask("change_deck", trip_id=trip_id, deck=dice.choice(DECKS), wallet_id=wallet)
        case 8:
            guests = rows["trips"].get(trip_id, {}).get("guests", [{}])
            fresh = [{**guest, "given": dice.choice(["Kai", "Lou"])} for guest in guests]
            client.ask("rename_guests", trip_id=trip_id, guests=fresh if dice.random() < 0.8 else fresh * 2)
        case 9:
            reason = dice.choice(["illness", "weather", "change of mind", "boredom"])
            client.ask("cancel_trip", trip_id=trip_id, reason=reason)
            client.ask("get_trip", trip_id=trip_id)
        case 10:
            client.ask("give_voucher", member_id=member_id, amount=dice.choice([20, 50, 80]))
        case 11:
            dice.choice([_ports, _sum])(client)


def _ports(client: Client) -> None:
    client.ask("list_ports")


def _sum(client: Client) -> None:
    dice = client.dice
    client.ask(
        "add_up",
        sum_of=f"{dice.randrange(9, 400)} {dice.choice('+-*')} {dice.randrange(2, 90)} / {dice.randrange(2, 9)}",
    )


def _book(client: Client, member: dict[str, Any], start: str, end: str, day: str) -> None:
    dice, service = client.dice, client.service
    deck = dice.choice(DECKS)
    found = client.ask("find_crossings", start=start, end=end, day=day)
    if not found and dice.random() < 0.7:
        return
    legs = [{"crossing": dice.choice(found or list(service.rows["crossings"].values()))["crossing"], "day": day}]
    if dice.random() < 0.3:
        legs.append({"crossing": dice.choice(list(service.rows["crossings"])), "day": dice.choice(DAYS)})
    guests = [{"given": dice.choice(["Ole", "Siv"]), "born": "1980-01-01"} for _ in range(dice.randrange(1, 3))]
    crates = dice.randrange(3)
    try:
        days = [service._on(service._crossing(leg["crossing"]), leg["day"]) for leg in legs]
        total = sum(d["fares"][deck] for d in days) * len(guests) + 12 * crates
    except (Refused, KeyError):
        total = 100
    wallets = list(member["wallets"])
    chosen = dice.sample(wallets, min(len(wallets), dice.choice([1, 1, 2])))
    rest = total if dice.random() < 0.85 else total + 5
    payments = []
    for wallet in chosen[:-1]:
        part = min(rest, member["wallets"][wallet].get("left", 25))
        payments.append({"wallet_id": wallet, "sum": part})
        rest -= part
    cards = [w for w in wallets if w.startswith("card")]
    last = dice.choice(cards) if cards and dice.random() < 0.7 else chosen[-1]
    payments.append({"wallet_id": last if dice.random() < 0.95 else "card-2", "sum": rest})
    who = member["member_id"] if dice.random() < 0.95 else "nobody_1"
    client.ask("book_trip", member_id=who, deck=deck, legs=legs, guests=guests, payments=payments, crates=crates)
