"""A workshop for repairs: a search with words, states and days; labels of parts that come and go; prices in its code."""

from __future__ import annotations

import copy
import random
from typing import Any

from schemas.recorded import RecordedCall
from tests.learn.fictional.recording import Client, Refused, recorded

READS = ["look_at", "search_jobs", "find_parts", "label", "quote"]
NOW = "2040-03-15 09:30:00"
STAFF = ["inga.moe@fix.example", "per.lie@fix.example", "tor.aas@fix.example"]
THINGS = ["kettle", "lamp", "radio", "bike", "clock", "heater"]
FAULTS = ["broken", "leaking", "noisy", "rusty"]
STATES = ["New", "Working", "Done"]
RATES = {"bike": 25, "clock": 60, "heater": 45, "kettle": 30, "lamp": 20, "radio": 40}


def database(seed: int = 0) -> dict[str, Any]:
    """Jobs and parts."""
    dice = random.Random(seed)
    jobs = [
        {
            "job_id": f"{n + 1:06}",
            "title": f"{dice.choice(FAULTS).title()} {dice.choice(THINGS)}",
            "notes": f"{dice.choice(['check', 'replace', 'clean'])} the {dice.choice(['switch', 'cable', 'lid'])}",
            "owner": dice.choice(["Ola Vik", "Kari Ness", "Odd Rud"]),
            "state": dice.choice(STATES),
            "urgent": dice.random() < 0.4,
            "paid": dice.random() < 0.5,
            "assigned": dice.choice(STAFF),
            "received": f"2040-0{dice.randrange(1, 4)}-{dice.randrange(1, 29):02} {dice.randrange(8, 18):02}:15:00",
        }
        for n in range(70)
    ]
    parts = [
        {"part_id": f"P{n + 100}", "name": f"{thing} {part}", "stock": dice.randrange(5), "shelf": dice.choice("AB")}
        for n, (thing, part) in enumerate((t, p) for t in THINGS for p in ("switch", "lid"))
    ]
    return {"jobs": jobs, "parts": parts}


class Workshop:
    """The service itself."""

    def __init__(self, rows: dict[str, Any]) -> None:
        self.rows = copy.deepcopy(rows)
        self.jobs: list[dict[str, Any]] = self.rows["jobs"]

    def _job(self, job_id: str) -> dict[str, Any]:
        found = next((job for job in self.jobs if job["job_id"] == job_id), None)
        if found is None:
            raise Refused("There is no such job.")
        return found

    def look_at(self, job_id: str, field: str) -> Any:
        job = self._job(job_id)
        if field not in job:
            raise Refused("Jobs have no such field.")
        return {field: job[field]}

    def search_jobs(
        self, query: str = "", state: str = "", assigned: str = "", since: str = "", until: str = ""
    ) -> Any:
        if not any((query, state, assigned, since, until)):
            return "Say what to look for."
        found = [
            job
            for job in self.jobs
            if any(query.lower() in job[name].lower() for name in ("title", "notes", "owner"))
            and (not state or job["state"].lower() == state.lower())
            and assigned.lower() in job["assigned"]
            and (not since or job["received"] >= since)
            and (not until or job["received"][:10] <= until)
        ]
        return sorted(found, key=lambda job: str(job["received"]), reverse=True)[:6] or "No job is like that."

    def add_job(self, title: str, owner: str, assigned: str, notes: str = "") -> Any:
        if "@" not in assigned:
            raise Refused("Jobs are assigned to addresses.")
        job_id = f"{max(int(job['job_id']) for job in self.jobs) + 1:06}"
        made = {
            "job_id": job_id, "title": title, "notes": notes, "owner": owner, "state": "New", "urgent": False,
            "paid": False, "assigned": assigned.lower(), "received": NOW,
        }  # fmt: skip
        self.jobs.append(made)
        return job_id

    def set_field(self, job_id: str, field: str, value: str) -> Any:
        job = self._job(job_id)
        if field == "state" and value not in STATES:
            raise Refused("A state is 'New', 'Working' or 'Done'.")
        job[field] = value
        return "It is written down."

    def label(self, job_id: str) -> Any:
        job = self._job(job_id)
        parts = [f"Job {int(job_id)}", job["title"], "to do" if job["state"] == "New" else job["state"].lower()]
        parts += ["URGENT"] if job["urgent"] else []
        parts += ["paid"] if job["paid"] else []
        return " | ".join(parts)

    def quote(self, thing: str, hours: int) -> Any:
        if thing not in RATES:
            raise Refused(f"Nobody here repairs a {thing}.")
        return {"thing": thing, "price": RATES[thing] * hours}

    def find_parts(self, name: str = "", shelf: str = "") -> Any:
        found = [part for part in self.rows["parts"] if name.lower() in part["name"] and shelf in part["shelf"]]
        shown = [f"{part['part_id']}: {part['name']} ({part['stock']} left)" for part in found]
        return "\n".join(f"{n}. {line}" for n, line in enumerate(shown, 1)) or "No such part."


def calls(seed: int = 0, trajectories: int = 200) -> list[RecordedCall]:
    """Runs of a careless clerk, each on the initial rows."""
    rows = database()
    return recorded(lambda: Workshop(rows), _policy, seed, trajectories, READS)


def _policy(client: Client) -> None:
    dice, jobs = client.dice, client.service.jobs
    for _ in range(dice.randrange(3, 6)):
        job_id = dice.choice(jobs)["job_id"] if dice.random() < 0.9 else "999999"
        match dice.randrange(9):
            case 0 | 1:
                client.ask("search_jobs", **_wishes(dice))
            case 2:
                client.ask("look_at", job_id=job_id, field=dice.choice(["title", "owner", "state", "colour"]))
            case 3:
                who = dice.choice([*STAFF, "TOR.AAS@fix.example", "nobody"])
                title = f"{dice.choice(FAULTS)} {dice.choice(THINGS)}"
                client.ask("add_job", title=title, owner="Nils Bro", assigned=who)
                client.ask("search_jobs", query=title)
            case 4:
                field, value = dice.choice(
                    [("state", "Done"), ("state", "Lost"), ("owner", "Siri Foss"), ("notes", "-")]
                )
                client.ask("set_field", job_id=job_id, field=field, value=value)
                client.ask("look_at", job_id=job_id, field=field)
            case 5:
                client.ask("label", job_id=job_id)
            case 6:
                client.ask("quote", thing=dice.choice([*THINGS, "violin"]), hours=dice.randrange(1, 6))
            case 7 | 8:
                client.ask("find_parts", **_part(dice))


def _wishes(dice: random.Random) -> dict[str, str]:
    values = {
        "query": [*THINGS, *FAULTS, "KARI", "Ola Vik", "check the"], "state": ["new", "Done"],
        "assigned": ["inga", *STAFF], "since": ["2040-02-01", "2040-03-01"], "until": ["2040-02-20", "2040-03-10"],
    }  # fmt: skip
    return {
        name: dice.choice(some) for name, some in values.items() if dice.random() < (0.6 if name == "query" else 0.3)
    }


def _part(dice: random.Random) -> dict[str, str]:
    values = {"name": [*THINGS, "lid", "SWITCH", "zzz"], "shelf": ["A", "B"]}
    return {name: dice.choice(some) for name, some in values.items() if dice.random() < 0.6}
