"""WireMock: stubs that someone wrote, one per request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import packages
from tests.benchmarks.dialect import Described
from tests.benchmarks.peers.base import SEED


class WireMock:
    """With one stub for each operation of the API: the first seed row, under the key that was asked for."""

    name = "WireMock"
    dialect = Described()
    root = ""
    reset = None

    @property
    def version(self) -> str:
        """The version that is installed."""
        return packages.version("wiremock")

    def command(self, port: int, folder: Path) -> Sequence[str]:
        """Without its journal of requests, which grows with each."""
        seed = json.loads(SEED.read_text())["seed"]
        stubs = [*_stubs("users", seed["user"]), *_stubs("orders", seed["order"])]
        mappings = folder / "mappings"
        mappings.mkdir()
        (mappings / "accounts.json").write_text(json.dumps({"mappings": stubs}))
        options = ["--bind-address", "127.0.0.1", "--port", str(port), "--disable-banner", "--no-request-journal"]
        return [*packages.archive("wiremock/build/*.jar"), *options, "--local-response-templating"]


def _stubs(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    one, page = rows[0], {"items": rows[:10], "total": len(rows)}
    named = {**one, "id": "{{request.pathSegments.[1]}}"}
    return [
        _stub("GET", f"/{name}", 200, page),
        _stub("POST", f"/{name}", 201, one),
        _stub("GET", f"/{name}/[^/]+", 200, named),
        _stub("PUT", f"/{name}/[^/]+", 200, named),
        _stub("PATCH", f"/{name}/[^/]+", 200, named),
        _stub("DELETE", f"/{name}/[^/]+", 204, None),
    ]


def _stub(method: str, path: str, status: int, body: dict[str, Any] | None) -> dict[str, Any]:
    response: dict[str, Any] = {"status": status}
    if body is not None:
        response |= {"headers": {"Content-Type": "application/json"}, "jsonBody": body}
        response |= {"transformers": ["response-template"]} if "request.path" in json.dumps(body) else {}
    return {"request": {"method": method, "urlPathPattern": path}, "response": response}
