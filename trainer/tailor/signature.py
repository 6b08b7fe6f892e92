"""What of a record is compared with other records: exactly, nearly, and for leaks."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from mcp_sim.worldmodel.wire import MARKER
from schemas.canonical import canonical
from schemas.types import Tool
from trainer.record import Record
from trainer.tailor.ids import is_distinctive

PERMUTATIONS = 64
_SHINGLE = 3
LONG = 64
"""Characters from which on a text is a body that does not come about twice by chance."""
_WORD = re.compile(r"\w+")
_ID = re.compile(r"[\w#@.:/+-]*\d[\w#@.:/+-]*")
_MANY = 3
"""Arguments that tell a tool by themselves, whatever it is called."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Signature:
    """What is compared.

    Attributes:
        exact: hash of intent and turns.
        near: MinHash over runs of words of what is asked last and what is learned.
        bodies: hashes of long texts that are learned or answered.
        body: MinHashes of the same texts, one after the other.
        ids: hashes of distinctive ids in them.
        schema: hash of the argument schema of the tool, empty where it has no arguments.
    """

    exact: str
    near: bytes
    bodies: tuple[str, ...]
    body: bytes
    ids: tuple[str, ...]
    schema: str


def signature(record: Record, tool: Tool | None) -> Signature:
    """The signature of a record about a call of this tool."""
    learned = [turn.content for turn in record.turns if turn.loss]
    asked = next((turn.content for turn in reversed(record.turns) if turn.role == "user"), "")
    told = [*learned, *([answer] if isinstance(answer := record.facts.get("answer"), str) else [])]
    turns = [[turn.role, turn.content, turn.loss] for turn in record.turns]
    bodies = {found: text for text in told for found in body_hashes(text)}
    return Signature(
        exact=short(canonical([record.intent, turns])),
        near=b64encode(minhash(f"{_question(asked)} {' '.join(learned)}")),
        bodies=tuple(sorted(bodies)),
        body=b64encode(b"".join(minhash(plain(bodies[found])) for found in sorted(bodies))),
        ids=tuple(sorted({short(text.encode()) for text in ids_of(" ".join((_question(asked), *told)))})),
        schema=schema_hash(tool.name, tool.input_schema) if tool is not None else "",
    )


def near_of(text: bytes | str) -> bytes:
    """The MinHash as it was before it was written down."""
    return b64decode(text)


def _question(asked: str) -> str:
    """What is asked, without the state that stands before it."""
    return asked[asked.rfind("### Turn") :] if "### Turn" in asked else asked


def short(content: bytes) -> str:
    """The first 16 hex digits of SHA-256."""
    return hashlib.sha256(content).hexdigest()[:16]


def minhash(text: str) -> bytes:
    """The MinHash of a text: 4 bytes for each permutation."""
    from rensa import RMinHash  # noqa: PLC0415 - an extra

    found = RMinHash(num_perm=PERMUTATIONS, seed=42)
    found.update(shingles(text))
    return b"".join(value.to_bytes(4, "little") for value in found.digest())


def shingles(text: str) -> list[str]:
    """Runs of words, lower-cased."""
    words = _WORD.findall(text.lower())
    if len(words) < _SHINGLE:
        return words or [""]
    return [" ".join(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1)]


def body_hashes(text: str) -> Iterator[str]:
    """The hash of a text that is long enough, whatever its spaces and its case."""
    bare = plain(text)
    if len(bare) >= LONG:
        yield short(bare.encode())


def plain(text: str) -> str:
    """A text whatever its spaces, its case, and the marker that may stand before it."""
    return _SPACE.sub(" ", text.removeprefix(MARKER).strip().lower())


def ids_of(text: str) -> Iterator[str]:
    """The distinctive ids in a text: words with a digit that are neither dates nor plain numbers."""
    for found in _ID.findall(text):
        bare = found.strip(".:/+-@#")
        if is_distinctive(bare) and any(c.isalpha() for c in bare):
            yield bare


def schema_hash(name: str, schema: Any) -> str:
    """The hash of the names and types of the arguments that a tool takes; of few, only together with its own name."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or not properties:
        return ""
    kinds = {arg: part.get("type") if isinstance(part, dict) else None for arg, part in properties.items()}
    told = [name if len(kinds) < _MANY else "", kinds]
    return short(orjson.dumps(told, option=orjson.OPT_SORT_KEYS, default=str))
