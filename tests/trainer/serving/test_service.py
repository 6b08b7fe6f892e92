"""The endpoint of a checkpoint, with something in the checkpoint's place that answers what it is told to."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Event
from typing import Any

import httpx
import pytest

from mcp_sim.worldmodel.client import Client, TooLong, Unanswered, Unsupported
from mcp_sim.worldmodel.settings import Settings
from trainer.serving.app import application
from trainer.serving.engine import Ended, Refused, Task
from trainer.serving.wanted import Wanted

CHAT: dict[str, Any] = {"model": "tiny", "messages": [{"role": "user", "content": "Who is there?"}]}


class Echo:
    """Says the words of the last message, a piece each; waits before each one if it is told to."""

    context = 100
    version = "abc"

    def __init__(self) -> None:
        self.go_on = Event()
        self.go_on.set()
        self.begun = Event()
        self.stopped = Event()
        self.problem = ""

    def prepare(self, wanted: Wanted) -> Task:
        if self.problem:
            raise Refused(self.problem)
        return Task(wanted, (1, 2, 3), wanted.longest or 10)

    def answer(self, task: Task, number: int, hear: Callable[[str], None], stopped: Callable[[], bool]) -> Ended:
        self.begun.set()
        while not self.go_on.wait(0.01):
            if stopped():
                self.stopped.set()
                return Ended(0, "stop")
        words = task.wanted.chat[-1]["content"].split()[: task.longest]
        if words[0] == "FAIL":
            raise RuntimeError("the weights are gone")
        for word in words:
            hear(f"{word} ")
        return Ended(len(words), "stop" if len(words) < task.longest else "length")


@pytest.fixture
def echo() -> Echo:
    return Echo()


@asynccontextmanager
async def reached(echo: Echo, waiting: int = 8) -> AsyncIterator[httpx.AsyncClient]:
    app = application(echo, "tiny", waiting=waiting)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
    ):
        yield client


def post(echo: Echo, **more: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with reached(echo) as client:
            return await client.post("/v1/chat/completions", json={**CHAT, **more})

    return asyncio.run(ask())


def refusal(echo: Echo, **more: Any) -> tuple[int, str]:
    answered = post(echo, **more)
    return answered.status_code, answered.json()["error"]["message"]


def test_an_answer_comes_whole_with_what_it_took(echo: Echo) -> None:
    answered = post(echo).json()
    assert answered["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "Who is there? "}, "finish_reason": "stop"}
    ]
    assert answered["usage"] == {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}
    assert (answered["object"], answered["model"]) == ("chat.completion", "tiny")


def test_several_answers_are_numbered_and_counted_together(echo: Echo) -> None:
    answered = post(echo, n=3, max_tokens=2).json()
    assert [(one["index"], one["finish_reason"]) for one in answered["choices"]] == [(n, "length") for n in range(3)]
    assert answered["usage"]["completion_tokens"] == 6


def test_a_stream_is_what_the_client_of_a_world_model_reads(echo: Echo) -> None:
    async def ask() -> Any:
        app = application(echo, "tiny")
        client = Client(Settings(urls=("http://127.0.0.1:1",)), httpx.ASGITransport(app))
        try:
            models = await client.models()
            return models, await client.complete(
                "tiny", tuple(CHAT["messages"]), deadline=time.monotonic() + 30, max_tokens=2
            )
        finally:
            await client.close()

    models, answer = asyncio.run(ask())
    assert models["tiny"]["max_model_len"] == 100
    assert models["tiny"]["root"] == "tiny@abc"
    assert (answer.text, answer.cut_off) == ("Who is ", True)
    assert answer.spent["completion_tokens"] == 2


def test_it_says_that_it_is_well(echo: Echo) -> None:
    async def ask() -> httpx.Response:
        async with reached(echo) as client:
            return await client.get("/health")

    assert asyncio.run(ask()).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ({"model": "big"}, 404, "there is no model 'big' here; there is 'tiny'"),
        ({"logprobs": True}, 400, "logprobs: is not known; known: model, messages, "),
        ({"max_tokns": 3}, 400, "max_tokns: is not known (did you mean 'max_tokens'?)"),
        ({"messages": []}, 400, "messages: List should have at least 1 item"),
        ({"n": 0}, 400, "n: must be 1 or more (got 0)"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "messages: Input should be 'system', 'user' or"),
        ({"temperature": -1}, 400, "temperature: must be 0.0 or more (got -1)"),
    ],
)
def test_what_is_not_understood_is_refused_and_not_left_out(
    echo: Echo, asked: dict[str, Any], status: int, told: str
) -> None:
    found, message = refusal(echo, **asked)
    assert found == status
    assert message.startswith(told)


def test_a_prompt_that_is_too_long_and_a_schema_that_cannot_be_kept_are_refused_as_the_client_knows_them(
    echo: Echo,
) -> None:
    async def ask() -> None:
        client = Client(Settings(urls=("http://127.0.0.1:1",)), httpx.ASGITransport(application(echo, "tiny")))
        try:
            await client.complete("tiny", tuple(CHAT["messages"]), deadline=time.monotonic() + 30)
        finally:
            await client.close()

    for problem, kind in (
        ("the model's context length is 100 tokens", TooLong),
        ("no answer can be kept to this schema: it refers to itself", Unsupported),
    ):
        echo.problem = problem
        with pytest.raises(kind, match=problem):
            asyncio.run(ask())


def test_a_queue_that_is_full_says_when_to_come_again(echo: Echo) -> None:
    async def ask() -> list[httpx.Response]:
        echo.go_on.clear()
        async with reached(echo, waiting=1) as client:
            first = asyncio.create_task(client.post("/v1/chat/completions", json=CHAT))
            await asyncio.to_thread(echo.begun.wait, 30)
            second = await client.post("/v1/chat/completions", json=CHAT)
            echo.go_on.set()
            third = await client.post("/v1/chat/completions", json=CHAT) if (await first) else None
            return [await first, second, third] if third else []

    first, second, third = asyncio.run(ask())
    assert [first.status_code, second.status_code, third.status_code] == [200, 429, 200]
    assert second.headers["retry-after"] == "1"


def test_who_leaves_is_not_computed_for_any_further(echo: Echo) -> None:
    async def leave() -> None:
        echo.go_on.clear()
        async with reached(echo) as client:
            asked = asyncio.create_task(client.post("/v1/chat/completions", json={**CHAT, "stream": True}))
            await asyncio.to_thread(echo.begun.wait, 30)
            asked.cancel()
            assert await asyncio.to_thread(echo.stopped.wait, 30)

    asyncio.run(leave())


def test_who_serves_no_longer_lets_go_of_what_is_under_way(echo: Echo) -> None:
    async def end() -> None:
        echo.go_on.clear()
        async with reached(echo) as client:
            asked = asyncio.create_task(client.post("/v1/chat/completions", json=CHAT))
            await asyncio.to_thread(echo.begun.wait, 30)
        assert echo.stopped.is_set()
        asked.cancel()

    asyncio.run(end())


def test_a_model_that_breaks_down_is_an_error_of_the_server_and_the_next_is_answered(echo: Echo) -> None:
    assert post(echo, messages=[{"role": "user", "content": "FAIL"}]).status_code == 500
    assert post(echo).status_code == 200


def test_a_stream_that_breaks_down_is_no_answer(echo: Echo) -> None:
    async def ask() -> None:
        app = application(echo, "tiny")
        client = Client(Settings(urls=("http://127.0.0.1:1",)), httpx.ASGITransport(app, raise_app_exceptions=False))
        message: Any = {"role": "user", "content": "FAIL"}
        try:
            await client.complete("tiny", (message,), deadline=time.monotonic() + 30)
        finally:
            await client.close()

    with pytest.raises(Unanswered, match="broke off the answer"):
        asyncio.run(ask())


def test_a_web_page_from_elsewhere_may_not_ask(echo: Echo) -> None:
    async def ask() -> httpx.Response:
        async with reached(echo) as client:
            return await client.post("/v1/chat/completions", json=CHAT, headers={"origin": "http://evil.example"})

    assert asyncio.run(ask()).status_code == 403


def test_parts_of_a_message_are_one_text() -> None:
    parts = [{"type": "text", "text": "Who is "}, {"type": "text", "text": "there?"}]
    wanted = Wanted.model_validate_json(json.dumps({**CHAT, "messages": [{"role": "user", "content": parts}]}))
    assert wanted.chat == [{"role": "user", "content": "Who is there?"}]
