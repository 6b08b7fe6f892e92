"""The wire form of an answer, in one piece or streamed, as vLLM 0.32 gives it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from tests.worldmodel.adversary import tokens
from tests.worldmodel.adversary.draft import Draft
from tests.worldmodel.adversary.request import ChatRequest

DONE = b"data: [DONE]\n\n"

_HOLE = "\x1atoken"


@dataclass(frozen=True, slots=True)
class Card:
    """A model that is served.

    Attributes:
        created: seconds since 1970.
        context: tokens that prompt and answer may have together.
    """

    id: str
    created: int
    fingerprint: str
    context: int

    def listing(self, created: int, permission: str) -> dict[str, Any]:
        """Its entry in /v1/models."""
        return {
            "id": self.id,
            "object": "model",
            "created": created,
            "owned_by": "vllm",
            "root": f"/models/{self.id}",
            "parent": None,
            "max_model_len": self.context,
            "permission": [
                {
                    "id": f"modelperm-{permission}",
                    "object": "model_permission",
                    "created": created,
                    "allow_create_engine": False,
                    "allow_sampling": True,
                    "allow_logprobs": True,
                    "allow_search_indices": False,
                    "allow_view": True,
                    "allow_fine_tuning": False,
                    "organization": "*",
                    "group": None,
                    "is_blocking": False,
                }
            ],
        }


@dataclass(slots=True)
class Said:
    """One choice, cut to the tokens that it may have."""

    reasoning: str
    content: str
    finish: str
    tokens: int
    reasoning_tokens: int

    @classmethod
    def from_draft(cls, draft: Draft, room: int | None) -> Said:
        """The draft, or as much of it as there is room for."""
        thoughts, words = tokens.count(draft.reasoning.encode()), tokens.count(draft.text.encode())
        if room is None or thoughts + words <= room:
            return cls(draft.reasoning, draft.text, draft.finish, thoughts + words, thoughts)
        reasoning = "".join(tokens.pieces(draft.reasoning)[:room])
        content = "".join(tokens.pieces(draft.text)[: max(0, room - thoughts)])
        return cls(reasoning, content, "length", room, min(thoughts, room))


@dataclass(slots=True)
class Reply:
    """A completion, ready to be sent.

    Attributes:
        id: of the completion, and of the request in the log.
        cached: tokens of the prompt that were in the cache.
    """

    id: str
    card: Card
    request: ChatRequest
    said: list[Said]
    prompt_tokens: int
    cached: int
    room: int | None

    def body(self) -> bytes:
        """The answer in one piece."""
        return orjson.dumps(
            {
                "id": self.id,
                "object": "chat.completion",
                "created": self.card.created,
                "model": self.card.id,
                "choices": [
                    {
                        "index": index,
                        "message": {
                            "role": "assistant",
                            "content": said.content or (None if said.reasoning else ""),
                            "refusal": None,
                            "annotations": None,
                            "audio": None,
                            "function_call": None,
                            "reasoning": said.reasoning or None,
                        },
                        "logprobs": None,
                        "finish_reason": said.finish,
                        "stop_reason": None,
                        "token_ids": None,
                    }
                    for index, said in enumerate(self.said)
                ],
                "service_tier": None,
                "system_fingerprint": self.card.fingerprint,
                "usage": self._usage(),
                "prompt_logprobs": None,
                "prompt_token_ids": None,
                "kv_transfer_params": None,
            }
        )

    def events(self, interval: int = 1) -> list[bytes]:
        """The answer as a stream: one event for so many tokens, and the end."""
        found = [self.event({"role": "assistant", "content": ""}, index) for index in range(len(self.said))]
        for index, said in enumerate(self.said):
            *pieces, last = _together(tokens.pieces(said.content), interval) or [""]
            found += self.tokens(_together(tokens.pieces(said.reasoning), interval), index, "reasoning")
            found += self.tokens(pieces, index)
            found.append(self.event({"content": last}, index, said.finish))
        return found + self.ending()

    def tokens(self, pieces: Iterable[str], index: int = 0, part: str = "content") -> list[bytes]:
        """One event for each piece of one choice."""
        before, after = self.event({part: _HOLE}, index).split(orjson.dumps(_HOLE))
        return [before + orjson.dumps(piece) + after for piece in pieces]

    def ending(self) -> list[bytes]:
        """What comes after the last token."""
        if not self.request.include_usage:
            return [DONE]
        return [_event(self._chunk([], usage=self._usage(), system_fingerprint=self.card.fingerprint)), DONE]

    def event(self, delta: dict[str, str], index: int = 0, finish: str | None = None) -> bytes:
        """One event of one choice."""
        choice: dict[str, Any] = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        choice |= {"token_ids": None} if finish is None else {"stop_reason": None, "token_ids": None}
        if finish is None or self.request.include_usage:
            return _event(self._chunk([choice]))
        return _event(self._chunk([choice], system_fingerprint=self.card.fingerprint))

    def _chunk(self, choices: list[dict[str, Any]], **further: Any) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.card.created,
            "model": self.card.id,
            "choices": choices,
            **further,
        }

    def _usage(self) -> dict[str, Any]:
        completion = sum(said.tokens for said in self.said)
        usage: dict[str, Any] = {
            "prompt_tokens": self.prompt_tokens,
            "total_tokens": self.prompt_tokens + completion,
            "completion_tokens": completion,
            "prompt_tokens_details": {"cached_tokens": self.cached},
        }
        if thoughts := sum(said.reasoning_tokens for said in self.said):
            usage["completion_tokens_details"] = {"reasoning_tokens": thoughts}
        return usage


def error_body(status: int, message: str, kind: str, param: str | None = None) -> bytes:
    """vLLM's form of an error."""
    return orjson.dumps({"error": {"message": message, "type": kind, "param": param, "code": status}})


def error_event(status: int, message: str, kind: str) -> bytes:
    """The same in a stream that has begun already."""
    return b"data: " + error_body(status, message, kind) + b"\n\n"


def _together(pieces: list[str], interval: int) -> list[str]:
    return ["".join(pieces[start : start + interval]) for start in range(0, len(pieces), interval)]


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"
