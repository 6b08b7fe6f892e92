"""Write the seed rows of Emberfall, the same bytes every time: `python schemas/packs/mars-colony/generate.py`."""

from __future__ import annotations

import json
import random
from pathlib import Path

from emberfall import field, goods, people, places, work
from emberfall.rows import Row, Rows

SEED = 430


def main() -> None:
    """Write seed.json beside this file."""
    rows = emberfall(random.Random(SEED))  # noqa: S311 - luck that repeats is the point
    (Path(__file__).parent / "seed.json").write_text(document(rows), encoding="utf-8", newline="\n")


def emberfall(chance: random.Random) -> Rows:
    """Every row, in an order in which each refers to earlier ones."""
    rows: Rows = {"colony": [places.colony()], "habitat": places.habitats(), "module": places.modules(chance)}
    rows["site"] = places.sites()
    rows["rover"] = goods.rovers(chance)
    rows["supply"] = goods.supplies()
    rows["ship"] = goods.ships(rows)
    rows["colonist"] = people.colonists(rows, chance)
    rows["expedition"] = list(field.expeditions(rows, chance))
    rows["sample"] = list(field.samples(rows, chance))
    rows["incident"] = list(work.incidents(rows, chance))
    rows["work_order"] = list(work.work_orders(rows, chance))
    rows["shift"] = list(work.shifts(rows, chance))
    return rows


def document(rows: Rows) -> str:
    """JSON with one row a line, so that a change of one row is a change of one line."""
    return '{"seed": {\n' + ",\n".join(table(name, entries) for name, entries in rows.items()) + "\n}}\n"


def table(name: str, rows: list[Row]) -> str:
    """The rows of one entity."""
    lines = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in rows)
    return f'  "{name}": [\n{lines}\n  ]'


if __name__ == "__main__":
    main()
