"""A YAML or JSON file as plain data, with the line of every JSON Pointer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from yaml.nodes import MappingNode, Node, SequenceNode

from schemas.notation import Flaw, compose, compose_json, read_json, read_yaml

Pointer = tuple[str | int, ...]


class Finding(NamedTuple):
    """An error at a pointer into a document."""

    at: Pointer
    message: str


MAX_BYTES = 64 * 2**20


class DocumentError(Exception):
    """A file that is not readable as YAML or JSON; the message names file and line."""


class Document:
    """One parsed file.

    Attributes:
        path: where it was read from.
        data: plain dicts, lists and scalars.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._text = _read(path)
        self._tree: Node | None = None
        try:
            if path.suffix == ".json":
                self.data: Any = read_json(self._text)
            else:
                self._tree = compose(self._text)
                self.data = read_yaml(self._tree)
        except Flaw as flaw:
            where = f"{path}:{flaw.line}" if flaw.line else str(path)
            raise DocumentError(f"{where}: {flaw}") from None

    def line(self, pointer: Pointer) -> int:
        """The line of the deepest part of `pointer` that exists, counted from 1."""
        node, line = self._root(), 1
        for part in pointer:
            if isinstance(node, MappingNode):
                found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
                if found is None:
                    break
                key, node = found
                line = key.start_mark.line + 1
            elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
            else:
                break
        return line

    def _root(self) -> Node | None:
        if self._tree is None and self.data is not None:
            try:
                self._tree = compose_json(self._text)
            except Flaw:  # deeper than a tree may be: every line is the first
                return None
        return self._tree


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DocumentError(f"{path}: larger than {MAX_BYTES // 2**20} MiB")
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}: not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror}") from None
