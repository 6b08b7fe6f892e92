"""The client: every answer whole and in time, or one sentence on why there is none; nothing stays behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.worldmodel import client as client_module
from mcp_sim.worldmodel import stream
from mcp_sim.worldmodel.client import Answer, BadRoles, Client, NoSuchModel, TooLong, Unanswered, Unsupported
from mcp_sim.worldmodel.replicas import Replicas
from mcp_sim.worldmodel.settings import Settings
from mcp_sim.worldmodel.wire import Message
from tests.worldmodel.adversary import Adversary, Fault, Pace
from tests.worldmodel.adversary.mishaps import MISHAPS
from tests.worldmodel.conftest import Serve
from tests.worldmodel.streaming import FINE, said, streamed

pytestmark = pytest.mark.anyio

Connect = Callable[..., Client]
Handler = Callable[[httpx.Request], Any]

BROKEN = sorted(
    MISHAPS.keys()
    - {Fault.ENDLESS_TEXT, Fault.DRIP, Fault.WRONG_CONTENT_TYPE, Fault.CHANGED_MODEL, Fault.TOO_MANY_REQUESTS}
)
"""Faults of which no answer comes, but may at the next try."""
HASTY: dict[str, Any] = {"first_token": 0.3, "pause": 0.3}


def hasty(fault: Fault) -> dict[str, Any]:
    """Settings under which a fault shows soon."""
    return HASTY if fault in (Fault.HANG, Fault.SLOW_FIRST_TOKEN) else {}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes a client for servers, or for what a function answers in their place."""
    clients = []

    def make(*servers: Adversary | str, by: Handler | None = None, rest: float = 5.0, **settings: Any) -> Client:
        urls = tuple(server.url if isinstance(server, Adversary) else server for server in servers)
        transport = None if by is None else httpx.MockTransport(by)
        clients.append(Client(Settings(urls=urls or ("http://a",), **settings), transport, rest))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


async def ask(client: Client, words: str = "hello", seconds: float = 5.0, **asked: Any) -> Answer:
    messages = (Message(role="user", content=words),)
    return await client.complete("adversary", messages, deadline=time.monotonic() + seconds, **asked)


async def told(client: Client, seconds: float = 5.0) -> str:
    """The one sentence on why there is no answer."""
    with pytest.raises(Unanswered) as caught:
        await ask(client, seconds=seconds)
    sentence = str(caught.value)
    assert sentence
    assert "\n" not in sentence
    assert len(sentence) < 500
    assert type(caught.value) is Unanswered
    return sentence


async def seen(server: Adversary, condition: Callable[[Adversary], bool]) -> None:
    await asyncio.to_thread(server.wait, condition)


class Held:
    """Answers in the place of servers, each question only when let go; knows who is being asked."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.under_way: dict[str, int] = {}
        self.most = 0
        self.changed = asyncio.Condition()
        self._gates: dict[str, asyncio.Event] = {}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        words, host = orjson.loads(request.content)["messages"][0]["content"], request.url.host
        self.order.append(words)
        self.under_way[host] = self.under_way.get(host, 0) + 1
        self.most = max(self.most, self.under_way[host])
        await self._tell()
        try:
            await self._gate(words).wait()
        finally:
            self.under_way[host] -= 1
        return streamed(FINE)

    def let_go(self, *words: str) -> None:
        for each in words:
            self._gate(each).set()

    async def until(self, condition: Callable[[Held], bool]) -> None:
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(lambda: condition(self)), 5)

    def _gate(self, words: str) -> asyncio.Event:
        return self._gates.setdefault(words, asyncio.Event())

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


async def settled() -> None:
    """Everything that can go on without being let go has gone on."""
    for _ in range(50):
        await asyncio.sleep(0)


# What goes wrong on the way


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_fault_that_passes_costs_one_more_try(serve: Serve, connect: Connect, fault: Fault) -> None:
    server = serve(pace=Pace(first_token=60))
    client = connect(server, **hasty(fault))
    whole = (await ask(client)).text
    server.next(fault)
    answer = await ask(client)
    assert answer.text == whole
    assert len(answer.spent["failed"]) == 1
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_fault_that_stays_ends_in_one_sentence(serve: Serve, connect: Connect, fault: Fault) -> None:
    server = serve(pace=Pace(first_token=60))
    server.next(*[fault] * 5)
    sentence = await told(connect(server, **hasty(fault)))
    assert sentence.startswith(f"{server.url}/v1 ")
    assert len(server.requests) == 3
    await seen(server, lambda found: found.in_flight == 0)


@pytest.mark.parametrize("fault", [Fault.DRIP, Fault.WRONG_CONTENT_TYPE, Fault.CHANGED_MODEL, Fault.SLOW_FIRST_TOKEN])
async def test_a_harmless_fault_costs_nothing(serve: Serve, connect: Connect, fault: Fault) -> None:
    server = serve(pace=Pace(first_token=0.05, token=0.01))
    client = connect(server)
    whole = (await ask(client)).text
    server.next(fault)
    assert (await ask(client)).text == whole
    assert len(server.requests) == 2
    assert server.cancelled == 0


async def test_two_hundred_faults_leave_nothing_behind(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LONGEST", 3000)
    server = serve(seed=3, rate=0.9, kinds=list(MISHAPS), pace=Pace(first_token=60, endless=0, retry_after=0))
    client = connect(server, concurrency=8, first_token=0.3, pause=0.3)
    before = asyncio.all_tasks()

    async def one(number: int) -> None:
        with suppress(Unanswered, TimeoutError):
            async with asyncio.timeout(0.05 if number % 10 == 0 else None):
                await ask(client, f"hello {number}", seconds=30)

    await asyncio.gather(*map(one, range(150)))
    await seen(server, lambda found: found.in_flight == 0)
    assert server.cancelled
    assert sum(server.counts.values()) - server.counts[Fault.NONE] >= 200
    assert asyncio.all_tasks() == before
    assert client.servers[0].under_way == 0
    held = Held()
    await client.close()
    again = connect(by=held, concurrency=8)
    again.replicas = client.replicas
    asked = [asyncio.create_task(ask(again, str(number))) for number in range(9)]
    await held.until(lambda found: len(found.order) == 8)
    held.let_go(*map(str, range(9)))
    await asyncio.gather(*asked)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"message": "top_k is not\n permitted", "code": 400}}, Unanswered),
        (401, {"error": "Unauthorized"}, Unanswered),
        (404, {"object": "error", "message": "The model `x` does not exist."}, NoSuchModel),
        (422, {"detail": [{"loc": ["body"], "msg": "Field required"}]}, Unanswered),
        (307, "", Unanswered),
        (400, {"error": {"message": "Invalid json_schema: oneOf is not supported"}}, Unsupported),
        (500, {"error": {"message": "xgrammar cannot compile the grammar"}}, Unsupported),
        (400, {"error": {"message": "This model's maximum context length is 10 tokens. However, you"}}, TooLong),
        (400, {"error": {"message": "The decoder prompt is longer than the maximum model length of 10."}}, TooLong),
        (400, {"error": {"message": "the request exceeds the available context size. try increasing"}}, TooLong),
        (400, {"message": "The input (9 tokens) is longer than the model's context length (8 tokens)."}, TooLong),
        (413, "too large", TooLong),
        (400, {"message": "System role not supported"}, BadRoles),
        (400, {"message": "Conversation roles must alternate user/assistant/user/assistant/..."}, BadRoles),
        (500, {"message": "Jinja Exception: Only user and assistant roles are supported!"}, BadRoles),
        (400, {"message": "Unexpected message role."}, BadRoles),
    ],
)
async def test_a_refusal_that_stays_is_not_tried_again(connect: Connect, status: int, body: Any, kind: type) -> None:
    asked = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        content = body if isinstance(body, str) else orjson.dumps(body)
        return httpx.Response(status, content=content, headers={"location": "https://b/v1"} if status == 307 else {})

    with pytest.raises(Unanswered) as caught:
        await ask(connect(by=refuse))
    assert type(caught.value) is kind
    assert len(asked) == 1
    sentence = str(caught.value)
    assert sentence.startswith(f"http://a/v1 answers {status} ")
    assert "\n" not in sentence
    assert (status == 307) == ("it is at https://b/v1" in sentence)


@pytest.mark.parametrize("after", ["60", "inf", "Fri, 01 Jan 2100 00:00:00 GMT"])
async def test_a_server_that_wants_more_time_than_there_is_is_left_alone(connect: Connect, after: str) -> None:
    asked = []

    def busy(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(429, headers={"retry-after": after}, json={"error": {"message": "slower, please"}})

    started = time.monotonic()
    assert await told(connect(by=busy)) == "http://a/v1 answers 429 Too Many Requests: slower, please"
    assert len(asked) == 1
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("after", ["0.25", "-1", "soon", "Fri, 01 Jan 2010 00:00:00 GMT", "nan", None])
async def test_a_server_that_wants_little_time_gets_it(connect: Connect, after: str | None) -> None:
    asked: list[float] = []

    def busy(_: httpx.Request) -> httpx.Response:
        asked.append(time.monotonic())
        if len(asked) > 1:
            return streamed(FINE)
        return httpx.Response(429, headers={} if after is None else {"retry-after": after})

    assert (await ask(connect(by=busy))).text == "fine"
    first, second = asked
    assert second - first >= (0.25 if after == "0.25" else 0.04)


async def test_a_deadline_that_is_over_costs_the_server_nothing(connect: Connect) -> None:
    asked: list[httpx.Request] = []
    client = connect(by=lambda request: asked.append(request) or streamed(FINE))
    assert await told(client, seconds=-1) == "no answer came before the deadline of the call"
    assert not asked


async def test_whatever_hangs_ends_with_the_deadline(serve: Serve, connect: Connect) -> None:
    server = serve()
    client = connect(server, first_token=60, pause=60)
    server.next(Fault.HANG)
    started = time.monotonic()
    assert await told(client, seconds=0.2) == "no answer came before the deadline of the call"
    assert time.monotonic() - started < 2
    await seen(server, lambda found: (found.in_flight, found.cancelled) == (0, 1))


# What comes as a stream


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([FINE], "fine"),
        ([bytes([byte]) for byte in FINE], "fine"),
        ([FINE.replace(b"\n", b"\r\n")], "fine"),
        ([b": hello\n\nevent: x\nid: 1\nretry: 5\n", FINE], "fine"),
        ([FINE.replace(b"data: ", b"data:")], "fine"),
        ([said("fi", "ne")], "fine"),
        ([said("fine").removesuffix(b"\n\n")], "fine"),
        ([said("fine", finish=None), b"data: [DONE]\n\n"], "fine"),
        ([FINE, b"data: {}\n\n"], "fine"),
        ([said("a\u2028b\u0085c", "\x1c\u00e9")], "a\u2028b\u0085c\x1c\u00e9"),
        ([b'data: {"choices": null, "usage": 5}\n\ndata: {"choices": [null, {"delta": null}]}\n\n', FINE], "fine"),
        ([b'data: {"error": null, "choices": [{"delta": {"content": [1]}}]}\n\n', FINE], "fine"),
        ([b'data: {"choices": [{"delta": {"reasoning_content": "hm", "reasoning": "hm"}}]}\n\n', FINE], "fine"),
    ],
)
async def test_a_stream_is_put_together(connect: Connect, pieces: list[bytes], text: str) -> None:
    answer = await ask(connect(by=lambda _: streamed(*pieces)))
    assert (answer.text, answer.cut_off) == (text, False)


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ([], "broke off the answer"),
        ([said("fine", finish=None)], "broke off the answer"),
        ([b"data: 5\n\n"], "no JSON objects"),
        ([b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n'], "not JSON"),
        ([said("fi"), b'{"choices": []}\n\n', FINE], "no stream of events (text/event-stream)"),
        ([b"<html>"], "no stream of events"),
        ([b"data: " + b"x" * 2_000_000], "events without an end"),
        ([said("fi", finish="abort")], "gave the answer up (abort)"),
        ([b'data: {"error": "out of\\n memory"}\n\n'], "broke off the answer: out of memory"),
        ([b'data: {"error": {"message": "engine died", "code": 500}}\n\n'], "broke off the answer: engine died"),
    ],
)
async def test_a_stream_that_is_not_whole_is_no_answer(connect: Connect, pieces: list[bytes], why: str) -> None:
    sentence = await told(connect(by=lambda _: streamed(*pieces)))
    assert why in sentence
    assert sentence.endswith("(3 times)")


async def test_a_refusal_that_comes_in_the_stream_is_one(connect: Connect) -> None:
    late = {"error": {"message": "maximum context length is 5 tokens", "type": "BadRequestError", "code": 400}}
    with pytest.raises(TooLong, match="answers 400 Bad Request: maximum context length is 5 tokens"):
        await ask(connect(by=lambda _: streamed(b"data: " + orjson.dumps(late) + b"\n\n")))


NAMES = [
    "choices",
    "delta",
    "content",
    "finish_reason",
    "usage",
    "error",
    "code",
    "message",
    "id",
    "prompt_tokens",
    "reasoning",
]
json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 500) | st.text(max_size=3) | st.just("stop"),
    lambda part: st.lists(part, max_size=2) | st.dictionaries(st.sampled_from(NAMES), part, max_size=3),
    max_leaves=12,
)
chunks = json_like.map(lambda value: b"data: " + orjson.dumps(value) + b"\n\n")


@given(st.lists(st.binary(max_size=20) | chunks | st.sampled_from([b"data: ", b"\n", said("x"), FINE]), max_size=5))
def test_any_stream_is_an_answer_or_a_sentence(pieces: list[bytes]) -> None:
    async def act() -> None:
        client = Client(Settings(urls=("http://a",)), httpx.MockTransport(lambda _: streamed(*pieces)))
        with pytest.MonkeyPatch.context() as patch, suppress(Unanswered):
            patch.setattr(client_module, "_backoff", lambda _: 0.0)
            answer = await ask(client)
            assert all(answer.spent[name] >= 0 for name in answer.spent if name.endswith("_tokens"))
        await client.close()

    asyncio.run(act())


@pytest.mark.parametrize("breaks", [True, False])
async def test_an_answer_that_is_whole_counts_though_the_rest_of_the_stream_does_not_come(
    connect: Connect, breaks: bool
) -> None:
    async def sent() -> AsyncIterator[bytes]:
        yield said("fine")
        if breaks:
            raise httpx.ReadError("reset")
        await asyncio.Event().wait()

    answer = await ask(connect(by=lambda _: httpx.Response(200, content=sent()), **HASTY))
    assert (answer.text, "failed" in answer.spent) == ("fine", False)


async def test_a_sign_of_life_is_no_first_token(connect: Connect) -> None:
    async def sent() -> AsyncIterator[bytes]:
        while True:
            yield b": ping\n\n" + said("", finish=None)
            await asyncio.sleep(0.01)

    sentence = await told(connect(by=lambda _: httpx.Response(200, content=sent()), **HASTY))
    assert sentence == "http://a/v1 began no answer within 0.3 seconds (3 times)"


async def test_an_answer_that_stops_is_given_up(connect: Connect) -> None:
    async def sent() -> AsyncIterator[bytes]:
        yield said("fi", finish=None)
        while True:
            yield b": ping\n\n"
            await asyncio.sleep(0.01)

    sentence = await told(connect(by=lambda _: httpx.Response(200, content=sent()), first_token=9, pause=0.2))
    assert sentence == "http://a/v1 stopped in its answer for more than 0.2 seconds (3 times)"


async def test_thinking_aloud_is_a_beginning(connect: Connect) -> None:
    async def sent() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield b'data: {"choices": [{"delta": {"reasoning": "hm"}}]}\n\n'
            await asyncio.sleep(0.04)
        yield FINE

    answer = await ask(connect(by=lambda _: httpx.Response(200, content=sent()), **HASTY))
    assert answer.text == "fine"
    assert answer.spent["first_token"] >= 0.3


async def test_a_slow_answer_within_the_limits_is_whole(serve: Serve, connect: Connect) -> None:
    server = serve("one two three four five six seven", pace=Pace(token=0.05))
    server.next(Fault.DRIP)
    answer = await ask(connect(server, first_token=2, pause=2))
    assert answer.text == "one two three four five six seven"
    assert answer.spent["seconds"] > 0.3


@pytest.mark.parametrize("limit", [None, 300])
async def test_endless_text_is_cut_off(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch, limit: int | None
) -> None:
    monkeypatch.setattr(stream, "LONGEST", 3000)
    server = serve(pace=Pace(endless=0))
    server.next(Fault.ENDLESS_TEXT)
    answer = await ask(connect(server), **({} if limit is None else {"max_tokens": limit}))
    assert answer.cut_off
    assert len(answer.text) < 3200
    assert answer.spent["completion_tokens"] == (limit or 0)
    await seen(server, lambda found: (found.in_flight, found.cancelled) == (0, limit is None))


# Cancellation


async def test_a_cancelled_call_is_cancelled_at_the_server(serve: Serve, connect: Connect) -> None:
    server = serve()
    client = connect(server, concurrency=1)
    server.next(Fault.HANG)
    asked = asyncio.create_task(ask(client))
    await seen(server, lambda found: found.in_flight == 1)
    asked.cancel()
    await asyncio.wait([asked])
    await seen(server, lambda found: (found.in_flight, found.cancelled) == (0, 1))
    assert (await ask(client)).text
    assert client.servers[0].well


async def test_a_cancelled_call_leaves_the_queue(connect: Connect) -> None:
    held = Held()
    client = connect(by=held, concurrency=1)
    first, second, third = (asyncio.create_task(ask(client, words)) for words in ("first", "second", "third"))
    await held.until(lambda found: found.order == ["first"])
    second.cancel()
    await asyncio.wait([second])
    held.let_go("first", "third")
    await asyncio.gather(first, third)
    assert held.order == ["first", "third"]


async def test_a_call_that_is_cancelled_when_its_turn_comes_gives_it_on() -> None:
    async def look(_: object) -> bool:
        return True

    replicas = Replicas(["http://a"], 1, 5.0, look)
    taken: list[str] = []

    async def take(name: str) -> None:
        async with replicas.place():
            taken.append(name)

    async with replicas.place():
        second, third = asyncio.create_task(take("second")), asyncio.create_task(take("third"))
        await settled()
    second.cancel()
    await asyncio.wait([second, third], timeout=5)
    assert (taken, replicas.servers[0].under_way) == (["third"], 0)


# Concurrency


async def test_no_server_is_asked_more_at_once_than_it_takes(connect: Connect) -> None:
    held = Held()
    client = connect("http://a", "http://b", by=held, concurrency=3)
    asked = [asyncio.create_task(ask(client, str(number))) for number in range(20)]
    await held.until(lambda found: len(found.order) == 6)
    await settled()
    assert held.under_way == {"a": 3, "b": 3}
    held.let_go(*map(str, range(20)))
    await asyncio.gather(*asked)
    assert held.most == 3
    assert len(held.order) == 20


async def test_a_server_takes_no_more_when_another_one_fails(connect: Connect) -> None:
    held = Held()

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "a":
            raise httpx.ConnectError("refused")
        found: httpx.Response = await held(request)
        return found

    client = connect("http://a", "http://b", by=answer, concurrency=2)
    asked = [asyncio.create_task(ask(client, str(number))) for number in range(8)]
    await held.until(lambda found: len(found.order) == 2)
    held.let_go(*map(str, range(8)))
    await asyncio.gather(*asked)
    assert held.most == 2


async def test_calls_are_served_in_the_order_in_which_they_came(connect: Connect) -> None:
    held = Held()
    client = connect(by=held, concurrency=2)
    names = [str(number) for number in range(9)]
    asked = []
    for name in names:
        asked.append(asyncio.create_task(ask(client, name)))
        await settled()
    for name in names:
        held.let_go(name)
        await settled()
    await asyncio.gather(*asked)
    assert held.order == names


async def test_waiting_for_a_turn_counts_towards_the_deadline(connect: Connect) -> None:
    held = Held()
    client = connect(by=held, concurrency=1)
    first = asyncio.create_task(ask(client, "first"))
    await held.until(lambda found: found.order == ["first"])
    assert await told(client, seconds=0.1) == "no answer came before the deadline of the call"
    held.let_go("first")
    await first
    assert held.order == ["first"]
    assert client.servers[0].well


# Replicas


class Hosts:
    """Answers in the place of servers, by name; knows what each was asked."""

    def __init__(self, **answers: int | Exception) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        host, path = request.url.host, request.url.path
        self.asked.append(f"{host}{path.removeprefix('/v1')}")
        answer = self.answers.get(f"{host}{path.removeprefix('/v1')}", self.answers.get(host, 200))
        if isinstance(answer, Exception):
            raise answer
        if answer == 200 and path.endswith("/completions"):
            return streamed(FINE)
        return httpx.Response(answer)

    def calls(self) -> str:
        """Who was asked for an answer, in order."""
        return "".join(asked[0] for asked in self.asked if asked.endswith("/completions"))


DEAD = httpx.ConnectError("refused")


async def test_the_least_busy_server_is_asked_first(connect: Connect) -> None:
    held = Held()
    client = connect("http://a", "http://b", "http://c", by=held)
    asked = [asyncio.create_task(ask(client, str(number))) for number in range(6)]
    await held.until(lambda found: len(found.order) == 6)
    assert held.under_way == {"a": 2, "b": 2, "c": 2}
    held.let_go("1")
    await asked[1]
    held.let_go("6", *map(str, range(6)))
    await ask(client, "6")
    assert held.order[-1] == "6"
    await asyncio.gather(*asked)


@pytest.mark.parametrize("answer", [500, 429, 503, DEAD, httpx.RemoteProtocolError("bye")])
async def test_a_server_that_fails_costs_no_answer_while_another_one_is_well(connect: Connect, answer: Any) -> None:
    hosts = Hosts(a=answer)
    client = connect("http://a", "http://b", by=hosts)
    assert (await ask(client)).text == "fine"
    for _ in range(3):
        assert "failed" not in (await ask(client)).spent
    assert hosts.calls() == "abbbb"
    assert hosts.asked.count("a/health") == 0


async def test_a_busy_server_does_not_keep_a_call_from_another_one(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": "60"}) if request.url.host == "a" else streamed(FINE)

    assert (await ask(connect("http://a", "http://b", by=answer))).text == "fine"


async def test_a_server_comes_back_once_it_says_that_it_is_well(connect: Connect) -> None:
    hosts = Hosts(a=503)
    client = connect("http://a", "http://b", by=hosts, rest=0.0)
    await ask(client)
    for _ in range(3):
        await ask(client)
        await settled()
    assert hosts.calls() == "abbbb"
    assert hosts.asked.count("a/health") >= 3
    hosts.answers["a"] = 200
    await ask(client)
    await settled()
    assert client.servers[0].well
    await ask(client)
    assert hosts.calls() == "abbbbba"


@pytest.mark.parametrize(("models", "well"), [(200, True), (404, False), (DEAD, False)])
async def test_a_server_that_knows_no_health_is_asked_for_its_models(connect: Connect, models: Any, well: bool) -> None:
    hosts = Hosts(a=500)
    client = connect("http://a", "http://b", by=hosts, rest=0.0)
    await ask(client)
    hosts.answers |= {"a/health": 404, "a/models": models}
    await ask(client)
    await settled()
    assert client.servers[0].well is well
    assert hosts.asked[-2:] == ["a/health", "a/models"]


async def test_a_server_is_looked_after_once_at_a_time_and_no_more_after_the_end(connect: Connect) -> None:
    looks = []

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/health":
            looks.append(request)
            await asyncio.Event().wait()
        return httpx.Response(500) if request.url.host == "a" else streamed(FINE)

    before = asyncio.all_tasks()
    client = connect("http://a", "http://b", by=answer, rest=0.0)
    for _ in range(4):
        await ask(client)
        await settled()
    assert len(looks) == 1
    assert len(asyncio.all_tasks() - before) == 1
    await client.close()
    assert asyncio.all_tasks() == before


async def test_while_no_server_is_well_all_are_asked(connect: Connect) -> None:
    hosts = Hosts(a=500, b=DEAD)
    client = connect("http://a", "http://b", by=hosts, rest=60.0)
    sentence = await told(client)
    assert sentence == (
        "http://a/v1 answers 500 Internal Server Error (2 times); then http://b/v1 gives no connection (refused)"
    )
    hosts.answers["b"] = 200
    assert (await ask(client)).text == "fine"


async def test_servers_that_are_all_dead_end_in_one_sentence(connect: Connect) -> None:
    hosts = Hosts(a=DEAD, b=DEAD)
    sentence = await told(connect("http://a", "http://b", by=hosts))
    assert "http://a/v1 gives no connection" in sentence
    assert "http://b/v1 gives no connection" in sentence


async def test_a_server_that_dies_and_returns_answers_again(serve: Serve, connect: Connect) -> None:
    server = serve()
    client = connect(server, rest=0.0)
    whole = (await ask(client)).text
    server.stop()
    assert await told(client) == f"{server.url}/v1 gives no connection (All connection attempts failed) (3 times)"
    serve(port=server.port)
    assert (await ask(client)).text == whole


# What servers offer


async def test_what_one_server_offers_is_known_though_another_one_is_dead_or_strange(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.host:
            case "a":
                raise httpx.ConnectError("refused")
            case "b":
                return httpx.Response(200, json={"data": [{"id": "m", "from": "b"}]})
            case "c":
                return httpx.Response(200, json={"data": [{"id": "m", "from": "c"}, {"id": "n"}]})
        return httpx.Response(200, html="<html>")

    client = connect("http://a", "http://b", "http://c", "http://d", by=answer)
    assert await client.models() == {"m": {"id": "m", "from": "b"}, "n": {"id": "n"}}
    assert [server.well for server in client.servers] == [False, True, True, False]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(404, json={"detail": "Not Found"}), "http://a/v1 answers 404 Not Found"),
        (httpx.Response(200, text="Hello"), "http://a/v1 is no OpenAI-compatible server"),
        (httpx.Response(200, json=[]), "http://a/v1 is no OpenAI-compatible server"),
        (httpx.Response(200, json={"data": 5}), "http://a/v1 is no OpenAI-compatible server"),
        (httpx.Response(200, json={"data": ["m"]}), "http://a/v1 is no OpenAI-compatible server"),
        (httpx.Response(200, json={"data": []}), "no server offers a model"),
        (httpx.Response(301, headers={"location": "https://a/v1/models"}), "it is at https://a/v1/models"),
        (httpx.Response(502, html="<html>\n<h1>Bad</h1>"), "http://a/v1 answers 502 Bad Gateway"),
    ],
)
async def test_what_is_no_server_is_told_in_one_sentence(connect: Connect, answer: httpx.Response, why: str) -> None:
    with pytest.raises(Unanswered) as caught:
        await connect(by=lambda _: answer).models()
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_server_that_never_tells_its_models_is_given_up(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_CONNECT", 0.1)

    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    started = time.monotonic()
    with pytest.raises(Unanswered, match=r"^http://a/v1 does not answer within 0.1 seconds; http://b/v1 does not"):
        await connect("http://a", "http://b", by=hang).models()
    assert time.monotonic() - started < 2


# What nobody may read


async def test_a_key_goes_to_the_server_and_nowhere_else(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    key = "sk-owl-7741"
    asked: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(401, json={"error": {"message": f"Incorrect key: {request.headers['authorization']}"}})

    caplog.set_level(logging.DEBUG)
    client = connect(by=refuse, api_key=key)
    texts = [repr(client), repr(client.settings), str(client.settings), await told(client)]
    with pytest.raises(Unanswered) as caught:
        await client.models()
    assert [request.headers["authorization"] for request in asked] == [f"Bearer {key}"] * 2
    for text in (*texts, str(caught.value), caplog.text):
        assert "owl-7741" not in text
    assert texts[-1] == "http://a/v1 answers 401 Unauthorized: Incorrect key: Bearer …"


async def test_without_a_key_no_key_is_sent(connect: Connect) -> None:
    asked: list[httpx.Request] = []
    await ask(connect(by=lambda request: asked.append(request) or streamed(FINE)))
    assert "authorization" not in asked[0].headers
