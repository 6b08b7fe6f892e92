"""A twin of a real MCP server from npm, learned from what was captured of one session, beside it in other ones."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import TextContent

from mcp_sim.http import create_app
from mcp_sim.sessions import DEFAULT, Sessions
from schemas.load import load_world
from store.db import Database

from .node import MODULES, node
from .serving import serving
from .test_inspector import Inspector

pytestmark = pytest.mark.slow
MEMORY = MODULES / "@modelcontextprotocol/server-memory/dist/index.js"
Asked = tuple[str, dict[str, Any]]


class Words:
    """Calls of a knowledge graph by chance, from one vocabulary."""

    def __init__(self, seed: int, names: str, kinds: str, verbs: str, facts: str) -> None:
        self._chance = random.Random(seed)
        self.names, self.kinds, self.verbs = names.split(), kinds.split(), verbs.split()
        self.facts = [fact.strip() for fact in facts.split(",")]

    def calls(self, count: int) -> Iterator[Asked]:
        for _ in range(count):
            yield self._call()

    def _call(self) -> Asked:
        one, some = self._chance.choice, self._some
        match one(
            [
                "create",
                "create",
                "relate",
                "relate",
                "add",
                "add",
                "forget",
                "delete",
                "unrelate",
                "read",
                "search",
                "search",
                "open",
            ]
        ):
            case "create":
                return "create_entities", {"entities": some(self._entity)}
            case "relate":
                return "create_relations", {"relations": some(self._relation)}
            case "add":
                return "add_observations", {"observations": some(self._more)}
            case "forget":
                return "delete_observations", {"deletions": some(self._less)}
            case "delete":
                return "delete_entities", {"entityNames": [one(self.names)]}
            case "unrelate":
                return "delete_relations", {"relations": some(self._relation)}
            case "search":
                return "search_nodes", {"query": one([*self.names, *self.kinds, *self.facts])[1:4]}
            case "open":
                return "open_nodes", {"names": self._chance.sample(self.names, 2)}
        return "read_graph", {}

    def _some(self, make: Any) -> list[Any]:
        return [make() for _ in range(self._chance.randint(1, 3))]

    def _entity(self) -> dict[str, Any]:
        facts = self._chance.sample(self.facts, self._chance.randint(0, 3))
        return {
            "name": self._chance.choice(self.names),
            "entityType": self._chance.choice(self.kinds),
            "observations": facts,
        }

    def _relation(self) -> dict[str, Any]:
        start, end = self._chance.choices(self.names, k=2)
        return {"from": start, "to": end, "relationType": self._chance.choice(self.verbs)}

    def _more(self) -> dict[str, Any]:
        return {"entityName": self._chance.choice(self.names), "contents": self._chance.sample(self.facts, 2)}

    def _less(self) -> dict[str, Any]:
        return {"entityName": self._chance.choice(self.names), "observations": self._chance.sample(self.facts, 2)}


FIRST = Words(
    1,
    "Ada Bob Cleo Dora Eve Finn",
    "person city ship",
    "knows likes owns",
    "tall,has a boat,sings loudly,born in May,tea",
)
OTHER = Words(
    2, "Zürich 渋谷 Qux O'Hara x-1", "Ort {place} Café", "neben über", 'am See,10 % steep,says "hi",ja,nein,42'
)
ASKED: list[Asked] = [
    ("create_entities", {"entities": [{"name": "Mir", "entityType": "station", "observations": ["orbits", "is OLD"]}]}),
    ("create_entities", {"entities": [{"name": n, "entityType": "crew", "observations": []} for n in ("Mir", "Lena", "Ivo")]}),
    ("create_relations", {"relations": [{"from": a, "to": b, "relationType": "mans"} for a, b in (("Lena", "Mir"), ("Ivo", "Ivo"))]}),
    ("add_observations", {"observations": [{"entityName": "Lena", "contents": ["sings", "sleeps"]}]}),
    ("add_observations", {"observations": [{"entityName": "Nobody", "contents": ["sings"]}]}),
    ("search_nodes", {"query": "old"}),
    ("open_nodes", {"names": ["Lena", "Ivo"]}),
    ("delete_observations", {"deletions": [{"entityName": "Lena", "observations": ["sleeps", "eats"]}]}),
    ("delete_entities", {"entityNames": ["Mir"]}),
    ("read_graph", {}),
]  # fmt: skip


def original(file: Path) -> list[str]:
    """The command of the real server, which keeps its graph in a file."""
    return ["env", f"MEMORY_FILE_PATH={file}", node(), str(MEMORY)]


def serve(calls: list[Asked], *options: object) -> list[Any]:
    """What `mcp-sim serve --stdio` with these options says to the calls."""

    async def talk() -> list[Any]:
        arguments = ["-m", "mcp_sim", "serve", *map(str, options), "--stdio"]
        said: list[Any] = []
        async with Client(
            StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))
        ) as client:
            for tool, given in calls:
                result = await client.session.call_tool(tool, given)
                assert isinstance(result.content[0], TextContent)
                said.append((bool(result.is_error), result.structured_content, _said(result.content[0].text)))
        return said

    return asyncio.run(talk())


def _said(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of one session, and the twin that was learned from it."""
    folder = tmp_path_factory.mktemp("memory")
    command = shlex.join(original(folder / "first.jsonl"))
    serve(list(FIRST.calls(200)), "--mode", "capture", "--upstream", command, "--record", folder / "first.trace")
    learn = [
        "learn",
        "--name",
        "memory",
        "--out",
        folder / "twin",
        "--traces",
        folder / "first.trace",
        "--from-mcp",
        command,
    ]
    subprocess.run([sys.executable, "-m", "mcp_sim", *map(str, learn)], check=True, capture_output=True)
    return folder


def test_the_inspector_hears_the_same_from_the_twin_as_from_the_original(folder: Path, tmp_path: Path) -> None:
    sessions = Sessions(Database("sqlite://"))
    sessions.create(load_world(folder / "twin"), session_id=DEFAULT)
    real = Inspector(*original(tmp_path / "graph.jsonl"))
    with serving(create_app(sessions, {})) as address:
        twin = Inspector(f"{address}/mcp", "--transport", "http")
        for tool, arguments in ASKED:
            (status, expected), (given_status, given) = (one.call(tool, **arguments) for one in (real, twin))
            assert given_status == status, (tool, given)
            assert given.get("structuredContent") == expected.get("structuredContent"), tool
            assert bool(given.get("isError")) == bool(expected.get("isError"))
            assert _said(given["content"][0]["text"]) == _said(expected["content"][0]["text"]), tool


def test_diff_finds_no_difference_in_a_session_with_other_words(folder: Path, tmp_path: Path) -> None:
    command, report = shlex.join(original(tmp_path / "graph.jsonl")), tmp_path / "diff.json"
    calls = list(OTHER.calls(100))
    serve(calls, folder / "twin", "--mode", "diff", "--upstream", command, "--report", report)
    summary = json.loads(report.read_text())
    assert (summary["calls"], summary["differing"], summary["unanswered"]) == (100, 0, 0), summary["calls_that_differ"][
        :3
    ]


def test_what_was_captured_is_replayed_word_by_word(folder: Path, tmp_path: Path) -> None:
    calls = list(Words(1, *_vocabulary(FIRST)).calls(60))
    real = serve(
        calls, "--mode", "capture", "--upstream", shlex.join(original(tmp_path / "g")), "--record", tmp_path / "t"
    )
    assert serve(calls, "--mode", "replay", "--traces", folder / "first.trace") == real


def test_spy_asks_the_original_where_the_twin_is_not_sure_enough(folder: Path, tmp_path: Path) -> None:
    calls = list(OTHER.calls(40))
    command = shlex.join(original(tmp_path / "a"))
    real = serve(calls, "--mode", "capture", "--upstream", command, "--record", tmp_path / "t")
    for confidence in (0.0, 1.0):
        upstream = shlex.join(original(tmp_path / f"spy-{confidence}"))
        spied = serve(calls, folder / "twin", "--mode", "spy", "--upstream", upstream, "--confidence", confidence)
        assert spied == real
    assert not (tmp_path / "spy-0.0").exists()
    assert (tmp_path / "spy-1.0").exists()


def _vocabulary(words: Words) -> tuple[str, str, str, str]:
    return " ".join(words.names), " ".join(words.kinds), " ".join(words.verbs), ",".join(words.facts)
