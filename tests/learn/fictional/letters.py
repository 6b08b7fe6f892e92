"""An office of letters and clients: two tables of texts, changed without being shown."""

from __future__ import annotations

import copy
import random
from datetime import datetime, timedelta
from typing import Any

from schemas.recorded import RecordedCall
from tests.learn.fictional.recording import Client, Refused, recorded

STAFF = [
    f"{name}@inkhouse.example" for name in ("pia.holt", "rolf.eide", "sana.amin", "tor.vik", "unni.lund", "vera.roy")
]
TOPICS = [
    "roof",
    "lease",
    "harvest",
    "barley",
    "invoice",
    "ledger",
    "fence",
    "orchard",
    "survey",
    "winter",
    "mill",
    "bridge",
    "permit",
    "seed",
    "auction",
]
STAGES = ["New", "Talking", "Signed", "Gone"]
FIELDS = ["client_name", "client_mail", "keeper", "stage", "last_seen", "remark"]
NOW = "2032-02-14 08:00:00"
READS = ["letters.read", "letters.search", "clients.search", "staff.look_up"]


def database(seed: int = 0) -> dict[str, Any]:
    """Letters with times, clients with stages, and the addresses of the staff."""
    dice = random.Random(seed)
    moment = datetime(2032, 1, 3, 9)  # noqa: DTZ001 - the service knows no zones
    letters = []
    for number in dice.sample(range(1000), 240):
        moment += timedelta(minutes=dice.randrange(30, 400))
        letters.append(
            {
                "letter_no": f"{number:06}",
                "tray": dice.choice(["in", "out"]),
                "party": dice.choice(STAFF),
                "topic": " ".join(dice.sample(TOPICS, 2)).capitalize(),
                "sent": moment.strftime("%Y-%m-%d %H:%M:%S"),
                "words": " ".join(dice.choice(TOPICS) for _ in range(9)) + ". Yours, " + dice.choice(["P", "R", "S"]),
            }
        )
    clients = [
        {
            "client_no": f"{number:06}",
            "client_name": f"{dice.choice(['Abel', 'Bodil', 'Carl', 'Dina'])} {dice.choice(['Moe', 'Ness', 'Ost', 'Pil'])}",
            "client_mail": f"c{number}@{dice.choice(['farm', 'mill', 'dock'])}.example",
            "keeper": dice.choice(STAFF),
            "stage": dice.choice(STAGES),
            "last_seen": f"2032-01-{dice.randrange(1, 31):02}",
            "remark": "",
        }
        for number in range(150)
    ]
    return {"letters": letters, "clients": clients, "staff": [{"address": address} for address in STAFF]}


class Office:
    """The service itself."""

    def __init__(self, rows: dict[str, Any]) -> None:
        self.rows = copy.deepcopy(rows)

    def __getattribute__(self, name: str) -> Any:
        return object.__getattribute__(self, name.replace(".", "_"))

    def _letter(self, letter_no: str) -> dict[str, Any]:
        found = [letter for letter in self.rows["letters"] if letter["letter_no"] == letter_no]
        if not found:
            raise Refused("There is no such letter.")
        only: dict[str, Any] = found[0]
        return only

    def letters_read(self, letter_no: str = "", field: str = "") -> Any:
        if not letter_no:
            raise Refused("Which letter?")
        if not field:
            raise Refused("Which field?")
        letter = self._letter(letter_no)
        if field not in letter:
            raise Refused("Letters have no such field.")
        return {field: letter[field]}

    def letters_search(self, text: str = "", since: str = "", until: str = "") -> Any:
        words = text.lower()
        found = [
            letter
            for letter in self.rows["letters"]
            if (
                words in letter["topic"].lower() or words in letter["words"].lower() or words in letter["party"].lower()
            )
            and (not since or letter["sent"] >= since)
            and (not until or letter["sent"] <= until)
        ]
        return sorted(found, key=lambda letter: letter["sent"], reverse=True)[:4] or "Nothing was found."

    def _file(self, party: str, topic: str, words: str) -> None:
        number = max(int(letter["letter_no"]) for letter in self.rows["letters"]) + 1
        self.rows["letters"].append(
            {"letter_no": f"{number:06}", "tray": "out", "party": party, "topic": topic, "sent": NOW, "words": words}
        )

    def letters_post(self, party: str = "", topic: str = "", words: str = "") -> Any:
        if not party or not topic or not words:
            raise Refused("A letter needs a party, a topic and words.")
        if "@" not in party:
            raise Refused("That is no address.")
        self._file(party.lower(), topic, words)
        return "Posted."

    def letters_answer(self, letter_no: str = "", words: str = "") -> Any:
        if not letter_no or not words:
            raise Refused("An answer needs a letter and words.")
        letter = self._letter(letter_no)
        self._file(letter["party"], letter["topic"], words)
        return "Answered."

    def letters_pass_on(self, letter_no: str = "", party: str = "") -> Any:
        if not letter_no or not party:
            raise Refused("Passing on needs a letter and a party.")
        letter = self._letter(letter_no)
        if "@" not in party:
            raise Refused("That is no address.")
        self._file(party.lower(), "Fwd: " + letter["topic"], letter["words"])
        return "Passed on."

    def letters_burn(self, letter_no: str = "") -> Any:
        if not letter_no:
            raise Refused("Which letter?")
        self.rows["letters"].remove(self._letter(letter_no))
        return "Burnt."

    def _client(self, client_no: str) -> dict[str, Any]:
        found = [client for client in self.rows["clients"] if client["client_no"] == client_no]
        if not found:
            raise Refused("There is no such client.")
        only: dict[str, Any] = found[0]
        return only

    def clients_search(
        self, client_name: str = "", keeper: str = "", stage: str = "", seen_from: str = "", seen_to: str = ""
    ) -> Any:
        if not (client_name or keeper or stage or seen_from or seen_to):
            raise Refused("Say what to look for.")
        asked = {"client_name": client_name, "keeper": keeper, "stage": stage}
        found = [
            client
            for client in self.rows["clients"]
            if all(value.lower() in client[field].lower() for field, value in asked.items() if value)
            and (not seen_from or client["last_seen"] >= seen_from)
            and (not seen_to or client["last_seen"] <= seen_to)
        ]
        return found[:4]

    def clients_set(self, client_no: str = "", field: str = "", value: str = "") -> Any:
        if not client_no or not field or not value:
            raise Refused("Say which client, which field and which value.")
        if field not in FIELDS:
            raise Refused(f"There is no such field; there are {', '.join(FIELDS)}.")
        if field == "stage" and value not in STAGES:
            raise Refused("A stage is one of: 'New', 'Talking', 'Signed', 'Gone'.")
        client = self._client(client_no)
        client[field] = value.lower() if field in ("client_mail", "keeper") else value
        return "Noted."

    def clients_enrol(self, client_name: str = "", keeper: str = "", stage: str = "", remark: str = "") -> Any:
        if not client_name or not keeper or not stage:
            raise Refused("Name, keeper and stage are needed.")
        number = f"{max(int(client['client_no']) for client in self.rows['clients']) + 1:06}"
        self.rows["clients"].append(
            {
                "client_no": number,
                "client_name": client_name,
                "client_mail": "",
                "keeper": keeper.lower(),
                "stage": stage,
                "last_seen": "",
                "remark": remark,
            }
        )
        return number

    def clients_strike(self, client_no: str = "") -> Any:
        if not client_no:
            raise Refused("Which client?")
        self.rows["clients"].remove(self._client(client_no))
        return "Struck off."

    def staff_look_up(self, name: str = "") -> Any:
        if not name:
            raise Refused("Whose address?")
        return [one["address"] for one in self.rows["staff"] if name.lower() in one["address"].lower()]


def calls(seed: int = 0, trajectories: int = 200) -> list[RecordedCall]:
    """Runs of a careless clerk, each on the initial rows."""
    rows = database()
    return recorded(lambda: Office(rows), _policy, seed, trajectories, READS)


def _policy(client: Client) -> None:
    for _ in range(client.dice.randrange(1, 5)):
        _act(client)


def _act(client: Client) -> None:
    dice, rows = client.dice, client.service.rows
    letter = dice.choice(rows["letters"])["letter_no"] if dice.random() < 0.9 else dice.choice(["999999", "7", ""])
    customer = dice.choice(rows["clients"])["client_no"] if dice.random() < 0.9 else dice.choice(["999999", ""])
    party = dice.choice([*STAFF, "Vera.Roy@INKHOUSE.example", "somebody"])
    match dice.randrange(12):
        case 0 | 1:
            _search(client)
        case 2:
            client.ask("letters.read", letter_no=letter, field=dice.choice(["topic", "words", "sent", "colour", ""]))
        case 3:
            client.ask("letters.burn", letter_no=letter)
            client.ask("letters.read", letter_no=letter, field="topic")
        case 4:
            client.ask("letters.pass_on", letter_no=letter, party=party)
            client.ask("letters.search", text="Fwd: ")
        case 5:
            client.ask("letters.answer", letter_no=letter, words=dice.choice(["Thank you", "Gladly", ""]))
            client.ask("letters.search", text=dice.choice(["thank", "gladly"]))
        case 6:
            client.ask("letters.post", party=party, topic=f"On {dice.choice(TOPICS)}", words=dice.choice(["Well", ""]))
            client.ask("letters.search", text=dice.choice(["On ", "well"]))
        case 7 | 8:
            found = _clients(client)
            if found and dice.random() < 0.5:
                number = dice.choice(found)["client_no"]
                client.ask("clients.set", client_no=number, field="stage", value=dice.choice(STAGES))
                _clients(client)
        case 9:
            field = dice.choice([*FIELDS, "stage", "colour"])
            value = dice.choice(["Signed", "call back", "Sana.Amin@inkhouse.example", ""])
            client.ask("clients.set", client_no=customer, field=field, value=value)
            _clients(client)
        case 10:
            stage = dice.choice([*STAGES, ""])
            extra = {"remark": "met at the fair"} if dice.random() < 0.4 else {}
            client.ask(
                "clients.enrol", client_name="Egil Quist", keeper=dice.choice(STAFF).title(), stage=stage, **extra
            )
            client.ask("clients.search", client_name="egil")
        case 11:
            client.ask("clients.strike", client_no=customer)
            client.ask("staff.look_up", name=dice.choice(["pia", "VIK", "amin", "zz", ""]))


def _search(client: Client) -> None:
    dice = client.dice
    asked: dict[str, Any] = {"text": dice.choice([*TOPICS, "rolf", "Yours, P", "SURVEY", "zeppelin"])}
    if dice.random() < 0.4:
        asked["since"] = f"2032-01-{dice.randrange(10, 29)} 00:00:00"
    if dice.random() < 0.3:
        asked["until"] = f"2032-02-{dice.randrange(10, 20)} 00:00:00"
    client.ask("letters.search", **asked)


def _clients(client: Client) -> Any:
    dice = client.dice
    asked = {}
    for name, values in {
        "client_name": ["abel", "Moe", "Dina N"],
        "keeper": ["rolf", STAFF[2]],
        "stage": ["new", "Signed"],
        "seen_from": ["2032-01-10", "2032-01-20"],
        "seen_to": ["2032-01-25"],
    }.items():
        if dice.random() < 0.35:
            asked[name] = dice.choice(values)
    return client.ask("clients.search", **asked)
