"""Mockoon's command line, with CRUD routes over data buckets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.benchmarks import packages
from tests.benchmarks.dialect import Headed
from tests.benchmarks.peers.base import SEED, Reset

TOKEN = "benchmark"


class Mockoon:
    """The data file holds what its desktop application writes for two CRUD routes."""

    name = "Mockoon"
    dialect = Headed(equal="{}_eq", sort="sort", order="order", page="page", size="limit", count="x-filtered-count")
    root = ""
    reset = Reset("POST", "/mockoon-admin/state/purge", {"Authorization": f"Bearer {TOKEN}"})

    @property
    def version(self) -> str:
        """The version that is installed."""
        return packages.version("@mockoon/cli")

    def command(self, port: int, folder: Path) -> Sequence[str]:
        """Without its log file; a data file that lacks a newer field is completed."""
        seed = json.loads(SEED.read_text())["seed"]
        environment = _environment({"users": seed["user"], "orders": seed["order"]})
        (folder / "accounts.json").write_text(json.dumps(environment))
        options = [
            "--data",
            "accounts.json",
            "--hostname",
            "127.0.0.1",
            "--port",
            str(port),
            "--admin-api-token",
            TOKEN,
        ]
        script = packages.script("@mockoon/cli/bin/run.js")
        return [*script, "start", *options, "--repair", "--disable-log-to-file"]


def _environment(buckets: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    routes = [_route(name) for name in buckets]
    return {
        "uuid": str(uuid4()),
        "lastMigration": 33,
        "name": "Accounts",
        "routes": routes,
        "rootChildren": [{"type": "route", "uuid": route["uuid"]} for route in routes],
        "data": [
            {"uuid": str(uuid4()), "id": name, "name": name, "documentation": "", "value": json.dumps(rows)}
            for name, rows in buckets.items()
        ],
    }


def _route(name: str) -> dict[str, Any]:
    response = {
        "uuid": str(uuid4()),
        "statusCode": 200,
        "headers": [{"key": "Content-Type", "value": "application/json"}],
        "bodyType": "DATABUCKET",
        "databucketID": name,
        "default": True,
        "crudKey": "id",
    }
    return {"uuid": str(uuid4()), "type": "crud", "endpoint": name, "method": "", "responses": [response]}
