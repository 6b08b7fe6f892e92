"""Initial rows read from files: JSON, JSON Lines, TOML and CSV, packed with gzip or not."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mcp_sim.errors import SetupError

_SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".toml")


def read_data(paths: Iterable[Path]) -> dict[str, Any]:
    """The collections of files, by name: an object names its own, every other file is one, named after the file.

    Raises:
        SetupError: a file holds nothing of the sort, or two collections have one name.
        OSError: a file is not there or cannot be read.
    """
    found: dict[str, Any] = {}
    for path in paths:
        for name, rows in _read(path).items():
            if name in found:
                raise SetupError(f"{path}: there is a collection '{name}' already; rename one of the files")
            found[name] = rows
    return found


def _read(path: Path) -> dict[str, Any]:
    packed = path.suffix == ".gz"
    form = path.with_suffix("").suffix.lower() if packed else path.suffix.lower()
    name = path.name.removesuffix(".gz").removesuffix(form)
    if form not in _SUFFIXES:
        raise SetupError(f"{path}: rows are read from {', '.join(_SUFFIXES)}, each also with .gz")
    try:
        content = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
        text = content.decode("utf-8-sig")
        match form:
            case ".csv":
                return {name: _csv(text)}
            case ".toml":
                return tomllib.loads(text)
            case ".jsonl" | ".ndjson":
                return {name: [json.loads(line) for line in text.splitlines() if line.strip()]}
        document = json.loads(text)
    except (ValueError, EOFError, gzip.BadGzipFile) as error:
        raise SetupError(f"{path}: not {form[1:]}: {error}") from None
    if isinstance(document, dict) and any(isinstance(part, dict | list) for part in document.values()):
        return document
    return {name: document if isinstance(document, list) else [document]}


def _csv(text: str) -> list[Any]:
    """Rows by the names of the first line; where that looks like a row itself, what stands in the lines."""
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if not rows:
        return []
    head, rest = rows[0], rows[1:]
    alike = all(_form(cell) == _form(row[k]) for row in rest[:20] for k, cell in enumerate(head) if k < len(row))
    if rest and alike and any(_form(cell) != "x" for cell in head):
        names = ["value"] if len(head) == 1 else [f"column_{k}" for k in range(1, len(head) + 1)]
        return [row[0] if len(head) == 1 else dict(zip(names, row, strict=False)) for row in rows]
    return [dict(zip(head, row, strict=False)) for row in rest]


def _form(cell: str) -> str:
    """What a cell looks like, letters and digits apart."""
    return re.sub(r"\w+", "x", cell)
