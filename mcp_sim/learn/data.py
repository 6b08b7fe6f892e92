"""Initial rows read from files and folders: JSON, JSON Lines, TOML, CSV, packed with gzip or not, and SQLite."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from mcp_sim.errors import SetupError
from mcp_sim.learn.collections import collections, sound
from store.relations import MAGIC, Relation, read_relations
from store.traces.importers.lines import chunks

Tell = Callable[[str], None]
_TEXTS = (".json", ".jsonl", ".ndjson", ".csv", ".toml")
_DATABASES = (".db", ".sqlite", ".sqlite3")
_MOST = 256 * 2**20
_TOLD = 3


def read_data(paths: Iterable[Path], tell: Tell = lambda _: None) -> dict[str, Any]:
    """The collections of files and of the files in folders, by name.

    A file that cannot be read is told, and so is each line of one that cannot; the rest is read.

    Raises:
        SetupError: none of the files can be read.
        OSError: a file is not there.
    """
    found: dict[str, Any] = {}
    wrong: list[str] = []
    for path in _files(paths, tell):
        try:
            parts = _read(path, tell)
        except _Unreadable as error:
            wrong.append(str(error))
            continue
        for name, rows in parts.items():
            if name in found:
                folder = path.parent.name
                tell(f"{path}: there is a collection '{name}' already; this one is called '{folder}_{name}'")
            found[f"{path.parent.name}_{name}" if name in found else name] = rows
    if wrong and not found:
        raise SetupError("\n".join(wrong))
    for message in wrong:
        tell(f"{message}; left out")
    return found


class _Unreadable(ValueError):
    """A file that holds no rows; the text says which, and why."""


def _files(paths: Iterable[Path], tell: Tell) -> Iterator[Path]:
    """The files named, and of folders those that may hold rows."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(one for one in path.rglob("*") if one.is_file())
        fitting = [one for one in inside if _form(one) in (*_TEXTS, *_DATABASES)]
        if not fitting:
            tell(f"{path}: no file in this folder holds rows: {', '.join((*_TEXTS, *_DATABASES))}")
        yield from fitting


def _form(path: Path) -> str:
    return (path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix).lower()


def _read(path: Path, tell: Tell) -> dict[str, Any]:
    name = path.name.removesuffix(".gz")
    form = _form(path)
    content = _content(path)
    if content.startswith(MAGIC):
        return dict(_relations(path, content, tell))
    if form not in _TEXTS:
        raise _Unreadable(f"{path}: rows are read from {', '.join(_TEXTS)}, each also with .gz, and from SQLite files")
    name = name[: len(name) - len(form)]
    try:
        text = content.decode("utf-8-sig")
        if not text.strip():
            tell(f"{path}: the file is empty")
            return {}
        match form:
            case ".csv":
                found = {name: _csv(text, path, tell)}
            case ".jsonl" | ".ndjson":
                found = {name: _lines(text, path, tell)}
            case ".toml":
                found = collections(name, tomllib.loads(text))
            case _:
                found = collections(name, json.loads(text))
    except (ValueError, RecursionError) as error:
        raise _Unreadable(f"{path}: not {form[1:]}: {error}") from None
    for part, rows in found.items():
        if not rows:
            tell(f"{path}: '{part}' holds no rows")
    return {part: _sound(rows, path, tell) for part, rows in found.items()}


def _content(path: Path) -> bytes:
    """The bytes of a file, unpacked."""
    broken: list[str] = []
    parts: list[bytes] = []
    size = 0
    for piece in chunks(path, lambda complaint: broken.append(complaint.message)):
        parts.append(piece)
        size += len(piece)
        if size > _MOST:
            raise _Unreadable(f"{path}: larger than {_MOST // 2**20} MiB; give the rows that matter")
    if broken:
        raise _Unreadable(f"{path}: {broken[0].partition(';')[0]}")
    return b"".join(parts)


def _relations(path: Path, content: bytes, tell: Tell) -> Iterator[tuple[str, Relation]]:
    with tempfile.NamedTemporaryFile(suffix=".db") as file:
        file.write(content)
        file.flush()
        try:
            found = read_relations(Path(file.name))
        except ValueError as error:
            raise _Unreadable(f"{path}: not a sound SQLite file: {error}") from None
    for name, relation in found.items():
        if relation.is_cut:
            tell(f"{path}: table '{name}' has more than {len(relation.rows):,} rows; the first of them are read")
        yield name, relation._replace(rows=_sound(relation.rows, path, tell))


def _lines(text: str, path: Path, tell: Tell) -> list[Any]:
    rows, wrong = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError:
                wrong.append(number)
    if wrong and not rows:
        raise _Unreadable(f"{path}: no line of it is JSON")
    _tell_of(wrong, path, tell, "not JSON")
    return rows


def _csv(text: str, path: Path, tell: Tell) -> list[Any]:
    """Rows by the names of the first line; where that looks like a row itself, what stands in the lines."""
    csv.field_size_limit(_MOST)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), strict=False) if row]
    except csv.Error as error:
        raise _Unreadable(f"{path}: not csv: {error}") from None
    head, rest = rows[0], rows[1:]
    alike = all(_look(cell) == _look(row[k]) for row in rest[:20] for k, cell in enumerate(head) if k < len(row))
    if rest and alike and any(_look(cell) != "x" for cell in head):
        names, rest = [f"column_{k}" for k in range(1, len(head) + 1)], rows
        if len(head) == 1:
            return [row[0] for row in rows]
    else:
        names = _unlike(head)
    _tell_of(
        [n for n, row in enumerate(rest, 2) if len(row) > len(names)],
        path,
        tell,
        "more cells than columns, the last ones",
    )
    return [dict(zip(names, row, strict=False)) for row in rest]


def _unlike(names: list[str]) -> list[str]:
    """Names of columns, none of them blank or twice."""
    found: list[str] = []
    for k, name in enumerate(names, 1):
        plain = name.strip() or f"column_{k}"
        found.append(plain if plain not in found else f"{plain}_{k}")
    return found


def _look(cell: str) -> str:
    """What a cell looks like, letters and digits apart."""
    return re.sub(r"\w+", "x", cell)


def _sound(rows: Any, path: Path, tell: Tell) -> Any:
    """The rows without what no pack can hold, which is told."""
    changed: list[str] = []
    found = sound(rows, changed.append)
    if changed:
        kinds = ", ".join(dict.fromkeys(changed))
        tell(f"{path}: {len(changed):,} values stand in no pack as they are ({kinds}); they are put right")
    return found


def _tell_of(places: list[int], path: Path, tell: Tell, what: str) -> None:
    for number in places[:_TOLD]:
        tell(f"{path}:{number}: {what}; left out")
    if len(places) > _TOLD:
        tell(f"{path}: and {len(places) - _TOLD:,} more like these")
