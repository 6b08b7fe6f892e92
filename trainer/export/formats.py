"""A record as a document of other trainers, and what such a document cannot hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple

from trainer.record import Record, Turn

Losses = Counter[str]
"""How many records, or turns, had a value that a format does not hold, by the name of the field."""
COLUMNS = {
    "id": "text",
    "intent": "text",
    "template": "text",
    "messages": "jsons",
    "loss": "flags",
    "domain": "text",
    "server": "text",
    "trajectory": "text",
    "at": "number",
    "turn_class": "text",
    "facts": "json",
    "evidence": "texts",
    "sources": "texts",
    "generated": "texts",
}
"""The columns of a data set of Hugging Face, and the kind of each."""
_SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}
_USUAL: dict[str, Any] = {"at": 0}


class Format(NamedTuple):
    """A format of documents.

    Attributes:
        document: a record in it.
        lost: what the document does not hold of the record.
    """

    document: Callable[[Record], dict[str, Any]]
    lost: Callable[[Record], Losses]


def _row(record: Record) -> dict[str, Any]:
    row = {name: value for name, value in asdict(record).items() if name != "turns"}
    return {
        **row,
        "messages": [{"role": turn.role, "content": turn.content} for turn in record.turns],
        "loss": [turn.loss for turn in record.turns],
    }


def _openai(record: Record) -> dict[str, Any]:
    told = {"record": record.id, "intent": record.intent, "domain": record.domain}
    return {
        "messages": [_message(turn) for turn in record.turns],
        "metadata": {name: value for name, value in told.items() if value},
    }


def _message(turn: Turn) -> dict[str, Any]:
    """`weight` is how OpenAI says what is learned; of answers alone, and a result of a tool needs a call."""
    if turn.role == "assistant":
        return {"role": turn.role, "content": turn.content, "weight": int(turn.loss)}
    return {"role": "user" if turn.role == "tool" else turn.role, "content": turn.content}


def _openai_lost(record: Record) -> Losses:
    lost = _untold(record, {"id", "intent", "domain"})
    lost["turn.role"] += sum(turn.role == "tool" for turn in record.turns)
    lost["turn.loss"] += sum(turn.loss and turn.role != "assistant" for turn in record.turns)
    return +lost


def _sharegpt(record: Record) -> dict[str, Any]:
    said = [{"from": _SPEAKERS[turn.role], "value": turn.content} for turn in record.turns]
    return {"id": record.id, "conversations": said}


def _sharegpt_lost(record: Record) -> Losses:
    lost = _untold(record, {"id"})
    lost["turn.loss"] += sum(turn.loss != (turn.role == "assistant") for turn in record.turns)
    return +lost


def _untold(record: Record, told: set[str]) -> Losses:
    values = {name: value for name, value in asdict(record).items() if name not in told | {"turns"}}
    return Losses(f"record.{name}" for name, value in values.items() if value != _USUAL.get(name) and value)


FORMATS = {
    "jsonl": Format(asdict, lambda _: Losses()),
    "hf": Format(_row, lambda _: Losses()),
    "openai": Format(_openai, _openai_lost),
    "sharegpt": Format(_sharegpt, _sharegpt_lost),
}
"""By name. JSON Lines are the records themselves."""
