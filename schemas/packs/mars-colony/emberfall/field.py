"""Work in the field: expeditions and the samples they bring home."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from emberfall.people import certified
from emberfall.places import DOSE_LIMIT
from emberfall.rows import Row, Rows, amounts, at, key, named

# title, purpose, site, rover, status, crew size, departed (days from now), days out, supplies
EXPEDITIONS = (
    ("First ice inventory", "prospecting", "Tollan Ice Field", "Otter", "returned", 4, -61, 2,
     (("Field ration pack", 24), ("Suit oxygen canister", 8))),
    ("Ridge transect east", "survey", "Glasswing Ridge", "Magpie", "returned", 2, -54, 1,
     (("Field ration pack", 6), ("Sample canister", 10))),
    ("Hollow Nine entry", "survey", "Hollow Nine", "Badger", "returned", 4, -47, 2,
     (("Tether line 50 m", 4), ("Field ration pack", 24))),
    ("Salt Harbour traverse", "research", "Salt Harbour", "Heron", "returned", 5, -38, 4,
     (("Field ration pack", 60), ("Core drill bit", 2))),
    ("Relay mast on Basalt Steps", "maintenance", "Basalt Steps", "Otter", "returned", 3, -29, 1,
     (("Battery cell block", 2), ("Field ration pack", 9))),
    ("Whisper Gully descent", "research", "Whisper Gully", "Lynx", "aborted", 3, -22, 1,
     (("Tether line 50 m", 2), ("Suit repair kit", 1))),
    ("Candle Crater cores", "research", "Candle Crater", "Kite", "returned", 5, -16, 3,
     (("Core drill bit", 3), ("Sample canister", 20))),
    ("Mirror Pan dust traps", "research", "Mirror Pan", "Magpie", "returned", 2, -9, 1,
     (("Sample canister", 8), ("Field ration pack", 6))),
    ("Red Larder deep ice", "prospecting", "Red Larder", "Pelican", "active", 5, -2, None,
     (("Field ration pack", 60), ("Sample canister", 16))),
    ("Lower Steps mapping", "survey", "Basalt Steps", "Lynx", "active", 3, -1, None,
     (("Field ration pack", 18), ("Suit oxygen canister", 6))),
    ("Tollan ice cores", "research", "Tollan Ice Field", "Otter", "planned", 4, 1, None,
     (("Field ration pack", 24), ("Suit oxygen canister", 8), ("Sample canister", 12))),
    ("Basalt Steps salvage", "recovery", "Basalt Steps", "Badger", "planned", 3, 1, None,
     (("Field ration pack", 9), ("Tether line 50 m", 2))),
    ("Hollow Nine deep gallery", "research", "Hollow Nine", "Kite", "planned", 4, 2, None,
     (("Tether line 50 m", 6), ("Field ration pack", 32))),
    ("Far Cairn drilling", "prospecting", "Far Cairn", "Heron", "planned", 5, 4, None,
     (("Core drill bit", 8), ("Field ration pack", 80))),
)  # fmt: skip

UNTRAINED = "Hollow Nine deep gallery"
REPORTS = {
    "returned": "Reached {site}, worked to plan, everyone back in good health.",
    "aborted": "Turned back at {site}: loose slope above the route, no one hurt.",
}
# days from now when South Greenhouse was flooded and went offline with its laboratory
FLOODED = -30
# kind of site: what is taken there
FINDS = {
    "ice": ("ice core", "brine"),
    "ridge": ("basalt", "dust"),
    "lava-tube": ("basalt", "mineral crust"),
    "plain": ("dust", "regolith"),
    "crater": ("regolith", "mineral crust"),
    "gully": ("regolith", "brine"),
    "basin": ("mineral crust", "regolith"),
}
RESULTS = {
    "spectrometry": ("Iron oxides above the usual share.", "Sulphates throughout.", "Nothing out of the ordinary."),
    "microscopy": ("Fine grains, well rounded.", "Sharp fragments, little weathering.", "Thin clay coatings."),
    "chemistry": ("Perchlorates within limits.", "Water content 4 %.", "Water content 11 %."),
}


def expeditions(rows: Rows, chance: Random) -> Iterator[Row]:
    """Every expedition. Nobody is on two that are active or planned, and who is out there says so."""
    people = [person for person in rows["colonist"] if person["status"] == "available"]
    people = [person for person in people if person["dose_msv"] < DOSE_LIMIT]
    for n, (title, purpose, site_name, rover, status, size, start, days, supplies) in enumerate(EXPEDITIONS, 1):
        site = named(rows["site"], site_name)
        crew = crew_of(people, size, site, chance, trained=title != UNTRAINED)
        if status in ("active", "planned"):
            people = [person for person in people if person not in crew]
        if status == "active":
            for person in crew:
                person["status"] = "in-field"
        yield {
            "id": f"EXP-{n:03}",
            "title": title,
            "purpose": purpose,
            "status": status,
            "site_id": site["id"],
            "rover_id": key(rows["rover"], rover),
            "leader_id": crew[0]["id"],
            "crew_ids": sorted(person["id"] for person in crew),
            "planned_for": at(start),
            "departed_at": None if status == "planned" else at(start, minutes=20),
            "returned_at": at(start + days, hours=5) if days else None,
            "report": REPORTS[status].format(site=site_name) if days else None,
            "supplies": amounts(rows["supply"], supplies),
        }


def crew_of(people: list[Row], size: int, site: Row, chance: Random, *, trained: bool) -> list[Row]:
    """A leader, a driver, a medic where the site is dangerous, then others; untrained, the last has no suit licence."""
    suited = certified(people, "eva")
    wanted = [site["leader_certification"], "rover-driver", "medic" if site["hazard"] == "high" else None]
    crew: list[Row] = []
    for certification in [*wanted, None, None][: size if trained else size - 1]:
        crew.append(chance.choice([person for person in certified(suited, certification) if person not in crew]))
    if not trained:
        crew.append(chance.choice([person for person in people if person not in suited]))
    return crew


def samples(rows: Rows, chance: Random) -> Iterator[Row]:
    """What the expeditions took. A sample has a place in a laboratory once its expedition is back."""
    laboratories = [module for module in rows["module"] if module["kind"] == "laboratory"]
    analysts = certified([person for person in rows["colonist"] if person["status"] == "available"], "laboratory")
    taken = [
        (expedition, pick)
        for expedition in rows["expedition"]
        if expedition["status"] != "planned" and expedition["purpose"] != "maintenance"
        for pick in range(chance.randint(3, 6))
    ]
    for n, (expedition, pick) in enumerate(taken, 1):
        site = next(site for site in rows["site"] if site["id"] == expedition["site_id"])
        start = next(entry for entry in EXPEDITIONS if entry[0] == expedition["title"])[6]
        home = expedition["returned_at"] is not None
        places = [module["id"] for module in laboratories if module["status"] == "online" or start < FLOODED]
        method = chance.choice(sorted(RESULTS))
        analysis = {
            "at": at(start + 5, minutes=chance.randint(0, 600)),
            "analyst_id": chance.choice(analysts)["id"],
            "method": method,
            "result": chance.choice(RESULTS[method]),
        }
        analysed = home and start < -10 and chance.random() < 0.6
        yield {
            "id": f"SAM-{n:03}",
            "label": f"{site['name']} {'ABCDEF'[pick]}",
            "kind": chance.choice(FINDS[site["kind"]]),
            "mass_g": chance.randint(120, 2400),
            "expedition_id": expedition["id"],
            "site_id": site["id"],
            "collector_id": chance.choice(expedition["crew_ids"]),
            "collected_at": at(start, hours=chance.randint(2, 20)),
            "module_id": chance.choice(places) if home else None,
            "analyses": [analysis] if analysed else [],
        }
