"""The depot: a world with thirty parcels."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from schemas.load import load_pack
from schemas.types import Row, World

DEPOT = Path(__file__).parent / "depot.yaml"


@cache
def depot() -> World:
    """The world, made once."""
    pack = load_pack(DEPOT)
    return World(name="depot", packs=(pack.model_copy(update={"seed": {**pack.seed, "parcel": parcels()}}),))


def parcels() -> tuple[Row, ...]:
    return tuple(
        {
            "id": f"P-{n:03}",
            "label": f"box {n}",
            "note": None if n % 3 else f"handle {n} with care",
            "status": ["stored", "sent", "lost"][n % 3],
            "weight": n * 7 % 31 + 1,
            "van_id": f"V-{n % 3 + 1:02}" if n % 2 else None,
            "stamps": [],
        }
        for n in range(1, 31)
    )
