"""What mcp-sim counts on when it asks vLLM."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import jsonschema_rs
import orjson
import pytest

from tests.vllm.conftest import Vllm

pytestmark = pytest.mark.vllm

READING = {
    "type": "object",
    "properties": {
        "status": {"enum": ["open", "closed", None]},
        "count": {"type": "integer", "minimum": 1, "maximum": 20},
        "ids": {"type": "array", "items": {"enum": ["CUS-0001", "CUS-0002"]}, "maxItems": 3},
        "checked": {"type": "boolean"},
    },
    "required": ["status", "count", "ids", "checked"],
    "additionalProperties": False,
}


def asking(vllm: Vllm, text: str = "What is the status?", **asked: Any) -> dict[str, Any]:
    messages = [{"role": "system", "content": "You are a service."}, {"role": "user", "content": text}]
    return {"model": vllm.model, "messages": messages, "max_tokens": 64, "seed": 1, **asked}


def ask(vllm: Vllm, text: str = "What is the status?", **asked: Any) -> dict[str, Any]:
    answer = httpx.post(f"{vllm.url}/v1/chat/completions", json=asking(vllm, text, **asked), timeout=120)
    assert answer.status_code == 200, answer.text
    answered: dict[str, Any] = answer.json()
    return answered


def said(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


def test_it_answers_and_says_what_that_took(vllm: Vllm) -> None:
    answer = ask(vllm)
    assert said(answer)
    assert answer["choices"][0]["finish_reason"] in ("stop", "length")
    assert 1 <= answer["usage"]["completion_tokens"] <= 64


def test_an_answer_that_is_cut_off_says_so(vllm: Vllm) -> None:
    answer = ask(vllm, max_tokens=3, min_tokens=3)
    assert (answer["choices"][0]["finish_reason"], answer["usage"]["completion_tokens"]) == ("length", 3)


@pytest.mark.parametrize("seed", range(4))
def test_an_answer_keeps_to_its_schema_however_hot_the_sampling(vllm: Vllm, seed: int) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "observation", "schema": READING, "strict": True}}
    answer = ask(vllm, response_format=form, temperature=2.0, top_p=1.0, top_k=-1, seed=seed)
    assert answer["choices"][0]["finish_reason"] == "stop"
    jsonschema_rs.validate(READING, orjson.loads(said(answer)))
    assert " " not in said(answer)


def test_a_schema_that_cannot_be_kept_is_refused_and_the_server_goes_on(vllm: Vllm) -> None:
    impossible = {"type": "object", "properties": {"a": {"type": "string"}}, "patternProperties": {"(": {}}}
    form = {"type": "json_schema", "json_schema": {"name": "observation", "schema": impossible}}
    refused = httpx.post(f"{vllm.url}/v1/chat/completions", json=asking(vllm, response_format=form), timeout=120)
    assert refused.status_code == 400
    assert said(ask(vllm))


def test_a_prompt_that_begins_as_an_earlier_one_is_computed_from_where_it_differs(vllm: Vllm) -> None:
    beginning = f"{uuid4()} " + "The depot holds 12 crates of apples. " * 40
    first, second = (ask(vllm, beginning + end)["usage"] for end in ("Sell one.", "Buy two, and then count them."))
    assert first["prompt_tokens_details"]["cached_tokens"] == 0
    assert second["prompt_tokens_details"]["cached_tokens"] >= 128
    assert second["prompt_tokens_details"]["cached_tokens"] < second["prompt_tokens"]


async def _together(vllm: Vllm, texts: list[str]) -> list[str]:
    async with httpx.AsyncClient(timeout=120) as client:
        url = f"{vllm.url}/v1/chat/completions"
        answers = await asyncio.gather(*(client.post(url, json=asking(vllm, text)) for text in texts))
    return [said(answer.json()) for answer in answers]


def test_the_same_question_with_the_same_seed_is_answered_the_same_in_any_company(vllm: Vllm) -> None:
    texts = [f"How is ship number {number}?" for number in range(12)]
    alone = [said(ask(vllm, text)) for text in texts]
    assert asyncio.run(_together(vllm, texts)) == alone
    assert len(set(alone)) > 1


def test_a_prompt_longer_than_the_context_is_refused_by_that_name(vllm: Vllm) -> None:
    refused = httpx.post(f"{vllm.url}/v1/chat/completions", json=asking(vllm, "0 " * 9000), timeout=120)
    assert refused.status_code == 400
    assert "context length" in refused.json()["error"]["message"]


def test_it_says_how_long_a_prompt_may_be(vllm: Vllm) -> None:
    (model,) = httpx.get(f"{vllm.url}/v1/models").json()["data"]
    assert (model["id"], model["max_model_len"], model["owned_by"]) == (vllm.model, 8192, "vllm")
