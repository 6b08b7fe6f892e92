"""What tailoring hands to the stages: one training record, its turns, and the files that hold many of them."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import orjson

from mcp_sim.errors import McpSimError
from schemas.canonical import canonical

Role = Literal["system", "user", "assistant", "tool"]
TurnClass = Literal["", "retrieval", "expansion", "action", "transform", "boilerplate", "echo", "other"]
_ROLES, _CLASSES = frozenset(get_args(Role)), frozenset(get_args(TurnClass))
_TEXTS = ("id", "intent", "template", "domain", "server", "trajectory", "turn_class")
_LISTS = ("evidence", "sources", "generated")


class RecordError(McpSimError):
    """A file that holds no training records; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a record; `loss`: whether it is learned, or only stands there as context."""

    role: Role
    content: str
    loss: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One training example, with the way back to what it was made from.

    Attributes:
        id: SHA-256 over everything else, as `identified` works it out.
        intent: what is to be learned, e.g. `next-observation`.
        template: the version of the wording it was rendered with.
        turns: the messages; those with `loss` are learned.
        domain: the service, as the recording names it.
        server: what its tool schemas have in common; recordings of one server belong on one side of a split.
        trajectory: the run of calls it is about.
        at: the step there, from 0.
        turn_class: how much the observation says that the action did not.
        facts: what is known of the call: `tool`, `arguments`, `answer`, `is_error`, `status`, `kind`, `state_in_view`,
            `rows` and whatever else the intent knows.
        evidence: ids of the anchors that vouch for it.
        sources: ids of the raw events.
        generated: JSON pointers into the record of what a model phrased.
    """

    id: str
    intent: str
    template: str
    turns: tuple[Turn, ...]
    domain: str = ""
    server: str = ""
    trajectory: str = ""
    at: int = 0
    turn_class: TurnClass = ""
    facts: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    generated: tuple[str, ...] = ()


def identified(record: Record) -> Record:
    """The record with the id that its content gives it."""
    return replace(record, id=hashlib.sha256(canonical(replace(record, id=""))).hexdigest())


def encode_record(record: Record) -> bytes:
    """One line of a file of records, without its line end."""
    return canonical(record)


def decode_record(line: bytes | str) -> Record:
    """The record of one line.

    Raises:
        ValueError: the line is no record; the message says why.
    """
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    problem = _problem(found)
    if problem is not None:
        raise ValueError(problem)
    lists = {name: tuple(found.get(name, ())) for name in _LISTS}
    return Record(**{**found, **lists, "turns": tuple(Turn(**turn) for turn in found["turns"])})


def read_records(path: str | Path) -> Iterator[Record]:
    """The records of a file of JSON Lines, packed if its name ends in `.gz`.

    Raises:
        RecordError: a line is no record; the message names file, line and what is wrong.
        OSError: there is no such file, or it cannot be read.
    """
    number = 0
    try:
        with gzip.open(path) if _is_packed(path) else Path(path).open("rb") as file:
            for line in file:
                number += 1
                if line.strip():
                    yield decode_record(line)
    except ValueError as error:
        raise RecordError(f"{path}:{number}: no record: {error}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise RecordError(f"{path}:{number + 1}: the packed file is damaged here; tailor it again") from None


def write_records(path: str | Path, records: Iterable[Record]) -> int:
    """Write records as canonical JSON Lines, packed if the name ends in `.gz`; equal records give equal bytes.

    The file appears whole or not at all.

    Returns:
        How many were written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    count = 0
    with unfinished.open("wb") as file:
        packed = gzip.GzipFile("", "wb", 6, file, mtime=0) if _is_packed(path) else None
        for record in records:
            (packed or file).write(encode_record(record) + b"\n")
            count += 1
        if packed is not None:
            packed.close()
    unfinished.replace(path)
    return count


def _is_packed(path: str | Path) -> bool:
    return str(path).endswith(".gz")


def _problem(found: dict[str, Any]) -> str | None:
    names = Record.__dataclass_fields__
    for name in ("id", "intent", "template", "turns"):
        if name not in found:
            return f"it has no '{name}'"
    unknown = sorted(found.keys() - names.keys())
    if unknown:
        return f"there is no '{unknown[0]}' in a record; it has {', '.join(names)}"
    if wrong := next((name for name in _TEXTS if not isinstance(found.get(name, ""), str)), None):
        return f"/{wrong} is no text"
    for name in _LISTS:
        value = found.get(name, [])
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            return f"/{name} is no list of texts"
    if not isinstance(found.get("at", 0), int) or isinstance(found.get("at"), bool):
        return "/at is no whole number"
    if not isinstance(found.get("facts", {}), dict):
        return "/facts is no object"
    if found.get("turn_class", "") not in _CLASSES:
        return f"/turn_class is '{found['turn_class']}', not one of {', '.join(sorted(_CLASSES - {''}))}"
    return _turns_problem(found["turns"])


def _turns_problem(turns: Any) -> str | None:
    if not isinstance(turns, list):
        return "/turns is no list"
    for index, turn in enumerate(turns):
        if not isinstance(turn, dict) or not isinstance(turn.get("content"), str):
            return f"/turns/{index} has no text as its 'content'"
        if turn.get("role") not in _ROLES:
            return f"/turns/{index}/role is {turn.get('role')!r}, not one of {', '.join(get_args(Role))}"
        if turn.keys() - {"role", "content", "loss"} or not isinstance(turn.get("loss", False), bool):
            return f"/turns/{index} holds more than role, content and loss (true or false)"
    return None
