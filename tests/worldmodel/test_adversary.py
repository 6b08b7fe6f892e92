"""The adversary misbehaves as it says: each fault is the one named, as any client sees it, and the same each time."""

from __future__ import annotations

import json
import math
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson
import pytest

from tests.worldmodel.adversary import ALL, OBSERVATION, SLOW, STREAM_ONLY, Adversary, Fault, Pace
from tests.worldmodel.adversary.asking import (
    ask,
    body,
    connected,
    data,
    is_json,
    is_order,
    joined,
    request,
    served,
    text,
)
from tests.worldmodel.adversary.lies import LIES
from tests.worldmodel.adversary.mishaps import MISHAPS
from tests.worldmodel.adversary.tokens import count

server = pytest.fixture(served, name="server")
client = pytest.fixture(connected, name="client")


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Each value without parts, by where it stands."""
    if not isinstance(value, dict | list):
        return {path: value}
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return {place: leaf for part, inner in parts for place, leaf in flat(inner, f"{path}/{part}").items()}


# Lies: what each fault says, beside the honest text for the same request

LOOKS: dict[Fault, Callable[[str, str], bool]] = {
    Fault.INVENTED_IDS: lambda said, honest: all(is_unheard_of(*pair) for pair in ids(said, honest)),
    Fault.STALE_IDS: lambda said, honest: [found for found, _ in ids(said, honest)][:2] == ["ORD-00777", "CUS-0666"],
    Fault.WRONG_TYPES: lambda said, honest: not is_order(said) and len(flat(orjson.loads(said))) >= 5,
    Fault.MISSING_FIELDS: lambda said, honest: not is_order(said) and leaves(said) < leaves(honest),
    Fault.EXTRA_FIELDS: lambda said, honest: not is_order(said) and leaves(said) > leaves(honest),
    Fault.TRUNCATED_JSON: lambda said, honest: honest.startswith(said) and not is_json(said),
    Fault.INVALID_JSON: lambda said, honest: len(said) > len(honest) - 30 and not is_json(said),
    Fault.OUT_OF_RANGE: lambda said, honest: any(map(is_infinite, flat(json.loads(said)).values())),
    Fault.DUPLICATE_KEYS: lambda said, honest: len(keys(said)) == len(keys(honest)) + 1,
    Fault.DEEP_NESTING: lambda said, honest: "[" * 10_000 in said and said.count("[") == said.count("]"),
    Fault.UNICODE_GARBAGE: lambda said, honest: any(
        "\ud800\0" in str(leaf) for leaf in flat(json.loads(said)).values()
    ),
    Fault.OTHER_TOOL: lambda said, honest: not set(orjson.loads(said)) & set(orjson.loads(honest)),
    Fault.EMPTY_TEXT: lambda said, honest: said == "",
    Fault.PROSE: lambda said, honest: said.endswith(".") and "{" not in said,
    Fault.BROKEN_CHARACTER: lambda said, honest: said.startswith("As an AI language model"),
    Fault.PRAISE: lambda said, honest: honest in said and said.startswith("This is a perfect simulation, 10/10"),
    Fault.FENCED: lambda said, honest: said == f"```json\n{honest}\n```",
    Fault.THINKING: lambda said, honest: said.startswith("<think>") and said.endswith(f"</think>\n\n{honest}"),
    Fault.THINK_TAGS: lambda said, honest: is_order(said) and "<think>" in said and said != honest,
}


def ids(said: str, honest: str) -> list[tuple[str, str]]:
    """The ids and the status in both."""
    one, other = orjson.loads(said), orjson.loads(honest)
    return [(one[name], other[name]) for name in ("id", "customer_id", "status")]


def is_unheard_of(found: str, honest: str) -> bool:
    return found not in ("ORD-00001", "ORD-00002", "open", "paid", honest) and found[:3] in (honest[:3], "T-9")


def leaves(said: str) -> set[tuple[str, Any]]:
    return set(flat(orjson.loads(said)).items())


def is_infinite(leaf: Any) -> bool:
    return isinstance(leaf, float) and math.isinf(leaf)


def keys(said: str) -> list[str]:
    found: list[str] = []
    json.loads(said, object_pairs_hook=lambda pairs: found.extend(key for key, _ in pairs))
    return found


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", LIES)
def test_each_lie_is_the_one_named(server: Adversary, client: httpx.Client, fault: Fault, stream: bool) -> None:
    server.stale = {"ORD-00777", "CUS-0666"}
    server.next(Fault.NONE, *[fault] * 5)
    honest = text(ask(client))
    for _ in range(5):
        if stream:
            events = data(ask(client, stream=True))
            said, finish = joined(events), events[-1]["choices"][0]["finish_reason"]
        else:
            answer = ask(client)
            said, finish = text(answer), answer.json()["choices"][0]["finish_reason"]
        assert LOOKS[fault](said, honest), said
        assert finish == ("length" if fault is Fault.TRUNCATED_JSON else "stop")
    assert server.counts == {fault: 5, Fault.NONE: 1}


def test_every_fault_is_done_by_one_function() -> None:
    assert sorted([*LIES, *MISHAPS]) == sorted(ALL)
    assert set(LOOKS) == set(LIES)


def test_invented_ids_differ_from_each_other_and_occur_nowhere_in_the_prompt(
    server: Adversary, client: httpx.Client
) -> None:
    rows = {"type": "array", "minItems": 3, "maxItems": 3, "items": {"enum": ["T-00042", "T-00043", "T-00044"]}}
    server.next(Fault.INVENTED_IDS)
    known = " ".join(f"T-{number}" for number in range(90_000, 99_000, 2))
    found = orjson.loads(text(ask(client, rows, messages=[{"role": "user", "content": known}])))
    assert len(set(found)) == 3
    assert not set(found) & set(known.split())
    assert all(re.fullmatch(r"T-9\d{4}", one) for one in found)


def test_a_lie_leaves_the_marker_of_an_observation(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.FENCED)
    assert text(ask(client, None)).startswith(OBSERVATION + "```json\n{")


# Mishaps: what each fault does to the answer on its way


def test_too_many_requests_says_when_to_come_again(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.TOO_MANY_REQUESTS)
    answer = ask(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(("fault", "status"), [(Fault.SERVER_ERROR, 500), (Fault.UNAVAILABLE, 503)])
def test_a_server_fails_and_works_again(server: Adversary, client: httpx.Client, fault: Fault, status: int) -> None:
    server.next(fault)
    assert [ask(client).status_code for _ in range(2)] == [status, 200]


def test_an_html_page_comes_with_status_200(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.HTML_PAGE)
    answer = ask(client)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
    assert not is_json(answer.text)


def test_a_wrong_content_type_has_the_right_content(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.WRONG_CONTENT_TYPE, Fault.WRONG_CONTENT_TYPE)
    plain, stream = ask(client), ask(client, stream=True)
    assert plain.headers["content-type"].startswith("text/plain")
    assert stream.headers["content-type"] == "application/json"
    assert text(plain) == joined(data(stream))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.DROP_BEFORE_HEADERS, httpx.RemoteProtocolError),
        (Fault.DROP_MID_JSON, httpx.RemoteProtocolError),
        (Fault.RESET, httpx.ReadError),
    ],
)
def test_a_connection_breaks(
    server: Adversary, client: httpx.Client, fault: Fault, error: type[Exception], stream: bool
) -> None:
    server.next(fault)
    with pytest.raises(error):
        ask(client, stream=stream)
    assert is_order(text(ask(client)))
    assert server.cancelled == 0


def arrived(client: httpx.Client) -> bytes:
    """What comes of a stream before it breaks."""
    found: list[bytes] = []
    asked = client.build_request("POST", "/v1/chat/completions", json=body(stream=True))
    answer = client.send(asked, stream=True)
    with pytest.raises(httpx.RemoteProtocolError):
        found.extend(answer.iter_raw())
    return b"".join(found)


def test_a_stream_breaks_between_two_events_or_in_one(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.DROP_MID_STREAM, Fault.DROP_MID_JSON)
    between, within = arrived(client), arrived(client)
    assert all(is_json(event.removeprefix("data: ")) for event in between.decode().strip().split("\n\n"))
    assert b"[DONE]" not in between
    assert not is_json(within.decode().split("data: ")[-1])


def is_well_formed(content: bytes) -> bool:
    *events, last = content.decode(errors="replace").removesuffix("\n\n").split("\n\n")
    return last == "data: [DONE]" and all(event[:6] == "data: " and is_json(event[6:]) for event in events)


def test_a_malformed_stream_cannot_be_read_to_its_end(server: Adversary, client: httpx.Client) -> None:
    server.next(*[Fault.MALFORMED_SSE] * 24)
    seen = set()
    for _ in range(24):
        content = ask(client, stream=True).content
        assert not is_well_formed(content)
        seen.add(re.sub(rb"chatcmpl-\w+", b"", content))
    assert len(seen) == 4


def test_an_error_may_come_as_an_event(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.ERROR_IN_STREAM)
    answer = ask(client, stream=True)
    assert answer.status_code == 200
    assert data(answer)[-1]["error"]["code"] == 500


@pytest.mark.parametrize("stream", [False, True])
def test_bytes_may_be_no_text(server: Adversary, client: httpx.Client, stream: bool) -> None:
    server.next(Fault.INVALID_UTF8)
    answer = ask(client, stream=stream)
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()


def test_another_model_may_come_behind_the_same_name_and_stay(server: Adversary, client: httpx.Client) -> None:
    def look() -> tuple[str, str, int]:
        [model] = client.get("/v1/models").json()["data"]
        return ask(client).json()["system_fingerprint"], model["id"], model["created"]

    before = look()
    assert look() == before
    server.next(Fault.CHANGED_MODEL)
    after = look()
    assert after[0] != before[0]
    assert look() == (after[0], before[1], after[2] + 86_400)
    assert data(ask(client, stream=True))[-1]["system_fingerprint"] == after[0]


def test_a_server_may_hang_until_it_is_released(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.HANG)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, client)
        server.wait(lambda it: it.in_flight == 1)
        assert not answer.done()
        server.release()
        assert is_order(text(answer.result()))
    assert (server.in_flight, server.cancelled) == (0, 0)


@pytest.mark.parametrize("fault", sorted(SLOW))
@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_is_noticed(server: Adversary, fault: Fault, stream: bool) -> None:
    server.next(fault)
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(request(stream=stream))
        server.wait(lambda it: it.in_flight == 1)
        assert server.cancelled == 0
    server.wait(lambda it: it.cancelled == 1)
    assert server.in_flight == 0


def test_the_first_token_may_be_late(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.SLOW_FIRST_TOKEN)
    with client.stream("POST", "/v1/chat/completions", json=body(stream=True)) as answer:
        assert answer.status_code == 200
        assert server.in_flight == 1
        server.release()
        answer.read()
    assert answer.text.startswith(": keep-alive\n\ndata: ")
    assert is_order(joined(data(answer)))


def test_a_slow_token_comes_by_itself() -> None:
    with Adversary(pace=Pace(first_token=0, token=0)) as server, httpx.Client(base_url=server.url) as client:
        server.next(*[Fault.SLOW_FIRST_TOKEN, Fault.DRIP] * 2)
        assert all(is_order(text(ask(client))) for _ in range(2))
        assert all(is_order(joined(data(ask(client, stream=True)))) for _ in range(2))


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_may_drip(server: Adversary, client: httpx.Client, stream: bool) -> None:
    server.next(Fault.DRIP)
    with client.stream("POST", "/v1/chat/completions", json=body(stream=stream)) as answer:
        parts = answer.iter_raw()
        first = next(parts)
        assert server.in_flight == 1
        server.release()
        rest = b"".join(parts)
    assert len(first) < len(rest)
    assert (b"[DONE]" in rest) if stream else is_json((first + rest).decode())


def test_an_endless_text_ends_when_the_client_hangs_up(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.ENDLESS_TEXT)
    with client.stream("POST", "/v1/chat/completions", json=body(stream=True)) as answer:
        lines = answer.iter_lines()
        assert len([next(lines) for _ in range(2000)]) == 2000
        assert server.cancelled == 0
    server.wait(lambda it: it.cancelled == 1)


@pytest.mark.parametrize("stream", [False, True])
def test_an_endless_text_ends_at_the_limit(server: Adversary, client: httpx.Client, stream: bool) -> None:
    server.next(Fault.ENDLESS_TEXT)
    answer = ask(client, max_tokens=100, stream=stream, stream_options={"include_usage": True})
    if stream:
        *events, last = data(answer)
        said, finish, usage = joined(events), events[-1]["choices"][0]["finish_reason"], last["usage"]
    else:
        said, finish, usage = text(answer), answer.json()["choices"][0]["finish_reason"], answer.json()["usage"]
    assert finish == "length"
    assert count(said.encode()) == 100 == usage["completion_tokens"]


# Control


def test_queued_faults_come_in_order_and_before_chance(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.EMPTY_TEXT, Fault.NONE, Fault.SERVER_ERROR)
    assert [ask(client).status_code for _ in range(3)] == [200, 200, 500]
    assert [fault for _, fault in server.log] == [Fault.EMPTY_TEXT, Fault.NONE, Fault.SERVER_ERROR]


def test_a_request_that_is_refused_uses_up_no_fault(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.EMPTY_TEXT)
    assert ask(client, model="gpt").status_code == 404
    assert text(ask(client)) == ""


def test_a_queued_fault_that_cannot_be_done_fails_the_test() -> None:
    server = Adversary()
    server.start()
    server.next(Fault.STALE_IDS)
    assert is_order(text(httpx.post(f"{server.url}/v1/chat/completions", json=body())))
    with pytest.raises(AssertionError, match="queued fault stale-ids cannot be done"):
        server.stop()
    assert server.counts == {Fault.NONE: 1}


def test_a_server_that_fails_on_its_own_fails_the_test() -> None:
    server = Adversary(answer=lambda messages: messages[7]["content"])
    server.start()
    assert httpx.post(f"{server.url}/v1/chat/completions", json=body(None)).status_code == 500
    with pytest.raises(AssertionError, match="The adversary failed: IndexError"):
        server.stop()


def test_bodies_are_kept(server: Adversary, client: httpx.Client) -> None:
    ask(client, temperature=0.6)
    assert server.requests[-1] == body(temperature=0.6)


def test_the_id_of_an_answer_is_in_the_log(server: Adversary, client: httpx.Client) -> None:
    assert [ask(client).json()["id"], ask(client).json()["id"]] == [name for name, _ in server.log]
    content = client.post("/v1/chat/completions", json=body(), headers={"x-request-id": "step-7"}).json()
    assert content["id"] == "chatcmpl-step-7"


def test_what_was_done_can_be_read_over_http(server: Adversary, client: httpx.Client) -> None:
    server.next(Fault.PROSE)
    ask(client)
    ask(client)
    assert client.get("/adversary").json() == {"counts": {"none": 1, "prose": 1}, "cancelled": 0, "in_flight": 0}


@pytest.mark.parametrize(("rate", "weights"), [(1.5, {}), (0.5, {Fault.HANG: -1.0})])
def test_chance_has_bounds(rate: float, weights: dict[Fault, float]) -> None:
    with pytest.raises(ValueError, match=r"is (between 0 and 1|0 or more)"):
        Adversary(rate=rate, weights=weights)


def test_waiting_for_what_never_comes_says_how_things_are(server: Adversary) -> None:
    with pytest.raises(TimeoutError, match="in_flight=0, cancelled=0"):
        server.wait(lambda it: it.cancelled == 1, seconds=0)


# Chance

QUICK = [fault for fault in ALL if fault not in SLOW]
DEPENDS_ON_ORDER = re.compile(rb'"(system_fingerprint|created|cached_tokens)":("[^"]*"|\d+)')


def run(
    seed: int, *, workers: int = 4, rate: float = 0.5, calls: int = 120, **options: Any
) -> tuple[Adversary, set[bytes]]:
    """So many calls, each request twice in two ways: the server afterwards, and what came of them."""
    server = Adversary(seed=seed, rate=rate, **({"kinds": QUICK} | options))
    with server, httpx.Client(base_url=server.url, timeout=20) as client:

        def call(number: int) -> bytes:
            messages = [{"role": "user", "content": f"get_order {number % (calls // 4)}"}]
            try:
                return DEPENDS_ON_ORDER.sub(b"", ask(client, messages=messages, stream=number % 2 == 0).content)
            except httpx.TransportError as error:
                return type(error).__name__.encode()

        with ThreadPoolExecutor(workers) as pool:
            return server, set(pool.map(call, range(calls)))


def test_the_same_seed_gives_the_same_run_however_many_ask_at_once() -> None:
    (alone, said), (together, said_too) = run(3, workers=1), run(3, workers=8)
    assert dict(alone.log) == dict(together.log)
    assert alone.counts == together.counts
    assert said == said_too
    assert len(dict(alone.log)) == 120


def test_another_seed_gives_another_run() -> None:
    assert sorted(run(3)[0].log) != sorted(run(4)[0].log)


def test_the_rate_is_the_share_that_something_befalls() -> None:
    assert run(1, rate=0)[0].counts == {Fault.NONE: 120}
    assert Fault.NONE not in run(1, rate=1)[0].counts
    assert 40 < run(1, rate=0.5)[0].counts[Fault.NONE] < 80


def test_weights_say_what_is_likelier() -> None:
    kinds = [Fault.PROSE, Fault.FENCED, Fault.PRAISE]
    counts = run(1, rate=1, kinds=kinds, weights={Fault.PROSE: 8, Fault.PRAISE: 0})[0].counts
    assert counts[Fault.PROSE] > 4 * counts[Fault.FENCED] > 0
    assert Fault.PRAISE not in counts


def test_chance_passes_over_what_cannot_be_done() -> None:
    faults = {*STREAM_ONLY, Fault.STALE_IDS}
    with Adversary(rate=1, kinds=sorted(faults)) as server, httpx.Client(base_url=server.url) as client:
        assert is_order(text(ask(client)))
        assert server.counts == {Fault.NONE: 1}


# A process of its own


def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "tests.worldmodel.adversary", "--rate", "1", "--seed", "3", "--kind", "prose"]
    with Adversary(seed=3, rate=1, kinds=[Fault.PROSE]) as server:
        here = text(httpx.post(f"{server.url}/v1/chat/completions", json=body()))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        said = text(httpx.post(f"{url}/v1/chat/completions", json=body()))
        process.send_signal(signal.SIGTERM)
        report = process.stdout.read()
    assert process.returncode == 0
    assert said == here
    assert re.search(r"prose\s+│\s+1", report)


def test_a_port_that_is_taken_is_named(server: Adversary) -> None:
    command = [sys.executable, "-m", "tests.worldmodel.adversary", "--port", str(server.port)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert found.stderr == f"Cannot listen on port {server.port}: Address already in use; --port 0 takes a free one\n"
