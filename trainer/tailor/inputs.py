"""The files of a source, told apart by what they hold: recordings, traces of our own, definitions of tools, rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mcp_sim.errors import McpSimError
from mcp_sim.learn.data import read_data
from store.traces.importers import Complaint, Tell, read_recorded
from store.traces.importers.canonical import is_canonical
from store.traces.importers.lines import lines
from trainer.tailor.definitions import holds_definitions
from trainer.tailor.kitchen import RecipeError, place
from trainer.tailor.recipe import Source

_ROWS = (".json", ".jsonl", ".ndjson", ".csv", ".toml")


@dataclass
class Inputs:
    """The files of one source.

    Attributes:
        source: its name.
        recordings: calls of services that are not ours.
        traces: our own traces, each with its world.
        tools: definitions of tools.
        rows: initial rows.
        others: files that are none of this.
    """

    source: str
    recordings: list[Path] = field(default_factory=list)
    traces: list[Path] = field(default_factory=list)
    tools: list[Path] = field(default_factory=list)
    rows: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)


def inputs_of(source: Source, tell: Tell) -> Inputs:
    """The files that a source names, those of folders told apart.

    Raises:
        RecipeError: a path is not there, or nothing in them is a recording.
    """
    found = Inputs(source.name)
    for path in _files(source.name, source.paths):
        if is_trace(path):
            found.traces.append(path)
        elif _holds_calls(path):
            found.recordings.append(path)
        elif holds_definitions(path):
            found.tools.append(path)
        elif _holds_rows(path):
            found.rows.append(path)
        else:
            found.others.append(path)
            tell(Complaint(path, 0, "neither recordings, nor definitions of tools, nor rows; left out"))
    found.tools += _files(source.name, source.tools)
    found.rows += _files(source.name, source.rows)
    if not found.recordings and not found.traces:
        raise RecipeError(f"source '{source.name}': nothing in {', '.join(source.paths)} is a recording of calls")
    return found


def _files(source: str, paths: Iterable[str]) -> Iterator[Path]:
    for given in paths:
        path = place(given)
        if not path.exists():
            raise RecipeError(f"source '{source}': there is no '{path}'")
        yield from sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def is_trace(path: Path) -> bool:
    """Whether a file is one of our own traces."""
    return is_canonical([line for _, line in _first(path)])


def _first(path: Path) -> list[tuple[int, bytes]]:
    return [found for found, _ in zip(lines(path, _ignore), range(1), strict=False)]


def _holds_calls(path: Path) -> bool:
    return next(read_recorded([path], tell=_ignore), None) is not None


def _holds_rows(path: Path) -> bool:
    form = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if form.lower() not in _ROWS:
        return False
    try:
        return bool(read_data([path]))
    except (McpSimError, OSError, UnicodeError, ValueError):
        return False


def _ignore(_: Complaint) -> None:
    pass
