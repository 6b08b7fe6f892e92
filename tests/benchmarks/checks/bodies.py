"""Bodies that are no JSON. They come last: a server that takes them in may be of no use afterwards."""

from __future__ import annotations

import orjson

from tests.benchmarks.checks.api import Api, a_user
from tests.benchmarks.checks.claims import check, claim, control

JSON = "application/json"


@check
async def malformed(api: Api) -> None:
    """A body that is not JSON is refused at once, and the server goes on."""
    right = orjson.dumps(a_user())
    control((await api.send("POST", "users", right, JSON)).ok, "well-formed JSON is refused")
    refused = await api.send("POST", "users", orjson.dumps(a_user())[:-1], JSON)
    claim(refused.refused, f"status {refused.status}" if refused.status else "no answer")
    claim((await api.create("users", a_user())).ok, "the next request fails")


@check
async def media_type(api: Api) -> None:
    """A body that does not say it is JSON is refused."""
    control((await api.send("POST", "users", orjson.dumps(a_user()), JSON)).ok, "it is refused as JSON too")
    refused = await api.send("POST", "users", orjson.dumps(a_user()), "text/plain")
    claim(refused.refused, f"status {refused.status}")
