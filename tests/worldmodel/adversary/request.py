"""A request to /v1/chat/completions, as vLLM 0.32 reads it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson

from tests.worldmodel.adversary.draft import NO_SCHEMA

ROLES = ("system", "developer", "user", "assistant", "tool")
"""What a usual chat template accepts."""


class Refused(Exception):
    """The server will not answer this; the message, type and param are those of vLLM's error body."""

    def __init__(self, status: int, message: str, kind: str = "BadRequestError", param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.param = param


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked.

    Attributes:
        max_tokens: None where the request sets no limit.
        schema: what the data shall be, or NO_SCHEMA.
        thinking: whether thoughts are wanted, or None for the server's custom.
        prompt: the messages as the chat template renders them.
    """

    body: dict[str, Any]
    model: str | None
    messages: list[dict[str, Any]]
    stream: bool
    include_usage: bool
    n: int
    max_tokens: int | None
    schema: Any
    thinking: bool | None
    prompt: bytes

    @classmethod
    def read(cls, body: dict[str, Any], model: str, roles: Collection[str]) -> ChatRequest:
        """Read a body for a server of this model, whose chat template accepts these roles.

        Raises:
            Refused: this server does not accept it.
        """
        messages = body.get("messages")
        if not isinstance(messages, list):
            raise _invalid("messages", "missing" if messages is None else "list_type", "Input should be a valid list")
        if not messages:
            raise _invalid("messages", "too_short", "List should have at least 1 item after validation, not 0")
        if body.get("model") not in (None, "", model):
            message = f"The model `{body['model']}` does not exist. Valid aliases: {model}."
            raise Refused(404, message, "NotFoundError", "model")
        limit = body.get("max_completion_tokens")
        kwargs = body.get("chat_template_kwargs") or {}
        thinking = kwargs.get("enable_thinking")
        return cls(
            body=body,
            model=body.get("model"),
            messages=messages,
            stream=bool(body.get("stream")),
            include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
            n=_at_least_one("n", body.get("n")) or 1,
            max_tokens=_at_least_one("max_tokens", body.get("max_tokens") if limit is None else limit),
            schema=_schema(body),
            thinking=thinking,
            prompt=_rendered(messages, body.get("tools"), thinking, roles),
        )

    def room(self, tokens: int, context: int | None, *, reserving: bool) -> int | None:
        """Tokens that the answer may have; None for any number.

        Args:
            tokens: tokens in the prompt.
            context: tokens that prompt and answer may have together, or None for any number.
            reserving: refuse what may not fit, as vLLM did before 0.30, instead of shortening it.

        Raises:
            Refused: there is no room.
        """
        wanted = self.max_tokens
        if context is None:
            return wanted
        if wanted is not None and wanted > context:
            name = "max_tokens" if self.body.get("max_completion_tokens") is None else "max_completion_tokens"
            raise Refused(
                400,
                f"{name}={wanted} cannot be greater than max_model_len={context}. Please request fewer output tokens. "
                f"(parameter={name}, value={wanted})",
                param=name,
            )
        if tokens > context:
            raise Refused(
                400,
                f"This model's maximum context length is {context} tokens. However, your prompt contains at least "
                f"{context + 1} input tokens, which exceeds this limit even without any output tokens. Please reduce "
                f"the length of the input prompt. (parameter=input_tokens, value={context + 1})",
                param="input_tokens",
            )
        if reserving and tokens + (wanted or 1) > context:
            raise Refused(
                400,
                f"This model's maximum context length is {context} tokens. However, you requested {wanted or 1} output "
                f"tokens and your prompt contains {tokens} input tokens, for a total of {tokens + (wanted or 1)} "
                "tokens. Please reduce the length of the input prompt or the number of requested output tokens. "
                f"(parameter=input_tokens, value={tokens})",
                param="input_tokens",
            )
        if tokens == context:
            raise Refused(
                400,
                f"The decoder prompt (length {tokens}) plus the number of requested output tokens (at least 1) is "
                f"longer than the maximum model length of {context}. Make sure that `max_model_len` is no smaller than "
                "the number of text tokens (prompt + requested output tokens).",
            )
        return context - tokens if wanted is None else min(wanted, context - tokens)


def parse(raw: bytes, content_type: bytes) -> dict[str, Any]:
    """The body as JSON.

    Raises:
        Refused: it is none.
    """
    if content_type.split(b";")[0].strip().lower() != b"application/json":
        problem = "Unsupported Media Type: Only 'application/json' is allowed"
        raise Refused(400, f"1 validation error:\n  {problem}", "Bad Request")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _invalid(str(error.pos), "json_invalid", f"JSON decode error: {error.msg}") from None
    if not isinstance(body, dict):
        raise _invalid("", "model_attributes_type", "Input should be a valid dictionary")
    return body


def _invalid(place: str, kind: str, message: str) -> Refused:
    place = f"body.{place}".rstrip(".")
    problem = {"type": kind, "loc": place, "msg": message}
    return Refused(400, f"1 validation error:\n  {problem}", "Bad Request", place)


def _at_least_one(name: str, number: Any) -> int | None:
    if number is None:
        return None
    if not isinstance(number, int) or isinstance(number, bool):
        raise _invalid(name, "int_type", "Input should be a valid integer")
    if number < 1:
        message = f"{name} must be at least 1, got {number}. (parameter={name}, value={number})"
        raise Refused(400, message, param=name)
    return number


def _schema(body: dict[str, Any]) -> Any:
    """As vLLM: a response_format goes before structured_outputs."""
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        if not isinstance(form.get("json_schema"), dict):
            message = "When response_format type is 'json_schema', the 'json_schema' field must be provided."
            raise Refused(400, message, "Bad Request", "response_format")
        return form["json_schema"].get("schema", True)
    if form.get("type") == "json_object":
        return {"type": "object"}
    wanted = body.get("structured_outputs") or {}
    if wanted.get("json") is not None:
        return orjson.loads(wanted["json"]) if isinstance(wanted["json"], str) else wanted["json"]
    return {"type": "object"} if wanted.get("json_object") else NO_SCHEMA


def _rendered(messages: list[dict[str, Any]], tools: Any, thinking: bool | None, roles: Collection[str]) -> bytes:
    parts = [f"<tools>\n{orjson.dumps(tools).decode()}\n</tools>\n"] if tools else []
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        if role not in roles:
            raise Refused(400, f"{str(role).capitalize()} role not supported")
        content = message.get("content")
        if not isinstance(content, str):
            content = "".join(part.get("text", "") for part in content or ())
        parts.append(f"<|im_start|>{role}\n{content}<|im_end|>\n")
    parts.append("<|im_start|>assistant\n")
    if thinking is False:
        parts.append("<think>\n\n</think>\n\n")
    return "".join(parts).encode()
