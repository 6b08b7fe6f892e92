"""Work at home: incidents, work orders, shifts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from random import Random

from emberfall.people import certified
from emberfall.rows import Row, Rows, amounts, at, key, named

# kind, severity, module, days ago, days to resolution (None: still open), what happened
INCIDENTS = (
    ("fire", "minor", "Old Pump House", 212, 3, "A bearing overheated and scorched its housing."),
    ("leak", "major", "Smelter", 148, 5, "Process water under the furnace floor."),
    ("power", "critical", "Reactor Hall", 97, 2, "A breaker stayed open; the field batteries carried the load."),
    ("contamination", "major", "Biology Laboratory", 71, 6, "A culture hood vented into the room."),
    ("depressurisation", "critical", "Fathom Airlock", 40, 1, "The outer seal lost pressure during a cycle."),
    ("medical", "minor", "Gymnasium", 19, 1, "Two people fainted; the air was rich in carbon dioxide."),
    ("leak", "major", "North Greenhouse Bay B", 1, None, "Coolant drips on the growing racks; the bay is shut."),
    ("fire", "minor", "Beacon Galley", 0, None, "Smoke from an oven; the detector keeps sounding."),
)

# title, module or rover, priority, certification it takes, status, parts, number of the order that blocks it
# The first eight belong to the incidents above, one each.
WORK_ORDERS = (
    ("Replace the scorched bearing", "Old Pump House", "normal", "mechanical", "done", (("Bearing set", 1),), None),
    ("Dry and seal the furnace floor", "Smelter", "high", "mechanical", "done", (("Pressure seal", 6),), None),
    ("Exchange the main breaker", "Reactor Hall", "urgent", "mechanical", "done", (), None),
    ("Refit the culture hood", "Biology Laboratory", "high", "laboratory", "done", (("Air filter", 4),), None),
    ("Renew the outer seal", "Fathom Airlock", "urgent", "mechanical", "done", (("Pressure seal", 8),), None),
    ("Clean the air ducts", "Gymnasium", "normal", "life-support", "done", (("Air filter", 3),), None),
    ("Stop the coolant leak in Bay B", "North Greenhouse Bay B", "urgent", "mechanical", "open",
     (("Coolant pump", 1), ("Coolant fluid", 40)), None),
    ("Reset the smoke detector", "Beacon Galley", "normal", None, "open", (), None),
    ("Fit new motors", "Tortoise", "high", "mechanical", "open", (("Rover motor", 4), ("Bearing set", 2)), None),
    ("Change the front wheels", "Wren", "normal", "mechanical", "open", (("Rover wheel", 2),), None),
    ("Align the steering", "Wren", "normal", "mechanical", "open", (), 10),
    ("Rotate the battery blocks", "Badger", "low", "mechanical", "open", (("Battery cell block", 2),), None),
    ("Reline the furnace", "Smelter", "high", "mechanical", "open", (("Hull patch", 4),), None),
    ("Test the furnace at heat", "Smelter", "normal", "mechanical", "open", (), 13),
    ("Resurface the pad", "South Pad", "high", "mechanical", "open", (("Hull patch", 8),), None),
    ("Replace the pad lights", "South Pad", "normal", "mechanical", "open", (("Light panel", 6),), 15),
    ("Pump out the flooded beds", "South Greenhouse", "low", "life-support", "open", (), None),
    ("Relight the south racks", "South Greenhouse", "low", "mechanical", "open", (("Light panel", 20),), 17),
    ("Move the seed stock north", "North Greenhouse", "normal", None, "open", (), 17),
    ("Swap the sorbent beds", "Fathom Life Support", "high", "life-support", "open", (("Sorbent", 60),), None),
    ("Quarterly filter change", "Alder Life Support", "normal", "life-support", "done", (("Air filter", 6),), None),
    ("Quarterly filter change", "Beacon Life Support", "normal", "life-support", "done", (("Air filter", 6),), None),
    ("Quarterly filter change", "Cinder Life Support", "normal", "life-support", "open", (("Air filter", 6),), None),
    ("Quarterly filter change", "Drift Life Support", "normal", "life-support", "open", (("Air filter", 6),), 23),
    ("Inspect the hatch hinges", "Garage Airlock", "normal", "mechanical", "open", (), None),
    ("Calibrate the spectrometer", "Geology Laboratory", "normal", "laboratory", "open", (("Reagent set", 1),), None),
    ("Sharpen the section saw", "Thin Section Room", "low", "mechanical", "done", (), None),
    ("Defrost the cold store", "Cold Store", "low", None, "open", (), None),
    ("Check the sterile air flow", "Surgery", "high", "medic", "open", (("Air filter", 2),), None),
    ("Descale the purifiers", "Water Works", "normal", "life-support", "open", (("Process water", 200),), None),
    ("Retune the long-range dish", "Signal Room", "normal", "mechanical", "done", (), None),
    ("Patch the tunnel lining", "Grove Airlock", "normal", "mechanical", "open", (("Hull patch", 3),), None),
    ("Replace the oven element", "Beacon Galley", "normal", "mechanical", "open", (), 8),
    ("Grease the hatch wheel", "Hearth Airlock", "low", None, "done", (), None),
)  # fmt: skip

# kind of module: duty there, certification it takes
DUTIES = {
    "command": ("watch", None),
    "galley": ("galley", None),
    "greenhouse": ("growing", None),
    "laboratory": ("research", "laboratory"),
    "life-support": ("maintenance", "mechanical"),
    "medbay": ("medical", "medic"),
    "power": ("maintenance", "mechanical"),
    "workshop": ("maintenance", "mechanical"),
}
DAYS, STARTS, SHIFTS_AT_ONCE = (-1, 0, 1), (-8, 0, 8), 8


def incidents(rows: Rows, chance: Random) -> Iterator[Row]:
    """Every incident, reported by someone who is at home."""
    people = [person for person in rows["colonist"] if person["status"] == "available"]
    for n, (kind, severity, module, ago, days, description) in enumerate(INCIDENTS, 1):
        declared = at(-ago, minutes=-chance.randint(30, 90))
        reporter, expert = chance.sample([person for person in people if person["arrived_on"] < declared], 2)
        resolved = None if days is None else at(days - ago, hours=2)
        timeline = [{"at": declared, "author_id": reporter["id"], "note": description}]
        if resolved:
            timeline.append({"at": resolved, "author_id": expert["id"], "note": "Repaired, tested, back in service."})
        yield {
            "id": f"INC-{n:03}",
            "kind": kind,
            "severity": severity,
            "status": "resolved" if resolved else "open",
            "module_id": key(rows["module"], module),
            "reported_by_id": reporter["id"],
            "declared_at": declared,
            "resolved_at": resolved,
            "timeline": timeline,
        }


def work_orders(rows: Rows, chance: Random) -> Iterator[Row]:
    """Every work order; the first ones repair what the incidents broke."""
    people = [person for person in rows["colonist"] if person["status"] == "available"]
    for n, (title, target, priority, certification, status, parts, blocker) in enumerate(WORK_ORDERS, 1):
        incident = rows["incident"][n - 1] if n <= len(INCIDENTS) else None
        done = status == "done"
        written = incident["declared_at"] if incident else at(-chance.randint(12, 30), hours=chance.randint(0, 9))
        finished = incident["resolved_at"] if incident else at(-chance.randint(2, 10), hours=chance.randint(0, 9))
        able = certified(people, certification)
        yield {
            "id": f"WO-{n:03}",
            "title": title,
            "priority": priority,
            "status": status,
            "module_id": next((module["id"] for module in rows["module"] if module["name"] == target), None),
            "rover_id": next((rover["id"] for rover in rows["rover"] if rover["name"] == target), None),
            "incident_id": incident["id"] if incident else None,
            "certification": certification,
            "assignee_id": chance.choice(able)["id"] if done or chance.random() < 0.5 else None,
            "blocked_by_ids": [f"WO-{blocker:03}"] if blocker else [],
            "parts": amounts(rows["supply"], parts),
            "created_at": written,
            "completed_at": finished if done else None,
        }


def shifts(rows: Rows, chance: Random) -> Iterator[Row]:
    """Yesterday, today and tomorrow in three shifts a day; everyone has one at most."""
    free = [person for person in rows["colonist"] if person["status"] == "available"]
    chance.shuffle(free)
    places = [module for module in rows["module"] if module["kind"] in DUTIES and module["status"] == "online"]
    n = 0
    for days, start in product(DAYS, STARTS):
        for module in chance.sample(places, SHIFTS_AT_ONCE):
            duty, certification = DUTIES[module["kind"]]
            person = certified(free, certification)[0]
            free.remove(person)
            n += 1
            yield shift(n, person, module, duty, 24 * days + start)
    leak = next(incident for incident in rows["incident"] if incident["status"] == "open")
    refuge = named(rows["module"], "Esker Life Support")
    for start in STARTS[1:]:
        n += 1
        yield shift(n, free.pop(0), refuge, "growing", start) | {"incident_id": leak["id"]}


def shift(n: int, person: Row, module: Row, duty: str, start: int) -> Row:
    """Eight hours on duty in one module, so many hours from the start of the world."""
    return {
        "id": f"SHIFT-{n:03}",
        "colonist_id": person["id"],
        "module_id": module["id"],
        "duty": duty,
        "status": "scheduled",
        "starts_at": at(hours=start),
        "ends_at": at(hours=start + 8),
        "incident_id": None,
    }
