"""The statements of the ground truth: what they count, and what they refuse."""

from __future__ import annotations

import asyncio

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import shipped_world
from schemas.types import Call
from store import ground_truth
from store.db import Database
from store.errors import StoreError
from store.ground_truth import Join


@pytest.fixture
def shop(database: Database) -> str:
    return Sessions(database).create(shipped_world("shop")).id


def test_statements_count_what_the_rows_hold(database: Database, shop: str) -> None:
    rows = shipped_world("shop").rows

    def ask(sql: str) -> list[list[object]]:
        return ground_truth.ask(database, shop, sql)

    orders, blocked = rows["order"], {row["id"] for row in rows["customer"] if row["status"] == "blocked"}
    paid = [row for row in orders if row["status"] == "paid"]
    letters = sum(row["newsletter"] for row in rows["customer"])
    assert ask(ground_truth.how_many("order", {"status": "paid"})) == [[len(paid)]]
    assert ask(ground_truth.how_many("customer", {"newsletter": True})) == [[letters]]
    assert ask(ground_truth.how_many("customer", {"newsletter": False})) == [[len(rows["customer"]) - letters]]
    assert ask(ground_truth.how_many("order", {"coupon_code": None})) == [
        [sum(row["coupon_code"] is None for row in orders)]
    ]
    assert ask(ground_truth.total("order", "total_cents", "sum")) == [[sum(row["total_cents"] for row in orders)]]
    through = Join("customer_id", "customer", {"status": "blocked"})
    assert ask(ground_truth.how_many("order", through=through)) == [
        [sum(row["customer_id"] in blocked for row in orders)]
    ]
    largest = sorted(orders, key=lambda row: (-row["total_cents"], row["id"]))[:2]
    assert ask(ground_truth.extremes("order", "total_cents", largest=True)) == [
        [row["id"], row["total_cents"]] for row in largest
    ]


def test_quotes_and_colons_in_values_are_values(database: Database, shop: str) -> None:
    for value in ("it's", "a:session b", "100%", "semi;colon", "'; DROP TABLE world --"):
        assert ground_truth.ask(database, shop, ground_truth.how_many("customer", {"name": value})) == [[0]]


def test_changes_are_net(database: Database) -> None:
    session = Sessions(database).create(shipped_world("shop"))
    for status in ("blocked", "active", "blocked"):
        asyncio.run(session.call(Call("update_customer", {"id": "CUS-0003", "status": status})))
    (change,) = ground_truth.changed(database, session.id)
    assert (change.op, change.key) == ("update", "CUS-0003")
    asyncio.run(session.call(Call("update_customer", {"id": "CUS-0003", "status": "active"})))
    assert ground_truth.changed(database, session.id) == []


@pytest.mark.parametrize("sql", ["DELETE FROM session", "SELECT 1; DELETE FROM session", "PRAGMA user_version", ""])
def test_only_a_single_select_is_asked(database: Database, shop: str, sql: str) -> None:
    with pytest.raises(StoreError, match="one SELECT"):
        ground_truth.ask(database, shop, sql)
