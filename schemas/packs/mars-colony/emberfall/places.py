"""The places: the colony itself, its habitats, their modules, the sites out in the field."""

from __future__ import annotations

from random import Random

from emberfall.rows import Row, day, key

ARRIVALS = (("2027-08-21", 46), ("2029-09-30", 212), ("2029-10-19", 172))
DOSE_LIMIT = 600

# name, purpose, capacity, headcount, oxygen kg, oxygen capacity kg, commissioned on, tunnels to
HABITATS = (
    ("Alder", "command", 48, 41, 520, 800, "2027-09-14", (2, 3, 8)),
    ("Beacon", "residential", 72, 63, 610, 1000, "2027-11-02", (1, 6, 7)),
    ("Cinder", "industrial", 60, 52, 480, 900, "2028-02-20", (1, 4)),
    ("Drift", "scientific", 56, 48, 390, 800, "2028-06-11", (3, 5)),
    ("Esker", "agricultural", 64, 57, 860, 1200, "2028-10-05", (4, 6)),
    ("Fathom", "residential", 72, 72, 205, 1000, "2029-03-27", (2, 5)),
    ("Grove", "residential", 76, 71, 540, 1000, "2029-08-16", (2, 8)),
    ("Hearth", "medical", 44, 26, 310, 600, "2029-12-01", (1, 7)),
)

# habitat, name, kind, status, name of the module it is part of
MODULES = (
    (1, "Alder Life Support", "life-support", "online", None),
    (1, "Alder Main Airlock", "airlock", "online", None),
    (1, "Command Centre", "command", "online", None),
    (1, "Signal Room", "command", "online", "Command Centre"),
    (1, "Alder Galley", "galley", "online", None),
    (2, "Beacon Life Support", "life-support", "online", None),
    (2, "Beacon Airlock", "airlock", "online", None),
    (2, "Beacon Galley", "galley", "online", None),
    (2, "School Room", "commons", "online", None),
    (3, "Cinder Life Support", "life-support", "online", None),
    (3, "Garage Airlock", "airlock", "online", None),
    (3, "Rover Bay", "workshop", "online", None),
    (3, "Machine Shop", "workshop", "online", "Rover Bay"),
    (3, "Smelter", "workshop", "maintenance", None),
    (3, "Propellant Plant", "power", "online", None),
    (3, "Reactor Hall", "power", "online", None),
    (3, "Old Pump House", "storage", "offline", None),
    (3, "North Pad", "landing-pad", "online", None),
    (3, "East Pad", "landing-pad", "online", None),
    (3, "South Pad", "landing-pad", "maintenance", None),
    (4, "Drift Life Support", "life-support", "online", None),
    (4, "Drift Airlock", "airlock", "online", None),
    (4, "Geology Laboratory", "laboratory", "online", None),
    (4, "Thin Section Room", "laboratory", "online", "Geology Laboratory"),
    (4, "Biology Laboratory", "laboratory", "online", None),
    (4, "Cold Store", "storage", "online", "Biology Laboratory"),
    (5, "Esker Life Support", "life-support", "online", None),
    (5, "Esker Airlock", "airlock", "online", None),
    (5, "North Greenhouse", "greenhouse", "online", None),
    (5, "North Greenhouse Bay A", "greenhouse", "online", "North Greenhouse"),
    (5, "North Greenhouse Bay B", "greenhouse", "locked-down", "North Greenhouse"),
    (5, "South Greenhouse", "greenhouse", "offline", None),
    (5, "South Soil Bench", "laboratory", "offline", "South Greenhouse"),
    (5, "South Seed Vault", "storage", "offline", "South Greenhouse"),
    (6, "Fathom Life Support", "life-support", "online", None),
    (6, "Fathom Airlock", "airlock", "online", None),
    (6, "Fathom Galley", "galley", "online", None),
    (6, "Gymnasium", "commons", "online", None),
    (7, "Grove Life Support", "life-support", "online", None),
    (7, "Grove Airlock", "airlock", "online", None),
    (7, "Grove Galley", "galley", "online", None),
    (7, "Water Works", "storage", "online", None),
    (8, "Hearth Life Support", "life-support", "online", None),
    (8, "Hearth Airlock", "airlock", "online", None),
    (8, "Infirmary", "medbay", "online", None),
    (8, "Surgery", "medbay", "online", "Infirmary"),
    (8, "Pharmacy", "storage", "online", "Infirmary"),
)

# name, kind, distance km, bearing, hazard, certification the leader needs, status
SITES = (
    ("Glasswing Ridge", "ridge", 18.5, 40, "low", None, "open"),
    ("Tollan Ice Field", "ice", 62.0, 352, "moderate", None, "open"),
    ("Hollow Nine", "lava-tube", 34.2, 118, "high", "caving", "open"),
    ("Mirror Pan", "plain", 27.8, 205, "low", None, "open"),
    ("Candle Crater", "crater", 81.4, 276, "moderate", None, "open"),
    ("Whisper Gully", "gully", 44.0, 158, "high", None, "restricted"),
    ("Old Descent Field", "plain", 6.3, 90, "low", None, "open"),
    ("Basalt Steps", "ridge", 52.7, 131, "moderate", None, "open"),
    ("Hollow Two", "lava-tube", 21.6, 110, "high", "caving", "closed"),
    ("Salt Harbour", "basin", 118.0, 233, "moderate", None, "open"),
    ("Red Larder", "ice", 73.9, 340, "moderate", None, "open"),
    ("Stillwater Scarp", "ridge", 96.5, 18, "high", None, "open"),
    ("Lantern Dunes", "dunes", 39.1, 64, "low", None, "restricted"),
    ("Far Cairn", "crater", 164.0, 301, "high", None, "open"),
)


def colony() -> Row:
    """The one record of the colony."""
    return {
        "id": "emberfall",
        "name": "Emberfall",
        "population": sum(people for _, people in ARRIVALS),
        "arrivals": [{"arrived_on": on, "people": people} for on, people in ARRIVALS],
        "alert": "amber",
        "dust_opacity": 0.7,
        "stored_kwh": 1150,
        "reserve_kwh": 1000,
        "oxygen_kg_per_person_day": 0.84,
        "oxygen_reserve_days": 3,
        "dose_limit_msv": DOSE_LIMIT,
    }


def habitats() -> list[Row]:
    """The habitats, none with a chief yet."""
    return [
        {
            "id": f"HAB-{n:02}",
            "name": name,
            "purpose": purpose,
            "status": "nominal",
            "capacity": capacity,
            "headcount": headcount,
            "oxygen_kg": oxygen,
            "oxygen_capacity_kg": tank,
            "commissioned_on": on,
            "chief_id": None,
            "connected_ids": [f"HAB-{other:02}" for other in tunnels],
        }
        for n, (name, purpose, capacity, headcount, oxygen, tank, on, tunnels) in enumerate(HABITATS, 1)
    ]


def modules(chance: Random) -> list[Row]:
    """The modules; one that is part of another comes after it."""
    rows: list[Row] = []
    for n, (habitat, name, kind, status, parent) in enumerate(MODULES, 1):
        row = {
            "id": f"MOD-{n:02}",
            "habitat_id": f"HAB-{habitat:02}",
            "parent_id": key(rows, parent),
            "name": name,
            "kind": kind,
            "status": status,
            "floor_area_m2": chance.randrange(24, 240, 4),
            "inspected_on": day(-chance.randint(3, 120)),
        }
        rows.append(row)
    return rows


def sites() -> list[Row]:
    """The sites that expeditions may go to."""
    return [
        {
            "id": f"SITE-{n:02}",
            "name": name,
            "kind": kind,
            "status": status,
            "distance_km": distance,
            "bearing_deg": bearing,
            "hazard": hazard,
            "leader_certification": certification,
        }
        for n, (name, kind, distance, bearing, hazard, certification, status) in enumerate(SITES, 1)
    ]
