"""Honest answers, refusals and usage have the form that vLLM gives them."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import httpx
import jsonschema_rs
import orjson
import pytest

from tests.worldmodel.adversary import OBSERVATION, Adversary, Fault
from tests.worldmodel.adversary.asking import MESSAGES, ORDER, ask, body, data, is_order, joined, request, text
from tests.worldmodel.adversary.tokens import count


def test_it_is_healthy_and_names_its_model(client: httpx.Client) -> None:
    assert client.get("/health").status_code == 200
    [model] = client.get("/v1/models").json()["data"]
    assert model["id"] == "adversary"
    assert model["owned_by"] == "vllm"
    assert {"root", "created", "max_model_len", "permission", "parent"} <= set(model)


def test_a_restless_server_lists_its_model_otherwise_each_time() -> None:
    with Adversary(restless=True) as server:
        one, two = (httpx.get(f"{server.url}/v1/models").json()["data"][0] for _ in range(2))
    assert one["permission"] != two["permission"]


def test_an_answer_is_data_of_the_form_that_was_asked_for(client: httpx.Client) -> None:
    answer = ask(client)
    assert is_order(text(answer))
    found = answer.json()
    assert found["object"] == "chat.completion"
    assert found["choices"][0]["finish_reason"] == "stop"
    assert found["usage"]["total_tokens"] == found["usage"]["prompt_tokens"] + count(text(answer).encode())


def test_structured_outputs_are_another_way_to_ask_for_a_form(client: httpx.Client) -> None:
    assert text(ask(client, None, structured_outputs={"json": ORDER})) == text(ask(client))
    assert text(ask(client, None, structured_outputs={"json": json.dumps(ORDER)})) == text(ask(client))


def test_without_a_form_an_observation_is_said(client: httpx.Client) -> None:
    said = text(ask(client, None))
    assert said.startswith(OBSERVATION)
    assert isinstance(orjson.loads(said.removeprefix(OBSERVATION)), dict)


def test_a_test_may_say_what_is_answered() -> None:
    with Adversary(answer=lambda messages: f"heard {messages[-1]['content']}") as server:
        assert text(httpx.post(f"{server.url}/v1/chat/completions", json=body(None))) == "heard get_order ORD-00001"


def test_a_stream_says_the_same_as_an_answer_in_one_piece(client: httpx.Client) -> None:
    whole = ask(client, temperature=0.2, seed=7)
    stream = ask(client, stream=True, stream_options={"include_usage": True})
    assert stream.headers["content-type"].startswith("text/event-stream")
    events = data(stream)
    assert joined(events) == text(whole)
    assert [choice["finish_reason"] for event in events for choice in event["choices"]][-1] == "stop"
    assert events[-1]["choices"] == []
    assert events[-1]["usage"]["completion_tokens"] == whole.json()["usage"]["completion_tokens"]
    assert all("usage" not in event for event in data(ask(client, stream=True)))


def test_several_choices_differ(client: httpx.Client) -> None:
    choices = ask(client, n=3).json()["choices"]
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    assert len({choice["message"]["content"] for choice in choices}) == 3


@pytest.mark.parametrize("stream", [False, True])
def test_thoughts_stand_apart_and_count(client: httpx.Client, stream: bool) -> None:
    thinking = {"chat_template_kwargs": {"enable_thinking": True}}
    if stream:
        events = data(ask(client, stream=True, stream_options={"include_usage": True}, **thinking))
        assert is_order(joined(events))
        assert joined(events, "reasoning")
        usage = events[-1]["usage"]
    else:
        answer = ask(client, **thinking)
        assert is_order(text(answer))
        assert answer.json()["choices"][0]["message"]["reasoning"]
        usage = answer.json()["usage"]
    assert 0 < usage["completion_tokens_details"]["reasoning_tokens"] < usage["completion_tokens"]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_is_cut_at_the_limit(client: httpx.Client, name: str) -> None:
    answer = ask(client, **{name: 5})
    assert answer.json()["choices"][0]["finish_reason"] == "length"
    assert answer.json()["usage"]["completion_tokens"] == 5 == count(text(answer).encode())
    assert text(ask(client)).startswith(text(answer))


@pytest.mark.parametrize(
    ("further", "status", "kind", "words"),
    [
        ({"model": "gpt"}, 404, "NotFoundError", "The model `gpt` does not exist"),
        ({"messages": []}, 400, "Bad Request", "at least 1 item"),
        ({"messages": None}, 400, "Bad Request", "valid list"),
        ({"messages": [{"role": "wizard", "content": "hi"}]}, 400, "BadRequestError", "Wizard role not supported"),
        ({"max_tokens": 0}, 400, "BadRequestError", "max_tokens must be at least 1, got 0."),
        ({"n": "two"}, 400, "Bad Request", "valid integer"),
    ],
)
def test_what_vllm_refuses_is_refused_in_its_words(
    client: httpx.Client, further: dict[str, Any], status: int, kind: str, words: str
) -> None:
    answer = ask(client, **further)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["code"], error["type"]) == (status, kind)
    assert words in error["message"]


def test_a_body_that_is_no_json_is_refused(client: httpx.Client) -> None:
    for content, kind in ((b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/plain")):
        answer = client.post("/v1/chat/completions", content=content, headers={"content-type": kind})
        assert answer.status_code == 400
        assert answer.json()["error"]["type"] == "Bad Request"


def test_a_template_without_a_system_role_says_so() -> None:
    with Adversary(roles=("user", "assistant")) as server:
        answer = httpx.post(f"{server.url}/v1/chat/completions", json=body())
        assert answer.status_code == 400
        assert "System role not supported" in answer.json()["error"]["message"]


def test_a_prompt_longer_than_the_context_is_refused() -> None:
    with Adversary(context=100) as server, httpx.Client(base_url=server.url) as client:
        assert ask(client, max_tokens=90).json()["usage"]["completion_tokens"] < 90
        answer = ask(client, messages=[{"role": "user", "content": "word " * 100}])
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "input_tokens"
        assert answer.json()["error"]["message"].startswith(
            "This model's maximum context length is 100 tokens. However, "
        )
        assert "cannot be greater than max_model_len=100" in ask(client, max_tokens=101).json()["error"]["message"]


def test_an_older_server_refuses_what_may_not_fit() -> None:
    with Adversary(context=100, reserving=True) as server, httpx.Client(base_url=server.url) as client:
        assert "you requested 90 output tokens" in ask(client, max_tokens=90).json()["error"]["message"]


def test_other_addresses_and_methods_are_refused(client: httpx.Client) -> None:
    assert client.get("/v1/embeddings").status_code == 404
    assert client.get("/v1/chat/completions").status_code == 405


def test_several_requests_at_once_on_one_connection_are_answered_in_order(server: Adversary) -> None:
    server.next(Fault.HANG, Fault.NONE)
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(request() + request(n=2) + b"GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        server.wait(lambda it: it.in_flight == 1)
        server.release()
        answers = b"".join(iter(lambda: line.recv(65536), b""))
    assert re.findall(rb'"index":(\d)|content-length: (0)', answers) == [
        (b"0", b""),
        (b"0", b""),
        (b"1", b""),
        (b"", b"0"),
    ]


def test_a_longer_conversation_finds_the_shorter_one_in_the_cache(client: httpx.Client) -> None:
    longer = [*MESSAGES, {"role": "assistant", "content": "{}"}, {"role": "user", "content": "and now ORD-00002"}]
    usages = [ask(client, messages=messages).json()["usage"] for messages in (MESSAGES, longer)]
    assert [usage["prompt_tokens_details"]["cached_tokens"] for usage in usages] == [0, 32]
    assert usages[0]["prompt_tokens"] > 32


def test_a_form_may_refer_to_its_own_parts(client: httpx.Client) -> None:
    tree = {
        "$defs": {"node": {"type": "object", "required": ["name"], "properties": {"children": {"$ref": "#/$defs/nodes"}}},
                  "nodes": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
        "$ref": "#/$defs/node",
    }  # fmt: skip
    assert jsonschema_rs.is_valid(tree, orjson.loads(text(ask(client, tree))))
