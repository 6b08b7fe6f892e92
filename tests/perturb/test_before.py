"""Perturbations before a call is carried out: delays, refusals, a part of a batch. Nothing is half-written."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from schemas.types import Call
from tests.perturb.conftest import Perturb
from tests.perturb.perturbed import Perturbed

NEW = {"label": "fresh", "weight": 3}


@pytest.mark.parametrize(
    ("spec", "status", "text", "did"),
    [
        ({"error": {}}, 500, "Internal Server Error", {"status": 500}),
        ({"error": {"status": 503, "retry_after": 1.5}}, 503, "Retry after 2 seconds.", {"status": 503, "retry_after": 2}),
        ({"error": {"status": 418, "text": "No."}}, 418, "No.", {"status": 418}),
        ({"error": {"status": 599}}, 599, "The request failed.", {"status": 599}),
        ({"permission": {}}, 403, "you do not have permission to use create_parcel", {"status": 403}),
        ({"unavailable": {}}, 503, "Service Unavailable", {"status": 503}),
        ({"unavailable": {"gone": True}}, 404, "Unknown tool: create_parcel", {"status": 404, "code": -32602}),
        ({"timeout": {"seconds": 5}}, 504, "timed out after 5 seconds", {"status": 504, "after_commit": False}),
        ({"cancel": {}}, 499, "cancelled", {"status": 499, "after_commit": False}),
        ({"protocol_error": {"code": -32000, "text": "boom"}}, 500, "boom", {"code": -32000}),
        ({"auth": {"lifetime": 0.5}}, 401, "the access token has expired", {"status": 401}),
        ({"rate_limit": {"calls": 1, "per": 60}}, 429, "Retry after 59 seconds.", {"status": 429, "retry_after": 59}),
    ],
)  # fmt: skip
def test_a_refused_call_changes_nothing_and_says_what_refused_it(
    perturb: Perturb, spec: dict[str, Any], status: int, text: str, did: dict[str, Any]
) -> None:
    running = perturb(spec)
    if "rate_limit" in spec:
        running.ask("get_parcel", id="P-001")
    before = running.rows()
    step = running.step("create_parcel", **NEW)
    (acted,) = step.perturbations
    assert (step.observation.is_error, step.observation.status, acted.did) == (True, status, did)
    assert text in step.observation.text
    assert (step.responder, step.answer, step.delta.changes, step.attempts) == ("perturb", None, (), ())
    assert step.reason == f"{acted.kind}: {acted.name}"
    assert running.rows() == before


def test_a_refusal_mints_no_id(perturb: Perturb) -> None:
    running = perturb({"error": {}, "where": {"nth": 1}})
    running.ask("create_parcel", **NEW)
    assert running.ask("create_parcel", **NEW).structured_content["id"] == "P-031"


def test_latency_moves_virtual_time_and_is_recorded(perturb: Perturb) -> None:
    running = perturb(
        {"latency": {"seconds": 2.5}}, {"latency": {"seconds": 1, "upto": 3}, "where": {"tool": "list_*"}}
    )
    one, two, three = (running.step(tool) for tool in ("list_vans", "login", "motto"))
    assert one.perturbations[0].seconds == 2.5
    extra = one.perturbations[1].seconds
    assert 1 <= extra <= 3
    assert round(seconds(two.at) - seconds(one.at), 3) == round(1 + 2.5 + extra, 3)
    assert seconds(three.at) - seconds(two.at) == 3.5
    assert one.perturbations[1].did == {"seconds": extra}
    assert one.answer is None
    assert one.observation == two.observation.__class__(one.observation.text, one.observation.structured_content)


def seconds(at: str) -> float:
    minutes, rest = at.removesuffix("Z").split(":")[1:]
    return int(minutes) * 60 + float(rest)


def test_a_latency_that_is_not_real_keeps_nobody_waiting(perturb: Perturb) -> None:
    running = perturb({"latency": {"seconds": 3600}}, {"timeout": {"seconds": 3600}, "where": {"nth": 2}})
    started = time.monotonic()
    running.ask("motto")
    running.ask("motto")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("spec", "created"),
    [
        ({"latency": {"seconds": 600, "real": True}}, False),
        ({"timeout": {"seconds": 600, "real": True}}, False),
        ({"timeout": {"seconds": 600, "real": True, "after_commit": True}}, True),
    ],
)
def test_a_real_wait_ends_when_the_caller_gives_up(perturb: Perturb, spec: dict[str, Any], created: bool) -> None:
    running = perturb(spec)

    async def give_up() -> None:
        call = asyncio.create_task(running.session.call(Call("create_parcel", NEW)))
        while not (running.session.busy and len(running.rows()["parcel"]) == 30 + created):
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert not running.session.busy

    asyncio.run(give_up())
    assert len(running.rows()["parcel"]) == 30 + created
    assert len(running.steps()) == created


def test_a_real_wait_lasts_as_long_as_it_says(perturb: Perturb) -> None:
    running = perturb({"latency": {"seconds": 0.2, "real": True}})
    started = time.monotonic()
    running.ask("motto")
    assert time.monotonic() - started >= 0.2


def limited(running: Perturbed, *waits: float) -> list[int]:
    return [running.ask("motto", waited=wait).status for wait in waits]


def test_a_bucket_of_tokens_lets_a_burst_through_and_then_one_by_one(perturb: Perturb) -> None:
    running = perturb({"rate_limit": {"calls": 6, "per": 60, "burst": 3}})
    assert limited(running, 0, 0, 0, 0, 0) == [200, 200, 200, 429, 429]
    told = running.steps()[-1].perturbations[0].did["retry_after"]
    assert told == 6  # the fifth second: half a token; ten seconds fill one
    assert limited(running, told - 2) == [429]
    assert limited(running, 0) == [200]
    assert limited(running, 1000, 0, 0, 0) == [200, 200, 200, 429]


def test_windows_let_all_their_calls_come_at_once(perturb: Perturb) -> None:
    running = perturb({"rate_limit": {"calls": 2, "per": 60, "style": "window"}})
    assert limited(running, 0, 0, 0) == [200, 200, 429]
    assert running.steps()[-1].perturbations[0].did == {"status": 429, "retry_after": 57}
    assert limited(running, 55, 0) == [429, 200]
    assert limited(running, 0, 0) == [200, 429]


@pytest.mark.parametrize("style", ["bucket", "window"])
@pytest.mark.parametrize(("calls", "per"), [(1, 0.7), (3, 10), (7, 13.37), (100, 3600)])
def test_whoever_waits_as_long_as_told_gets_through_and_no_sooner(
    perturb: Perturb, style: str, calls: int, per: float
) -> None:
    running = perturb({"rate_limit": {"calls": calls, "per": per, "style": style}})
    while running.ask("motto", waited=-1).status == 200 and len(running.steps()) < 300:
        pass
    for _ in range(3):
        last = running.steps()[-1]
        if not last.perturbations:
            break
        assert running.ask("motto", waited=last.perturbations[0].did["retry_after"] - 1).status == 200
        while running.ask("motto").status == 200 and len(running.steps()) < 600:
            pass


def test_every_answer_says_what_is_left(perturb: Perturb) -> None:
    running = perturb({"rate_limit": {"calls": 2, "per": 10}, "where": {"tool": "motto"}})
    wires = [running.ask("motto").wire for _ in range(3)]
    headers = [wire.headers for wire in wires if wire is not None]
    assert [found["X-RateLimit-Remaining"] for found in headers] == ["1", "0", "0"]
    assert [found["RateLimit"] for found in headers] == ['"default";r=1;t=5', '"default";r=0;t=4', '"default";r=0;t=3']
    assert [found.get("Retry-After") for found in headers] == [None, None, "3"]
    assert {found["RateLimit-Policy"] for found in headers} == {'"default";q=2;w=10'}
    assert running.ask("login").wire is None
    assert [bool(acted) for acted in running.acted()] == [False, False, True, False]
    quiet = perturb({"rate_limit": {"calls": 1, "per": 10, "headers": False}})
    assert quiet.ask("motto").wire is None
    refused = quiet.ask("motto").wire
    assert refused is not None
    assert refused.headers == {"Retry-After": "9"}


def test_a_call_that_something_before_refused_costs_no_token(perturb: Perturb) -> None:
    expired = perturb({"auth": {"lifetime": 3, "refusals": 5}}, {"rate_limit": {"calls": 3, "per": 3600}})
    assert limited(expired, *[0] * 9) == [200, 200, *[401] * 5, 200, 429]
    stricter = {"rate_limit": {"calls": 1, "per": 3600}, "where": {"until": 5.5}}
    twice = perturb(stricter, {"rate_limit": {"calls": 2, "per": 3600}})
    assert limited(twice, *[0] * 7) == [200, *[429] * 4, 200, 429]
    after = perturb({"error": {}, "where": {"nth": 1}}, {"rate_limit": {"calls": 2, "per": 3600}})
    assert limited(after, 0, 0, 0) == [500, 200, 429]


def test_credentials_expire_and_a_tool_renews_them(perturb: Perturb) -> None:
    running = perturb({"auth": {"lifetime": 3, "renewed_by": "login"}})
    assert limited(running, 0, 0, 0, 0) == [200, 200, 401, 401]
    assert "Renew it with login" in running.steps()[-1].observation.text
    assert running.ask("login").status == 200
    assert limited(running, 0, 0, 0) == [200, 200, 401]
    wire = running.steps()[-1].observation.wire
    assert wire is not None
    assert wire.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


def test_without_such_a_tool_some_refusals_renew_them(perturb: Perturb) -> None:
    running = perturb({"auth": {"lifetime": 3, "refusals": 2}})
    assert limited(running, *[0] * 9) == [200, 200, 401, 401, 200, 200, 401, 401, 200]


IDS = ["P-001", "P-002", "P-003", "P-004", "P-005"]


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("share", [0.01, 0.4, 0.99])
def test_a_part_of_a_batch_fails_and_the_rest_is_done_whole(perturb: Perturb, labelled: bool, share: float) -> None:
    running = perturb({"batch": {"share": share, "labelled": labelled}})
    step = running.step("send_parcels", ids=IDS, van_id="V-01")
    (acted,) = step.perturbations
    left_out = acted.did["left_out"]
    assert len(left_out) == {0.01: 1, 0.4: 2, 0.99: 4}[share]
    done = [key for index, key in enumerate(IDS) if index not in left_out]
    assert step.observation.structured_content == {"sent": done}
    assert step.call.arguments["ids"] == IDS
    assert {change.key for change in step.delta.changes} <= set(done)
    vans = {row["id"]: (row["status"], row["van_id"]) for row in running.rows()["parcel"]}
    assert all(vans[key] == ("sent", "V-01") for key in done)
    fresh = {row["id"]: (row["status"], row["van_id"]) for row in perturb().rows()["parcel"]}
    assert all(vans[IDS[index]] == fresh[IDS[index]] for index in left_out)
    notice = step.observation.wire.notice if step.observation.wire else ""
    numbers = ", ".join(str(index + 1) for index in left_out)
    assert notice == (
        f"{len(left_out)} of 5 entries of ids failed and were not processed: number {numbers}." if labelled else ""
    )
    undisturbed = step.undisturbed
    assert undisturbed is not None
    assert undisturbed.call.arguments["ids"] == done


def test_a_batch_of_one_does_not_fail_in_part(perturb: Perturb) -> None:
    assert not perturb({"batch": {}}).step("send_parcels", ids=["P-001"]).perturbations


def test_a_call_whose_arguments_are_wrong_is_refused_by_its_schema_first(perturb: Perturb) -> None:
    running = perturb({"error": {"status": 503}})
    step = running.step("get_parcel", idd="P-001")
    assert (step.observation.status, step.responder, step.perturbations) == (400, "validate", ())
