"""The files of one pack, merged; and where each part of the whole came from, so that an error finds its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.document import Document, DocumentError, Pointer
from schemas.validate import nearest, pointer

_MERGED = ("entities", "tools", "seed")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One error in a file."""

    path: str
    line: int
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.pointer or '/'}: {self.message}"


class Sources:
    """The documents behind one pack or world.

    Attributes:
        data: the merged content.
        problems: what went wrong while merging.
        unreadable: included files that cannot be read, each in a sentence.
        is_whole: whether everything that is included was found and read.
    """

    def __init__(self, document: Document, data: dict[str, Any]) -> None:
        self.data = data
        self.problems: list[Problem] = []
        self.unreadable: list[str] = []
        self.is_whole = True
        self._first = document
        self._origins: dict[tuple[str, str], Document] = {}

    @classmethod
    def of_pack(cls, path: Path) -> Sources:
        """A pack file with everything it includes.

        Raises:
            DocumentError: the file cannot be read.
        """
        document = mapping(path)
        sources = cls(document, {})
        sources._merge(document, (path.resolve(),))
        return sources

    def problem(self, at: Pointer, message: str) -> Problem:
        """A Problem at a pointer into the merged content."""
        origin = self._origins.get((str(at[0]), str(at[1])), self._first) if len(at) > 1 else self._first
        return _problem(origin, at, message)

    def _merge(self, document: Document, chain: tuple[Path, ...]) -> None:
        """Add what a document holds and includes; `chain` are the files that led to it, itself the last."""
        for section, content in document.data.items():
            if section in _MERGED and isinstance(content, dict):
                self._add(section, content, document)
            elif section != "include" and len(chain) == 1:
                self.data[section] = content
            elif section != "include":
                message = f"an included file holds mappings called {', '.join(_MERGED)}; nothing else"
                self.problems.append(_problem(document, (section,), message))
        for at, path in self._included(document):
            if path.resolve() in chain:
                steps = " -> ".join(part.name for part in (*chain, path.resolve()))
                self.problems.append(_problem(document, at, f"include goes round in a circle: {steps}"))
                continue
            try:
                self._merge(mapping(path), (*chain, path.resolve()))
            except DocumentError as error:
                self.unreadable.append(str(error))
                self.is_whole = False

    def _add(self, section: str, content: dict[str, Any], document: Document) -> None:
        mine = self.data.setdefault(section, {})
        if not isinstance(mine, dict):
            return
        for name, value in content.items():
            if name in mine:
                message = f"'{name}' stands in {document.path.name} too; rename or remove one"
                self.problems.append(self.problem((section, name), message))
                continue
            mine[name] = value
            self._origins[section, name] = document

    def _included(self, document: Document) -> Iterator[tuple[Pointer, Path]]:
        """The files that a document includes, each with where it is named."""
        names = document.data.get("include", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self.problems.append(_problem(document, ("include",), "include is a list of file names"))
            self.is_whole = False
            return
        for index, name in enumerate(names):
            at = ("include", index)
            try:
                yield at, _beside(document.path, name)
            except LookupError as error:
                self.problems.append(_problem(document, at, str(error.args[0])))
                self.is_whole = False


def mapping(path: Path) -> Document:
    """The document in a file that must hold a mapping.

    Raises:
        DocumentError: it cannot be read, or holds something else.
    """
    document = Document(path)
    if not isinstance(document.data, dict):
        held = {list: "a list", str: "a text", type(None): "nothing"}.get(type(document.data), "a single value")
        raise DocumentError(f"{path}:1: a pack or world is a mapping, this file holds {held}")
    return document


def _problem(document: Document, at: Pointer, message: str) -> Problem:
    return Problem(str(document.path), document.line(at), pointer(at), message)


def _beside(path: Path, name: str) -> Path:
    folder = path.parent
    target = folder / name
    try:
        if not target.resolve().is_relative_to(folder.resolve()):
            raise LookupError(f"'{name}' leaves the folder of the pack")
        if target.is_file():
            return target
    except (OSError, ValueError):  # a name that no file can have
        pass
    present = [entry.name for entry in folder.iterdir()]
    shown = name if len(name) <= 80 else f"{name[:80]}…"
    raise LookupError(f"no file '{shown}' in {folder}{nearest(shown, present)}")
