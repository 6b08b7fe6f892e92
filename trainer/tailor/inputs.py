"""The files of a source, told apart by what they hold: recordings, definitions of tools, initial rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from mcp_sim.errors import McpSimError
from mcp_sim.learn.data import read_data
from store.raw import files_of
from store.traces.importers import Complaint, Tell
from store.traces.importers.event import Form
from store.traces.importers.forms import recognised
from trainer.tailor.definitions import holds_definitions
from trainer.tailor.kitchen import RecipeError, place
from trainer.tailor.recipe import Source

_LOOKED_AT = 10_000
"""Events of a file among which a call is looked for."""
_ROWS = (".json", ".jsonl", ".ndjson", ".csv", ".toml")


@dataclass
class Inputs:
    """The files of one source.

    Attributes:
        source: its name.
        recordings: in any form that is read.
        tools: definitions of tools.
        rows: initial rows.
    """

    source: str
    recordings: list[Path] = field(default_factory=list)
    tools: list[Path] = field(default_factory=list)
    rows: list[Path] = field(default_factory=list)

    @property
    def all(self) -> list[Path]:
        """Every file."""
        return [*self.recordings, *self.tools, *self.rows]


def inputs_of(source: Source, tell: Tell) -> Inputs:
    """The files that a source names, those of folders told apart.

    Raises:
        RecipeError: a path is not there, or nothing in them is a recording.
    """
    found = Inputs(source.name)
    for path in _files(source.name, source.paths, tell):
        form = recognised(path, _ignore)
        if form is not None and _holds_calls(form, path):  # and perhaps the tools as well
            found.recordings.append(path)
        elif holds_definitions(path):
            found.tools.append(path)
        elif form is not None:
            found.recordings.append(path)
        elif _holds_rows(path):
            found.rows.append(path)
        else:
            tell(Complaint(path, 0, "neither recordings, nor definitions of tools, nor rows; left out"))
    found.tools += _files(source.name, source.tools, tell)
    found.rows += _files(source.name, source.rows, tell)
    if not found.recordings:
        raise RecipeError(f"source '{source.name}': nothing in {', '.join(source.paths)} is a recording of calls")
    return found


def _files(source: str, paths: Iterable[str], tell: Tell) -> Iterator[Path]:
    for given in paths:
        path = place(given)
        if not path.exists():
            raise RecipeError(f"source '{source}': there is no '{path}'")
        yield from files_of([path], tell)


def _holds_calls(form: Form, path: Path) -> bool:
    return any(event.what == "call" for event in islice(form.events(path, _ignore), _LOOKED_AT))


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
