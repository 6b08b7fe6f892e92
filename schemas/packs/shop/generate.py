"""Write what follows from the sales: `python schemas/packs/shop/generate.py` plays sales.yaml and writes trade.json."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from books import Books, Row

SEED = Path(__file__).parent / "seed"


def main() -> None:
    """Write trade.json beside base.yaml."""
    books = Books(yaml.safe_load((SEED / "base.yaml").read_text("utf-8"))["seed"])
    story = yaml.safe_load((SEED / "sales.yaml").read_text("utf-8"))
    books.stock(story["opening"])
    for sale in story["sales"]:
        books.sell(sale)
    for cart in story["carts"]:
        books.fill(cart)
    (SEED / "trade.json").write_text(text_of(books.rows), encoding="utf-8", newline="\n")


def text_of(rows: dict[str, list[Row]]) -> str:
    """JSON with one row a line."""
    blocks = []
    for entity, items in rows.items():
        lines = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in items)
        blocks.append(f'  "{entity}": [\n{lines}\n  ]')
    return '{"seed": {\n' + ",\n".join(blocks) + "\n}}\n"


if __name__ == "__main__":
    main()
