"""Instructions in other words, said by a model; kept only where they hold every id and value, and no other."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import orjson

from mcp_sim.errors import McpSimError
from mcp_sim.worldmodel.client import Client, Unanswered
from mcp_sim.worldmodel.settings import Settings, read_settings
from mcp_sim.worldmodel.wire import Message
from schemas.canonical import canonical
from trainer.record import Record, identified
from trainer.tailor.intents import REGISTRY
from trainer.tailor.recipe import Phrasing
from trainer.tailor.workshop import write_whole

_TOKENS = 700
_SECONDS = 60.0
_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


class PhraseError(McpSimError):
    """A model that was to say something, and does not answer."""


class Phraser:
    """Says the instructions of records in other words; what a model has said once is kept and said again."""

    def __init__(self, asked: Phrasing, folder: Path) -> None:
        self._asked = asked
        self._folder = folder
        self._settings: Settings = read_settings(list(asked.urls), asked.model)

    def phrased(self, records: Iterable[Record]) -> list[Record]:
        """The records, those whose instruction could be said in other words with these."""
        found = list(records)
        turns = [self._turn(record) for record in found]
        texts = dict.fromkeys(
            record.turns[turn].content for record, turn in zip(found, turns, strict=True) if turn is not None
        )
        said = asyncio.run(self._all(list(texts))) if texts else {}
        return [_with(record, turn, said) for record, turn in zip(found, turns, strict=True)]

    def _turn(self, record: Record) -> int | None:
        intent = REGISTRY[record.intent]
        return intent.instruction(record) if record.intent in self._asked.intents else None

    async def _all(self, texts: list[str]) -> dict[str, str]:
        client = Client(self._settings)
        try:
            answers = await asyncio.gather(*(self._one(client, text) for text in texts))
        finally:
            await client.close()
        return {text: answer for text, answer in zip(texts, answers, strict=True) if keeps(text, answer)}

    async def _one(self, client: Client, text: str) -> str:
        """What the model says.

        Raises:
            PhraseError: it does not answer.
        """
        content = self._asked.prompt.replace("{text}", text)
        body = [content, self._asked.model, self._asked.sampling]
        path = self._folder / f"{hashlib.sha256(canonical(body)).hexdigest()[:32]}.json"
        if path.exists():
            return str(orjson.loads(path.read_bytes())["said"])
        messages = (Message(role="user", content=content),)
        try:
            asked = {"max_tokens": _TOKENS, **self._asked.sampling}
            until = time.monotonic() + _SECONDS
            answer = await client.complete(self._asked.model, messages, deadline=until, **asked)
        except Unanswered as error:
            raise PhraseError(
                f"The model that says instructions in other words did not answer: {error}. What is done stays; "
                "run it again once the model is there, or take `phrasing` out of the recipe"
            ) from None
        said = "" if answer.cut_off else answer.text.strip()
        write_whole(path, orjson.dumps({"asked": content, "said": said}))
        return said


def keeps(text: str, other: str) -> bool:
    """Whether other words still hold every id and value of a text, and none that it has not."""
    values = {word for word in _WORD.findall(text) if _is_value(word)}
    told = {word for word in _WORD.findall(other) if _is_value(word)}
    return bool(other) and values == told and set(_QUOTED.findall(text)) == set(_QUOTED.findall(other))


def _is_value(word: str) -> bool:
    return "_" in word or any(c.isdigit() for c in word)


def _with(record: Record, turn: int | None, said: dict[str, str]) -> Record:
    if turn is None or record.turns[turn].content not in said:
        return record
    before, own, after = record.turns[:turn], record.turns[turn], record.turns[turn + 1 :]
    fresh = replace(own, content=said[own.content])
    pointers = (*record.generated, f"/turns/{turn}/content")
    return identified(replace(record, turns=(*before, fresh, *after), generated=pointers))
