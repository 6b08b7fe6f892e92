"""A large real API, learned from its spec alone and served: a real MCP client and its own kind of HTTP client use it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client

from mcp_sim.http import create_app
from mcp_sim.learn.openapi import learn_api, learn_openapi
from mcp_sim.learn.write import write
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.load import load_world
from store.db import Database
from tests.conformance.serving import serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = os.environ.get("MCP_SIM_DATA")
    if folder is None:
        pytest.skip("MCP_SIM_DATA names no folder of development data")
    spec = next(Path(folder).glob("openapi/stripe_spec3*"))
    out = tmp_path_factory.mktemp("served") / "pack"
    write(learn_api("payments", learn_openapi(spec), {}, lambda _: None), out)
    database = Database("sqlite://")
    sessions = Sessions(database)
    sessions.create(load_world(out), session_id=DEFAULT, perturbations=())
    with serving(create_app(sessions, {})) as address:
        yield address
    database.close()


def test_every_operation_is_a_tool_of_a_real_client(address: str) -> None:
    async def work() -> tuple[int, Any]:
        async with Client(f"{address}/mcp") as client:
            count, cursor = 0, None
            while True:
                page = await client.list_tools(cursor=cursor)
                count, cursor = count + len(page.tools), page.next_cursor
                if cursor is None:
                    break
            made = await client.call_tool("PostCustomers", {"name": "Ada", "metadata": {"desk": "7"}})
            return count, made.structured_content

    count, made = anyio.run(work)

    assert count == 468
    found = httpx2.get(f"{address}/api/v1/customers/{made['id']}").json()
    assert found == made
    assert (found["object"], found["name"], found["metadata"]) == ("customer", "Ada", {"desk": "7"})


def test_forms_lists_and_errors_are_those_of_the_api(address: str) -> None:
    with httpx2.Client(base_url=f"{address}/api/v1") as http:
        form = {"content-type": "application/x-www-form-urlencoded"}
        made = http.post("/products", content="name=Boat&metadata[a]=b&shippable=true", headers=form).json()
        listed = http.get("/products?limit=1&created[gte]=0").json()
        price = http.post(
            "/prices",
            content=f"currency=eur&product={made['id']}&unit_amount=500&recurring[interval]=month",
            headers=form,
        ).json()

        more = http.post("/products", content="name=Oar", headers=form).json()
        pages = [http.get("/products", params={"limit": 1}).json()]
        pages.append(http.get("/products", params={"limit": 1, "starting_after": pages[0]["data"][0]["id"]}).json())
        assert {page["data"][0]["id"] for page in pages} == {made["id"], more["id"]}
        assert [page["has_more"] for page in pages] == [True, False]
        assert http.get("/products?created[gt]=99999999999").json()["data"] == []
        assert (made["shippable"], made["metadata"]) == (True, {"a": "b"})
        assert (listed["object"], listed["has_more"], listed["data"]) == ("list", False, [made])
        assert (price["product"], price["unit_amount"]) == (made["id"], 500)
        missing = http.get("/products/nix")
        assert (missing.status_code, missing.json()["error"]["type"]) == (404, "invalid_request_error")
        assert http.post("/products", content="name[a]=b", headers=form).json()["error"]["message"]
        gone = http.delete(f"/products/{made['id']}").json()
        assert (gone["id"], gone["deleted"]) == (made["id"], True)
        assert http.get(f"/products/{made['id']}").status_code == 404
