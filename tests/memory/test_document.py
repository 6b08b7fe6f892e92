"""Every query of `docs/store.md` is true."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import shipped_world
from schemas.types import Call
from store.tables import metadata
from tests.memory.acting import done
from tests.memory.reading import as_json, read

DOCUMENT = (Path(__file__).parents[2] / "docs" / "store.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.fixture
def documented(sessions: Sessions) -> Sessions:
    """What the queries of the document speak of."""
    shop = sessions.create(shipped_world("shop"), session_id="default")
    done(shop, "list_products")
    done(shop, "update_product", id="PRD-0001", name="Harbour lamp")
    done(shop, "update_product", id="PRD-0001", maker="Wick & Sons")
    asyncio.run(shop.call(Call("get_product", {"id": "PRD-9999"})))
    sessions.snapshot("default", "before-the-sale")
    done(sessions.branch("default", fresh_id="what-if"), "update_product", id="PRD-0002", name="Stilt lamp")
    return sessions


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_every_query_of_the_document_finds_something(documented: Sessions, url: str, query: str) -> None:
    assert read(url, query)


def test_the_queries_of_the_document_find_what_it_says(documented: Sessions, url: str) -> None:
    rows, counts, steps, fails, life, past, changes, differing, overview, snapshots = (read(url, q) for q in QUERIES)
    assert [as_json(row["body"]) for row in rows] == documented.rows("default", "product")["product"]
    assert {(row["session"], row["entity"]): row["rows"] for row in counts} == {
        (session_id, name): len(found)
        for session_id in ("default", "what-if")
        for name, found in documented.rows(session_id).items()
        if found
    }
    assert [(row["n"], row["tool"], bool(row["is_error"])) for row in steps] == [
        (1, "list_products", False),
        (2, "update_product", False),
        (3, "update_product", False),
        (4, "get_product", True),
    ]
    assert as_json(steps[1]["arguments"]) == {"id": "PRD-0001", "name": "Harbour lamp"}
    assert "PRD-9999" in steps[3]["answer"]
    assert (fails[0]["tool"], fails[0]["calls"], fails[0]["errors"]) == ("get_product", 2, 2)
    assert [(row["n"], row["op"]) for row in life] == [(0, "create"), (2, "update"), (3, "update")]
    assert as_json(life[2]["before"]) == as_json(life[1]["after"])
    assert [as_json(row["body"]) for row in past] == documented.rows("default", "product", at=2)["product"]
    assert [(row["n"], row["key"]) for row in changes] == [(2, "PRD-0001"), (3, "PRD-0001")]
    assert [(row["entity"], row["key"]) for row in differing] == [("product", "PRD-0002")]
    assert as_json(differing[0]["theirs"])["name"] == "Stilt lamp"
    assert {(row["id"], row["world"], row["steps"]) for row in overview} == {
        (info.id, info.world, info.steps) for info in documented.list()
    }
    assert snapshots == [{"session": "default", "name": "before-the-sale", "n": 4}]


def test_the_document_names_every_table_and_column() -> None:
    for table in metadata.sorted_tables:
        assert f"`{table.name}`" in DOCUMENT
        if table.name not in ("opening", "pending"):
            assert f"| `{table.name}` | `{', '.join(table.columns.keys())}` |" in DOCUMENT
