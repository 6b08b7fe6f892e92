"""A library: readers of several ranks borrow copies, days are counted, fines are paid, books are reserved."""

from __future__ import annotations

import copy
import random
from datetime import date, timedelta
from typing import Any

from schemas.recorded import RecordedCall
from tests.learn.fictional.recording import Client, Refused, recorded

TODAY = date(2033, 3, 10)
DAYS = {"child": 14, "adult": 28, "scholar": 56}
QUOTA = {"child": 2, "adult": 3, "scholar": 5}
READS = ["get_reader", "get_book", "find_books", "overdue_loans"]


def database(seed: int = 0) -> dict[str, Any]:
    """Readers, books with copies, and loans that run."""
    dice = random.Random(seed)
    readers = {
        f"R{n}": {
            "reader_id": f"R{n}",
            "name": f"{dice.choice(['Ina', 'Jon', 'Kaia', 'Leo'])} {dice.choice(['Moen', 'Nor', 'Oye'])}",
            "rank": dice.choice(list(DAYS)),
            "fines": dice.choice([0, 0, 0, 4, 12]),
            "blocked": dice.random() < 0.1,
            "loans": 0,
        }
        for n in range(100, 150)
    }
    books = {
        f"BK-{n:03}": {
            "book_id": f"BK-{n:03}",
            "title": f"{dice.choice(['The', 'A', 'My'])} {dice.choice(['River', 'House', 'Winter', 'Horse'])} {n}",
            "shelf": dice.choice(["fiction", "travel", "science"]),
            "copies": dice.randrange(4),
            "waiting": dice.sample(list(readers), dice.randrange(2)),
            "year": dice.randrange(1950, 2030),
        }
        for n in range(120)
    }
    loans = {}
    for n in range(1, 41):
        reader, book = dice.choice(list(readers)), dice.choice(list(books))
        due = TODAY + timedelta(days=dice.randrange(-20, 20))
        loans[f"L{n:05}"] = {
            "loan_id": f"L{n:05}", "reader_id": reader, "book_id": book, "due": due.isoformat(), "renewed": dice.randrange(3),
            "state": "out",
        }  # fmt: skip
        readers[reader]["loans"] += 1
    return {"readers": readers, "books": books, "loans": loans}


class Library:
    """The service itself."""

    def __init__(self, rows: dict[str, Any]) -> None:
        self.rows = copy.deepcopy(rows)

    def _one(self, table: str, key: str) -> dict[str, Any]:
        if key not in self.rows[table]:
            raise Refused(f"{table[:-1]} {key} is unknown")
        found: dict[str, Any] = self.rows[table][key]
        return found

    def get_reader(self, reader_id: str) -> Any:
        return self._one("readers", reader_id)

    def get_book(self, book_id: str) -> Any:
        return self._one("books", book_id)

    def find_books(self, words: str, shelf: str | None = None, from_year: int | None = None) -> Any:
        found = [
            {"book_id": b["book_id"], "title": b["title"], "on_shelf": b["copies"] > 0}
            for b in self.rows["books"].values()
            if words.lower() in b["title"].lower()
            and shelf in (None, b["shelf"])
            and (from_year is None or b["year"] >= from_year)
        ]
        return {"count": len(found), "books": found}

    def overdue_loans(self, day: str) -> Any:
        return [loan for loan in self.rows["loans"].values() if loan["state"] == "out" and loan["due"] < day]

    def borrow(self, reader_id: str, book_id: str) -> Any:
        reader, book = self._one("readers", reader_id), self._one("books", book_id)
        if reader["blocked"]:
            raise Refused(f"{reader['name']} is blocked")
        if reader["fines"] > 10:
            raise Refused(f"fines of {reader['fines']} have to be paid first")
        if reader["loans"] >= QUOTA[reader["rank"]]:
            raise Refused(f"a {reader['rank']} may have {QUOTA[reader['rank']]} books")
        if book["copies"] < 1:
            raise Refused(f"no copy of {book['title']} is in")
        book["copies"] -= 1
        reader["loans"] += 1
        number = f"L{len(self.rows['loans']) + 1:05}"
        due = (TODAY + timedelta(days=DAYS[reader["rank"]])).isoformat()
        loan = {
            "loan_id": number, "reader_id": reader_id, "book_id": book_id, "due": due, "renewed": 0, "state": "out"
        }  # fmt: skip
        self.rows["loans"][number] = loan
        return loan

    def renew(self, loan_id: str) -> Any:
        loan = self._one("loans", loan_id)
        if loan["state"] != "out":
            raise Refused("this loan is over")
        if loan["renewed"] >= 2:
            raise Refused("renewed twice already")
        if self.rows["books"][loan["book_id"]]["waiting"]:
            raise Refused("somebody waits for it")
        loan["renewed"] += 1
        loan["due"] = (date.fromisoformat(loan["due"]) + timedelta(days=7)).isoformat()
        return loan

    def give_back(self, loan_id: str, days_late: int = 0) -> Any:
        loan = self._one("loans", loan_id)
        if loan["state"] != "out":
            raise Refused("this loan is over")
        reader, book = self.rows["readers"][loan["reader_id"]], self.rows["books"][loan["book_id"]]
        loan["state"] = "back"
        book["copies"] += 1
        reader["loans"] -= 1
        fine = 2 * days_late
        reader["fines"] += fine
        return {"loan_id": loan_id, "fine": fine, "owed": reader["fines"]}

    def pay_fine(self, reader_id: str, amount: int) -> Any:
        reader = self._one("readers", reader_id)
        if amount <= 0:
            raise Refused("an amount is more than nothing")
        if amount > reader["fines"]:
            raise Refused(f"only {reader['fines']} is owed")
        reader["fines"] -= amount
        return f"{reader['name']} owes {reader['fines']} now."

    def reserve(self, reader_id: str, book_id: str) -> Any:
        self._one("readers", reader_id)
        book = self._one("books", book_id)
        if book["copies"] > 0:
            raise Refused(f"{book['title']} is in, borrow it")
        if reader_id in book["waiting"]:
            raise Refused("you wait for it already")
        book["waiting"].append(reader_id)
        return {"book_id": book_id, "place": len(book["waiting"])}


def calls(seed: int = 0, trajectories: int = 200) -> list[RecordedCall]:
    """Runs of a careless librarian, each on the initial rows."""
    rows = database()
    return recorded(lambda: Library(rows), _policy, seed, trajectories, READS)


def _policy(client: Client) -> None:
    dice, rows = client.dice, client.service.rows
    for _ in range(dice.randrange(2, 7)):
        reader = dice.choice([*rows["readers"], "R9"]) if dice.random() < 0.3 else dice.choice(list(rows["readers"]))
        book = dice.choice(list(rows["books"])) if dice.random() < 0.95 else "BK-999"
        loan = dice.choice(list(rows["loans"])) if dice.random() < 0.93 else "L99999"
        match dice.randrange(9):
            case 0 | 1:
                client.ask("borrow", reader_id=reader, book_id=book)
                client.ask("get_book", book_id=book)
            case 2:
                client.ask("renew", loan_id=loan)
            case 3:
                client.ask("give_back", loan_id=loan, days_late=dice.randrange(6))
                client.ask("get_reader", reader_id=rows["loans"].get(loan, {}).get("reader_id", reader))
            case 4:
                client.ask("pay_fine", reader_id=reader, amount=dice.choice([0, 1, 3, 20]))
            case 5:
                client.ask("reserve", reader_id=reader, book_id=book)
                client.ask("get_book", book_id=book)
            case 6:
                asked: dict[str, Any] = {"words": dice.choice(["river", "Horse 1", "my", "zzz"])}
                if dice.random() < 0.4:
                    asked["shelf"] = dice.choice(["fiction", "science"])
                if dice.random() < 0.3:
                    asked["from_year"] = dice.choice([1980, 2000])
                client.ask("find_books", **asked)
            case 7:
                client.ask("overdue_loans", day=(TODAY + timedelta(days=dice.randrange(-9, 9))).isoformat())
            case 8:
                client.ask("get_reader", reader_id=reader)
