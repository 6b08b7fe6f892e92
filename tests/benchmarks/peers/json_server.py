"""json-server: full CRUD over one JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import packages
from tests.benchmarks.dialect import Headed
from tests.benchmarks.peers.base import SEED


class JsonServer:
    """With its switch for `user_id` rather than `userId`, so that it deletes the orders of a deleted user."""

    name = "json-server"
    dialect = Headed(equal="{}", sort="_sort", order="_order", page="_page", size="_limit", count="x-total-count")
    root = ""
    reset = None

    @property
    def version(self) -> str:
        """The version that is installed."""
        return packages.version("json-server")

    def command(self, port: int, folder: Path) -> Sequence[str]:
        """Quiet, because it logs each request otherwise."""
        seed = json.loads(SEED.read_text())["seed"]
        (folder / "db.json").write_text(json.dumps({"users": seed["user"], "orders": seed["order"]}))
        options = ["--host", "127.0.0.1", "--port", str(port), "--quiet", "--foreignKeySuffix", "_id"]
        return [*packages.script("json-server/lib/cli/bin.js"), "db.json", *options]
