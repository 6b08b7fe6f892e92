"""One OpenAPI document, of any version, JSON or YAML, packed or not; its references followed, never beyond the file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import yaml

from schemas.notation import FastLoader
from store.traces.importers.lines import Complaint, chunks

Tell = Callable[[str], None]
METHODS = ("get", "post", "put", "patch", "delete")
_MOST = 64 * 2**20
_HOPS = 50


class SpecError(ValueError):
    """A file that is no OpenAPI document; one sentence with the place."""


class _Loader(FastLoader):
    """YAML 1.2 as far as specs need it: `no`, `on` and dates are texts."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[1] not in ("bool", "timestamp")]
    for first, resolvers in FastLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), ["t", "T", "f", "F"]
)


class Spec:
    """A document and its references.

    Attributes:
        data: the document.
        version: 2 or 3.
        tell: hears of what cannot be used.
    """

    def __init__(self, data: dict[str, Any], tell: Tell) -> None:
        """Take a document.

        Raises:
            SpecError: it says no version that is known, or has no paths.
        """
        self.data = data
        self._told: set[str] = set()
        self._tell = tell
        said = str(data.get("openapi") or data.get("swagger") or "")
        if not said.startswith(("2.", "3.")):
            raise SpecError('it says neither `swagger: "2.0"` nor `openapi: 3.x`')
        self.version = int(said[0])
        if not isinstance(data.get("paths"), dict):
            raise SpecError("it has no `paths`")

    def tell(self, message: str) -> None:
        """Tell something once."""
        if message not in self._told:
            self._told.add(message)
            self._tell(message)

    def resolved(self, part: Any) -> dict[str, Any]:
        """The object itself, or what its reference leads to; empty where that is nothing."""
        for _ in range(_HOPS):
            if not isinstance(part, dict):
                return {}
            reference = part.get("$ref")
            if not isinstance(reference, str):
                return part
            part = self.at(reference)
        self.tell("a $ref leads in a circle of references alone; it is taken for anything")
        return {}

    def at(self, reference: str) -> Any:
        """What stands at a reference inside this file, or nothing."""
        if not reference.startswith("#"):
            self.tell(f"$ref '{reference[:200]}' leads out of the file and is never fetched; it is taken for anything")
            return {}
        part: Any = self.data
        for token in reference[1:].split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")
            if isinstance(part, list) and name.isdigit() and int(name) < len(part):
                part = part[int(name)]
            else:
                part = part.get(name) if isinstance(part, dict) else None
        if part is None:
            self.tell(f"$ref '{reference[:200]}' leads to nothing; it is taken for anything")
        return part


def read_spec(path: Path, tell: Tell) -> Spec:
    """The document of a file.

    Raises:
        OSError: the file is not there or cannot be read.
        SpecError: it is no OpenAPI document.
    """
    told: list[Complaint] = []
    text = b""
    for piece in chunks(path, told.append):
        text += piece
        if len(text) > _MOST:
            raise SpecError(f"{path}: larger than {_MOST // 2**20} MiB")
    if told:
        raise SpecError(str(told[0]))
    try:
        data = orjson.loads(text) if text.lstrip()[:1] == b"{" else _texts(yaml.load(text, _Loader))  # noqa: S506 - a safe loader
    except orjson.JSONDecodeError as error:
        raise SpecError(f"{path}:{error.lineno}: not valid JSON: {error.msg}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise SpecError(f"{path}:{line}: not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise SpecError(f"{path}: not readable as JSON or YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(data, dict):
        raise SpecError(f"{path}: no OpenAPI document: its root is no object")
    try:
        return Spec(data, lambda message: tell(f"{path}: {message}"))
    except SpecError as error:
        raise SpecError(f"{path}: no OpenAPI document: {error}") from None


def _texts(value: Any) -> Any:
    """YAML data whose keys are texts, as `200:` is none; anchors that are used again and again are converted once."""
    done: dict[int, Any] = {}

    def convert(part: Any) -> Any:
        if not isinstance(part, dict | list):
            return part
        if id(part) not in done:
            fresh: Any = {} if isinstance(part, dict) else []
            done[id(part)] = fresh
            if isinstance(part, dict):
                fresh.update({str(key): convert(inner) for key, inner in part.items()})
            else:
                fresh.extend(map(convert, part))
        return done[id(part)]

    return convert(value)
