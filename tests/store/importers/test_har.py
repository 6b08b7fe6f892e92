"""HTTP archives: an entry with a request and a response is a call."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from store.traces.importers import Operation
from tests.store.importers.conftest import Reading

API = "https://api.example.com/v2"


def entry(method: str, url: str, status: int = 200, answer: Any = None, **given: Any) -> dict[str, Any]:
    text = orjson.dumps(answer).decode()
    content = {"mimeType": "application/json", "text": text, **given.pop("content", {})}
    return {"request": {"method": method, "url": url, **given}, "response": {"status": status, "content": content}}


def har(*entries: Any, indent: bool = False) -> bytes:
    log = {"log": {"version": "1.2", "creator": {"name": "a proxy"}, "entries": list(entries)}}
    return orjson.dumps(log, option=orjson.OPT_INDENT_2 if indent else 0)


def test_method_and_path_name_the_tool_and_ids_are_its_arguments(reading: Reading) -> None:
    body = {"mimeType": "application/json", "text": '{"name": "Ada", "n": 1}'}
    calls = reading.bytes(
        har(
            entry("GET", f"{API}/users/42?expand=team&tag=a&tag=b", answer={"id": 42}),
            entry("POST", f"{API}/users/42/boats", 201, {"id": "B-1"}, postData=body),
            entry("GET", f"{API}/users/0f8fad5b-d9cb-469f-a165-70867728950e", 404, {"error": "gone"}),
        )
    )

    assert [(call.tool, call.arguments) for call in calls] == [
        ("get_v2_users_by_users_id", {"users_id": "42", "expand": "team", "tag": ["a", "b"]}),
        ("post_v2_users_by_users_id_boats", {"users_id": "42", "name": "Ada", "n": 1}),
        ("get_v2_users_by_users_id", {"users_id": "0f8fad5b-d9cb-469f-a165-70867728950e"}),
    ]
    assert [(call.status, call.is_error, call.kind) for call in calls] == [
        (200, False, "read"),
        (201, False, "write"),
        (404, True, "read"),
    ]
    assert calls[0].structured == {"id": 42}
    assert reading.told == []


def test_operations_name_the_tools(reading: Reading) -> None:
    operations = [
        Operation("GET", "/users/{id}", "getUser"),
        Operation("GET", "/users/me", "getMe"),
        Operation("DELETE", "/users/{id}", "deleteUser"),
    ]
    calls = reading.bytes(
        har(*(entry("GET", f"{API}/users/{name}") for name in ("a%20b", "me"))), operations=operations
    )

    assert [(call.tool, call.arguments) for call in calls] == [("getUser", {"id": "a b"}), ("getMe", {})]


def test_forms_and_packed_answers_are_read(reading: Reading) -> None:
    form = {"mimeType": "application/x-www-form-urlencoded", "text": "name=Ada&empty="}
    fields = {"mimeType": "multipart/form-data", "params": [{"name": "name", "value": "Bo"}]}
    packed = {"text": "eyJpZCI6IDF9", "encoding": "base64"}
    calls = reading.bytes(
        har(*(entry("POST", f"{API}/users", content=packed, postData=post) for post in (form, fields)))
    )

    assert [call.arguments for call in calls] == [{"name": "Ada", "empty": ""}, {"name": "Bo"}]
    assert calls[0].structured == {"id": 1}


def test_pages_and_preflights_are_no_calls(reading: Reading) -> None:
    calls = reading.bytes(
        har(
            entry("GET", API, content={"mimeType": "text/html; charset=utf-8"}),
            entry("OPTIONS", f"{API}/users"),
            entry("GET", f"{API}/users"),
        )
    )

    assert [call.tool for call in calls] == ["get_v2_users"]
    assert reading.told == ["FILE: 2 entries are pages, pictures, scripts or preflights, no calls; left out"]


def test_an_entry_without_a_response_is_told_by_its_line(reading: Reading) -> None:
    calls = reading.bytes(har({"request": {}}, entry("GET", f"{API}/a", 0), entry("GET", f"{API}/users"), indent=True))

    assert [call.tool for call in calls] == ["get_v2_users"]
    assert reading.told == [
        "FILE:8: no whole entry with a request and a response; left out",
        "FILE:11: no whole entry with a request and a response; left out",
    ]


def test_an_archive_that_ends_early_is_read_as_far_as_it_goes(reading: Reading) -> None:
    whole = har(*(entry("GET", f"{API}/users/{n}") for n in range(50)))

    calls = reading.bytes(whole[:-300])

    assert 40 < len(calls) < 50
    assert reading.told == ["FILE:1: the archive ends in the middle of an entry; what came before is read"]


@pytest.mark.parametrize("letters", ["ä€😀" * 400_000])
def test_an_archive_is_read_in_pieces_that_may_cut_a_letter(reading: Reading, letters: str) -> None:
    calls = reading.bytes(har(*(entry("GET", f"{API}/users", answer=letters) for _ in range(3))))

    assert [call.structured == letters for call in calls] == [True, True, True]
    assert reading.told == []
