"""The goods: rovers, stock, cargo ships."""

from __future__ import annotations

from random import Random

from emberfall.rows import Row, Rows, at, key

# name, class, seats, range km, load limit kg, battery kWh, status, battery %
ROVERS = (
    ("Pelican", "long-haul", 6, 420, 250, 180, "in-field", 61),
    ("Magpie", "scout", 2, 180, 60, 60, "ready", 100),
    ("Otter", "hauler", 4, 240, 400, 140, "ready", 96),
    ("Badger", "hauler", 4, 240, 400, 140, "ready", 34),
    ("Heron", "long-haul", 6, 420, 250, 180, "ready", 100),
    ("Wren", "scout", 2, 180, 60, 60, "in-repair", 72),
    ("Lynx", "scout", 3, 200, 80, 75, "in-field", 58),
    ("Tortoise", "hauler", 4, 220, 500, 150, "in-repair", 12),
    ("Kite", "long-haul", 5, 400, 220, 170, "ready", 88),
)

# name, category, unit, quantity, minimum, storage limit, habitat
SUPPLIES = (
    ("Field ration pack", "food", "pack", 640, 300, 2000, 2),
    ("Freeze-dried vegetables", "food", "kg", 410, 200, 900, 5),
    ("Legume flour", "food", "kg", 780, 300, 1200, 5),
    ("Cooking oil", "food", "l", 96, 120, 400, 2),
    ("Coffee substitute", "food", "kg", 38, 20, 80, 6),
    ("Potable water", "water", "l", 9200, 4000, 16000, 7),
    ("Process water", "water", "l", 5400, 2500, 12000, 7),
    ("Suit oxygen canister", "eva", "canister", 118, 60, 240, 1),
    ("Suit battery", "eva", "piece", 74, 40, 120, 1),
    ("Suit repair kit", "eva", "kit", 22, 15, 60, 3),
    ("Tether line 50 m", "eva", "piece", 31, 10, 60, 3),
    ("Helmet visor", "eva", "piece", 9, 12, 40, 3),
    ("Trauma kit", "medical", "kit", 26, 12, 60, 8),
    ("Broad antibiotic course", "medical", "course", 84, 60, 300, 8),
    ("Pain relief course", "medical", "course", 210, 100, 600, 8),
    ("Intravenous fluid", "medical", "l", 140, 80, 400, 8),
    ("Radiation prophylaxis dose", "medical", "dose", 52, 90, 400, 8),
    ("Air filter", "spare-part", "piece", 64, 40, 150, 3),
    ("Sorbent", "spare-part", "kg", 320, 150, 700, 3),
    ("Coolant pump", "spare-part", "piece", 5, 3, 12, 3),
    ("Coolant fluid", "spare-part", "l", 260, 100, 500, 3),
    ("Rover wheel", "spare-part", "piece", 14, 8, 30, 3),
    ("Rover motor", "spare-part", "piece", 3, 4, 12, 3),
    ("Battery cell block", "spare-part", "piece", 17, 10, 40, 3),
    ("Pressure seal", "spare-part", "piece", 88, 50, 200, 3),
    ("Bearing set", "spare-part", "piece", 41, 20, 100, 3),
    ("Light panel", "spare-part", "piece", 27, 15, 60, 5),
    ("Hull patch", "spare-part", "piece", 35, 20, 80, 3),
    ("Launch propellant", "propellant", "kg", 8600, 6000, 20000, 3),
    ("Sample canister", "science", "piece", 190, 80, 400, 4),
    ("Core drill bit", "science", "piece", 6, 6, 24, 4),
    ("Reagent set", "science", "set", 29, 15, 60, 4),
)

# name, status, pad, date of arrival in orbit, launch propellant kg, manifest of (supply, quantity, unloaded)
SHIPS = (
    ("Copper Sparrow", "docked", "North Pad", "2030-04-22", 2400,
     (("Field ration pack", 400, True), ("Cooking oil", 220, False), ("Radiation prophylaxis dose", 150, False))),
    ("Patient Lark", "in-orbit", None, "2030-05-01", 2600,
     (("Rover motor", 6, False), ("Rover wheel", 10, False), ("Helmet visor", 20, False))),
    ("Quiet Marten", "in-orbit", None, "2030-05-04", 3100,
     (("Coolant fluid", 300, False), ("Core drill bit", 12, False), ("Reagent set", 20, False))),
    ("Slow Heather", "in-transit", None, "2030-06-18", 2800,
     (("Legume flour", 250, False), ("Trauma kit", 20, False), ("Light panel", 30, False))),
)  # fmt: skip


def rovers(chance: Random) -> list[Row]:
    """The rovers, all garaged at Cinder."""
    return [
        {
            "id": f"ROV-{n:02}",
            "name": name,
            "kind": kind,
            "status": status,
            "seats": seats,
            "range_km": reach,
            "load_limit_kg": load,
            "battery_kwh": battery,
            "charge_percent": charge,
            "odometer_km": round(chance.uniform(300, 6200), 1),
            "garage_id": "HAB-03",
        }
        for n, (name, kind, seats, reach, load, battery, status, charge) in enumerate(ROVERS, 1)
    ]


def supplies() -> list[Row]:
    """What is in stock."""
    return [
        {
            "id": f"SUP-{n:02}",
            "name": name,
            "category": category,
            "unit": unit,
            "quantity": quantity,
            "minimum": minimum,
            "storage_limit": limit,
            "habitat_id": f"HAB-{habitat:02}",
        }
        for n, (name, category, unit, quantity, minimum, limit, habitat) in enumerate(SUPPLIES, 1)
    ]


def ships(rows: Rows) -> list[Row]:
    """The cargo ships, each with its manifest."""
    return [
        {
            "id": f"SHIP-{n:02}",
            "name": name,
            "status": status,
            "pad_id": key(rows["module"], pad),
            "reaches_orbit_at": f"{on}T06:00:00Z",
            "docked_at": at(days=-6) if pad else None,
            "propellant_kg": propellant,
            "manifest": [
                {"supply_id": key(rows["supply"], supply), "quantity": quantity, "unloaded": unloaded}
                for supply, quantity, unloaded in manifest
            ],
        }
        for n, (name, status, pad, on, propellant, manifest) in enumerate(SHIPS, 1)
    ]
