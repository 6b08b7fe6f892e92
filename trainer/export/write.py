"""Writing records, one pass over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from store.traces.exporters import appearing, card
from store.traces.parquet import write_parquet
from trainer.export.formats import COLUMNS, FORMATS, Format, Losses
from trainer.record import Record, write_records


@dataclass
class Written:
    """What was written: how many records, and what was lost of them."""

    records: int = 0
    losses: Losses = field(default_factory=Losses)


def write(records: Iterable[Record], to: str, out: Path) -> Written:
    """Write records in the format of this name; `out` is a file, or for `hf` a folder, which gets a card.

    Files appear whole or not at all.

    Raises:
        KeyError: there is no such format.
        StoreError: `datasets` is wanted and not installed.
        OSError: it cannot be written.
    """
    form, written = FORMATS[to], Written()
    counted = _counted(records, form, written)
    if to == "jsonl":
        write_records(out, counted)
    elif to == "hf":
        write_parquet(map(form.document, counted), COLUMNS, out)
        held = f"{written.records} training records"
        (out / "README.md").write_text(card(out.resolve().name, held, COLUMNS, written.losses), encoding="utf-8")
    else:
        with appearing(out) as file:
            for record in counted:
                file.write(orjson.dumps(form.document(record)) + b"\n")
    return written


def _counted(records: Iterable[Record], form: Format, written: Written) -> Iterator[Record]:
    for record in records:
        written.records += 1
        written.losses += form.lost(record)
        yield record
