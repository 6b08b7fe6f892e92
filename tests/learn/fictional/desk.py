"""A help desk of customers and mails: what it makes is answered with a sentence or an id, and searched for afterwards."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from typing import Any

from schemas.recorded import RecordedCall
from tests.learn.fictional.recording import Client, recorded

GIVEN = ["Ada", "Bea", "Cyd", "Dov", "Eli"]
FAMILY = ["Holm", "Lind", "Berg", "Dahl", "Vik", "Strand"]
PLANS = ["free", "basic", "gold"]
WORDS = ["invoice", "delay", "refund", "thanks", "broken", "parts", "visit"]


def database(seed: int = 0) -> dict[str, Any]:
    """Customers of five fields, and mails."""
    dice = random.Random(seed)
    customers = [
        {
            "customer_id": f"K{n:03}",
            "name": f"{dice.choice(GIVEN)} {dice.choice(FAMILY)}",
            "town": dice.choice(["Ask", "Lid", "Hov"]),
            "plan": dice.choice(PLANS),
            "phone": f"55-{dice.randrange(1000, 9999)}",
        }
        for n in range(1, 41)
    ]
    mails = [
        {
            "mail_id": n,
            "to": f"{dice.choice(GIVEN).lower()}@{dice.choice(FAMILY).lower()}.example",
            "subject": " ".join(dice.sample(WORDS, 2)),
            "body": f"About {dice.choice(WORDS)}.",
        }
        for n in range(1, 61)
    ]
    return {"customers": customers, "mails": mails}


class Desk:
    """The service itself."""

    def __init__(self, rows: dict[str, Any]) -> None:
        self.rows = copy.deepcopy(rows)

    def find_customers(self, name: str | None = None, town: str | None = None, plan: str | None = None) -> Any:
        return [
            row
            for row in self.rows["customers"]
            if (not name or name.lower() in row["name"].lower()) and town in (None, row["town"]) and plan in (None, row["plan"])
        ]  # fmt: skip

    def find_mails(self, text: str) -> Any:
        return [row for row in self.rows["mails"] if text in row["subject"]]

    def add_customer(self, name: str, town: str, plan: str, phone: str) -> Any:
        key = f"K{len(self.rows['customers']) + 1:03}"
        self.rows["customers"].append({"customer_id": key, "name": name, "town": town, "plan": plan, "phone": phone})
        return {"id": key}

    def send_mail(self, to: str, subject: str, body: str) -> Any:
        number = len(self.rows["mails"]) + 1
        self.rows["mails"].append({"mail_id": number, "to": to, "subject": subject, "body": body})
        return "sent."


def calls(seed: int = 0, trajectories: int = 200) -> list[RecordedCall]:
    """Runs of a clerk, recorded without a word on which calls write; much is made, and then searched for."""
    rows = database()
    return [replace(call, kind="unknown") for call in recorded(lambda: Desk(rows), _policy, seed, trajectories, [])]


def _policy(client: Client) -> None:
    dice = client.dice
    for _ in range(dice.randrange(1, 4)):
        match dice.randrange(4):
            case 0:
                name = f"{dice.choice(GIVEN)} {dice.choice(FAMILY)}"
                asked = {"town": dice.choice(["Ask", "Lid", "Hov"]), "plan": dice.choice(PLANS)}
                phone = f"55-{dice.randrange(1000, 9999)}"
                client.ask("add_customer", name=name, phone=phone, **asked)
                if dice.random() < 0.8:
                    client.ask("find_customers", name=name)
            case 1:
                subject = " ".join(dice.sample(WORDS, 2))
                to = f"{dice.choice(GIVEN).lower()}@{dice.choice(FAMILY).lower()}.example"
                client.ask("send_mail", to=to, subject=subject, body=f"About {dice.choice(WORDS)}.")
                if dice.random() < 0.8:
                    client.ask("find_mails", text=subject)
            case 2:
                options = {
                    "town": dice.choice(["Ask", "Lid", "Hov"]),
                    "plan": dice.choice(PLANS),
                    "name": dice.choice(GIVEN),
                }
                chosen = {name: value for name, value in options.items() if dice.random() < 0.6}
                client.ask("find_customers", **chosen)
            case 3:
                client.ask("find_mails", text=dice.choice(WORDS))
