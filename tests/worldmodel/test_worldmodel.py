"""A world model behind a session, when its servers are not as one would wish: the session goes on, and says why."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from mcp_sim.session import Session
from mcp_sim.worldmodel import worldmodel as worldmodel_module
from mcp_sim.worldmodel.client import Client
from mcp_sim.worldmodel.settings import Settings
from schemas.types import Call
from store.completions import completions_of
from store.db import Database
from tests.worldmodel.adversary import Fault
from tests.worldmodel.almanac import almanac
from tests.worldmodel.asking import Asking
from tests.worldmodel.conftest import Ask, Serve
from tests.worldmodel.streaming import Stub, refused

GOOD = '{"id": "ST-001", "words": "A calm white star."}'
Stubbed = Callable[..., Asking]


@pytest.fixture
def stubbed(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubbed]:
    """Starts a session whose world model is a stub."""
    with ExitStack() as stack:

        def start(stub: Stub, **options: Any) -> Asking:
            monkeypatch.setattr(worldmodel_module, "Client", lambda settings: Client(settings, stub))
            return stack.enter_context(Asking(database, "http://stub", **options))

        yield start


def troubles(asking: Asking) -> list[str]:
    """Why the last call was not answered by the world model."""
    return [violation.message for attempt in asking.last().attempts for violation in attempt.violations]


# What is asked for


@pytest.mark.parametrize(("thinks", "tokens"), [(True, 1024 + 4096), (False, 1024)])
def test_thinking_is_switched_by_class_of_tool_and_has_tokens_of_its_own(
    serve: Serve, ask: Ask, thinks: bool, tokens: int
) -> None:
    server = serve(GOOD, thinking=not thinks)
    asking = ask(server, thinking={"read": thinks, "write": not thinks})
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
    body = server.requests[-1]
    assert body["chat_template_kwargs"] == {"enable_thinking": thinks}
    assert (body["max_tokens"], body["top_k"]) == (tokens, 20)
    assert asking.last().completions[0].said == GOOD
    asking.ask("discover_star", part="north")
    assert server.requests[-1]["chat_template_kwargs"] == {"enable_thinking": not thinks}
    assert server.requests[-1]["max_tokens"] == 1536 + (0 if thinks else 4096)


@pytest.mark.parametrize(("owner", "more"), [("vllm", True), ("sglang", True), ("acme", False), (None, False)])
def test_what_the_api_does_not_have_goes_only_to_servers_that_know_it(
    stubbed: Stubbed, owner: str | None, more: bool
) -> None:
    stub = Stub(lambda _: GOOD, owned_by=owner)
    stubbed(stub).done("describe_star", id="ST-001")
    (body,) = stub.bodies
    assert ("chat_template_kwargs" in body, "top_k" in body) == (more, more)
    assert (body["model"], body["temperature"], body["stream"]) == ("stub", 0.6, True)


def test_an_answer_that_was_cut_off_gets_more_room_as_far_as_the_context_has_it(stubbed: Stubbed) -> None:
    stub = Stub(lambda _: '{"id": "ST-001", "words": "cut', max_model_len=3000)
    stubbed(stub).done("describe_star", id="ST-001")
    assert [body["max_tokens"] for body in stub.bodies] == [1024, 1024, 1024]


# What servers refuse


def test_a_schema_that_the_server_does_not_take_is_left_out_from_then_on(
    stubbed: Stubbed, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(body: dict[str, Any]) -> str | httpx.Response:
        return refused(400, "json_schema: anyOf is not\n supported") if "response_format" in body else GOOD

    stub = Stub(answer)
    asking = stubbed(stub, structured=True)
    for _ in range(3):
        assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
        asking.done("rename_star", id="ST-001", name=f"Alba {len(stub.bodies)}")
    assert ["response_format" in body for body in stub.bodies] == [True, False, False, False]
    assert len(caplog.records) == 1
    assert "not supported" in caplog.text


def test_a_server_that_refuses_every_schema_is_believed(stubbed: Stubbed) -> None:
    asking = stubbed(Stub(lambda _: refused(400, "grammar is broken")), structured=True)
    asking.done("describe_star", id="ST-001")
    assert troubles(asking) == ["http://stub/v1 answers 400 Bad Request: grammar is broken"]


def test_a_template_without_a_system_role_gets_its_message_with_the_first_turn(serve: Serve, ask: Ask) -> None:
    server = serve(GOOD, roles=("user", "assistant"))
    asking = ask(server)
    for _ in range(2):
        assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
        asking.done("rename_star", id="ST-001", name=f"Alba {len(server.requests)}")
    refusal, first, second = server.requests
    assert [refusal["messages"][0]["role"], first["messages"][0]["role"]] == ["system", "user"]
    assert second["messages"][0]["role"] == "user"
    system, turn = (message["content"] for message in refusal["messages"])
    assert first["messages"][0]["content"] == f"{system}\n\n{turn}"


def test_a_template_that_takes_no_roles_at_all_is_told_once(serve: Serve, ask: Ask) -> None:
    server = serve(GOOD, roles=())
    asking = ask(server)
    asking.done("describe_star", id="ST-001")
    assert troubles(asking) == [f"{server.url}/v1 answers 400 Bad Request: User role not supported"]
    assert len(server.requests) == 2


LONG = almanac(
    demonstrations=[
        {"tool": "describe_star", "arguments": {"id": "ST-001"}, "observation": {"id": "ST-001", "words": "x y " * 225}}
    ]
    * 3
)


def test_a_small_context_makes_prompts_short_and_the_step_says_what_was_left_out(serve: Serve, ask: Ask) -> None:
    long = ask(serve(GOOD), world=LONG, session_id="long")
    long.done("describe_star", id="ST-001")
    assert long.last().notes == ()
    server = serve(GOOD, context=3000)
    asking = ask(server, world=LONG, session_id="short")
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
    assert len(server.requests) == 1
    assert any("the prompt left out" in note for note in asking.last().notes)


def test_a_prompt_that_the_server_finds_too_long_is_shortened(stubbed: Stubbed) -> None:
    def answer(body: dict[str, Any]) -> str | httpx.Response:
        length = sum(len(message["content"]) for message in body["messages"])
        return refused(400, "This model's maximum context length is 5 tokens.") if length > 5000 else GOOD

    stub = Stub(answer)
    asking = stubbed(stub, world=LONG)
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
    tries = len(stub.bodies)
    assert tries > 1
    assert any("the prompt left out" in note for note in asking.last().notes)
    asking.done("rename_star", id="ST-001", name="Aura")
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
    assert len(stub.bodies) == tries + 1, "what fits is remembered"


def test_calls_at_once_do_not_shorten_prompts_more_than_one(stubbed: Stubbed, database: Database) -> None:
    def answer(body: dict[str, Any]) -> str | httpx.Response:
        length = sum(len(message["content"]) for message in body["messages"])
        return refused(400, "This model's maximum context length is 5 tokens.") if length > 5000 else GOOD

    asking = stubbed(Stub(answer), world=LONG)
    sessions = [asking.sessions.create(asking.session.world) for _ in range(8)]

    async def calls() -> list[Any]:
        return await asyncio.gather(
            *(found.call(Call("describe_star", {"id": f"ST-00{n % 3 + 1}"})) for n, found in enumerate(sessions))
        )

    asking.run(calls())
    assert asking.worldmodel is not None
    assert asking.worldmodel.share > 0.2


def test_a_prompt_that_never_fits_shortens_no_other(stubbed: Stubbed) -> None:
    def answer(body: dict[str, Any]) -> str | httpx.Response:
        if "A tale about the sky." in body["messages"][0]["content"].split("# The called tool")[1]:
            return refused(400, "This model's maximum context length is 5 tokens.")
        return GOOD

    asking = stubbed(Stub(answer))
    asking.ask("tell")
    assert "maximum context length" in troubles(asking)[0]
    assert asking.worldmodel is not None
    assert asking.worldmodel.share == 1.0
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)


@pytest.mark.parametrize("most", [0, 4000, 7000])
def test_a_trace_of_short_prompts_replays_byte_for_byte(stubbed: Stubbed, ask: Ask, most: int) -> None:
    def answer(body: dict[str, Any]) -> str | httpx.Response:
        length = sum(len(message["content"]) for message in body["messages"])
        return refused(400, "This model's maximum context length is 5 tokens.") if length > most else GOOD

    def act(asking: Asking) -> bytes:
        asking.done("describe_star", id="ST-001")
        asking.ask("describe_star", id="ST-002")
        return asking.trace()

    first = stubbed(Stub(answer, max_model_len=4096), world=LONG)
    recorded = act(first)
    said = [found for step in first.steps() for found in completions_of(step)]
    assert said
    again = ask(None, database=Database("sqlite://"), world=LONG, recorded=said)
    assert act(again) == recorded


# Who answers


def test_a_wrong_model_name_is_told_with_the_nearest_one(serve: Serve, ask: Ask) -> None:
    server = serve(GOOD)
    asking = ask(server, model="adversari")
    asking.done("describe_star", id="ST-001")
    told = "no server offers the model 'adversari' (did you mean 'adversary'?); offered: adversary"
    assert troubles(asking) == [told]
    assert not server.requests


def test_another_model_under_the_same_name_has_another_fingerprint(serve: Serve, ask: Ask) -> None:
    server = serve(GOOD)
    asking = ask(server)
    asking.done("describe_star", id="ST-001")
    asking.done("rename_star", id="ST-001", name="Aura")
    asking.done("describe_star", id="ST-001")
    server.next(Fault.CHANGED_MODEL)
    asking.done("rename_star", id="ST-001", name="Alba")
    asking.done("describe_star", id="ST-001")
    first, second, third = (found.model for step in asking.steps() for found in completions_of(step))
    assert first == second != third
    assert {first.partition("#")[0], third.partition("#")[0]} == {"adversary"}


def test_a_server_that_dies_in_mid_session_and_returns_answers_again(serve: Serve, ask: Ask) -> None:
    server = serve(GOOD)
    asking = ask(server, tries=1)
    asking.done("describe_star", id="ST-001")
    server.stop()
    asking.done("rename_star", id="ST-001", name="Aura")
    asking.done("describe_star", id="ST-001")
    gone = asking.last()
    assert gone.responder == "synthesize"
    (told,) = troubles(asking)
    assert told.startswith(f"{server.url}/v1 gives no connection")
    serve(GOOD, port=server.port)
    asking.done("rename_star", id="ST-001", name="Alba")
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
    assert [step.responder for step in asking.steps()] == [
        "worldmodel", "effects", "synthesize", "effects", "worldmodel"
    ]  # fmt: skip
    assert asking.rows()["ST-001"]["name"] == "Alba"


def test_a_server_that_returns_with_another_model_is_asked_for_that_one(serve: Serve, ask: Ask) -> None:
    server = serve(GOOD)
    asking = ask(server)
    asking.done("describe_star", id="ST-001")
    server.stop()
    serve(GOOD, port=server.port, model="successor")
    asking.done("rename_star", id="ST-001", name="Aura")
    asking.done("describe_star", id="ST-001")
    assert "The model `adversary` does not exist" in troubles(asking)[0]
    asking.done("rename_star", id="ST-001", name="Alba")
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
    assert asking.last().completions[0].model.startswith("successor#")


def test_a_world_model_that_failed_often_is_left_alone_and_asked_again(
    serve: Serve, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worldmodel_module, "_REST", 0.0)
    server = serve(GOOD)
    asking = ask(server, tries=1)
    server.next(*[Fault.SERVER_ERROR] * 12)
    for number in range(4):
        asking.done("describe_star", id="ST-001")
        asking.done("rename_star", id="ST-001", name=f"Alba {number}")
    assert len(server.requests) == 12
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)


# What stays behind


def test_a_cancelled_call_writes_nothing_and_frees_session_server_and_place(serve: Serve, ask: Ask) -> None:
    server = serve(GOOD)
    asking = ask(server, concurrency=1, first_token=60.0, deadline=60.0)
    asking.done("suggest_stars")
    before, steps = asking.rows(), asking.trace()
    server.next(Fault.HANG)

    async def cancel() -> None:
        call = asyncio.create_task(asking.session.call(Call("discover_star", {"part": "north"})))
        await asyncio.to_thread(server.wait, lambda found: found.in_flight == 1)
        assert asking.session.busy
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.to_thread(server.wait, lambda found: found.in_flight == 0)

    asking.run(cancel())
    assert server.cancelled == 1
    assert not asking.session.busy
    assert (asking.rows(), asking.trace()) == (before, steps)
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)


def test_a_server_that_never_tells_its_models_keeps_no_call_beyond_its_deadline(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    def client(settings: Settings) -> Client:
        return Client(settings, httpx.MockTransport(hang))

    monkeypatch.setattr(worldmodel_module, "Client", client)
    with Asking(database, "http://stub", deadline=0.3) as asking:
        sessions = [asking.sessions.create(asking.session.world) for _ in range(12)]

        async def calls() -> list[float]:
            started = asyncio.get_running_loop().time()

            async def one(session: Session) -> float:
                await session.call(Call("suggest_stars", {}))
                return asyncio.get_running_loop().time() - started

            return await asyncio.gather(*map(one, sessions))

        assert max(asking.run(calls())) < 2


def test_what_was_asked_in_vain_is_accounted_for(serve: Serve, ask: Ask) -> None:
    server = serve(GOOD)
    asking = ask(server, tries=1)
    server.next(*[Fault.SERVER_ERROR] * 3)
    asking.done("describe_star", id="ST-001")
    (measured,) = asking.session.measured()
    (spent,) = measured["worldmodel"]
    assert spent["failed"] == troubles(asking)
    assert spent["seconds"] > 0.1
    assert (spent["prompt_tokens"], spent["completion_tokens"]) == (0, 0)


def test_a_key_appears_in_no_step_log_or_trace(stubbed: Stubbed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = "sk-owl-7741"
    asking = stubbed(Stub(lambda _: refused(401, f"Incorrect API key provided: {key}")), api_key=key)
    asking.done("describe_star", id="ST-001")
    assert troubles(asking) == ["http://stub/v1 answers 401 Unauthorized: Incorrect API key provided: …"]
    for text in (asking.trace().decode(), repr(list(asking.session.measured())), repr(asking.worldmodel), caplog.text):
        assert key not in text


def test_characters_that_no_database_keeps_reach_none(stubbed: Stubbed) -> None:
    answers = ["A \0 star.", '{"id": "ST-001", "words": "A \\u0000 star."}', GOOD]
    asking = stubbed(Stub(lambda _: answers.pop(0)))
    assert asking.done("tell") == "A \ufffd star."
    assert asking.done("describe_star", id="ST-001") == json.loads(GOOD)
    assert troubles(asking) == [
        "the answer cannot be read: it cannot be kept: /words: a text cannot hold NUL characters"
    ]
    assert b"\\u0000" not in asking.trace().replace(b"\\\\u0000", b"")


def test_a_recorded_answer_is_given_though_a_server_is_there(serve: Serve, ask: Ask) -> None:
    first = ask(serve(GOOD))
    first.done("describe_star", id="ST-001")
    server = serve(GOOD.replace("calm", "wild"), seed=5)
    recorded = list(completions_of(first.last()))
    again = ask(server, database=Database("sqlite://"), recorded=recorded)
    assert again.done("describe_star", id="ST-001") == json.loads(GOOD)
    assert not server.requests
