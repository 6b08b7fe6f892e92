"""What must hold among the seed rows of the shop."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from schemas.load import SHIPPED, shipped_world
from schemas.types import Row

PACK = SHIPPED / "packs" / "shop"
Rows = dict[str, tuple[Row, ...]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    return shipped_world("shop").rows


def test_the_generator_writes_the_committed_rows_byte_for_byte(tmp_path: Path) -> None:
    copy = shutil.copytree(PACK, tmp_path / "shop")
    (copy / "seed" / "trade.json").unlink()
    subprocess.run([sys.executable, "generate.py"], cwd=copy, check=True)
    assert (copy / "seed" / "trade.json").read_bytes() == (PACK / "seed" / "trade.json").read_bytes()


def test_there_are_150_to_250_rows(rows: Rows) -> None:
    assert 150 <= sum(map(len, rows.values())) <= 250


def test_the_totals_of_every_order_add_up(rows: Rows) -> None:
    for order in rows["order"]:
        assert order["subtotal_cents"] == sum(line["quantity"] * line["unit_price_cents"] for line in order["lines"])
        total = order["subtotal_cents"] - order["discount_cents"] + order["shipping_cents"]
        assert order["total_cents"] == total


def test_every_order_has_one_payment_over_its_total(rows: Rows) -> None:
    amounts = {payment["order_id"]: payment["amount_cents"] for payment in rows["payment"]}
    assert amounts == {order["id"]: order["total_cents"] for order in rows["order"]}
    assert len(amounts) == len(rows["payment"])


def test_payments_know_their_refunds(rows: Rows) -> None:
    refunded: Counter[str] = Counter()
    for refund in rows["refund"]:
        refunded[refund["payment_id"]] += refund["amount_cents"]
    for payment in rows["payment"]:
        assert payment["refunded_cents"] == refunded[payment["id"]] <= payment["amount_cents"]


def test_stock_is_reserved_for_what_has_not_shipped_and_for_nothing_else(rows: Rows) -> None:
    waiting: Counter[tuple[str, str]] = Counter()
    for order in rows["order"]:
        for line in order["lines"] if order["status"] != "cancelled" else ():
            waiting[line["variant_id"], line["warehouse_id"]] += line["quantity"] - line["shipped"]
    for row in rows["stock"]:
        assert row["reserved"] == waiting.pop((row["variant_id"], row["warehouse_id"]), 0) <= row["on_hand"]
    assert not +waiting


def test_parcels_hold_what_their_orders_shipped(rows: Rows) -> None:
    sent: Counter[tuple[str, str]] = Counter()
    for shipment in rows["shipment"]:
        for line in shipment["lines"]:
            sent[shipment["order_id"], line["variant_id"]] += line["quantity"]
    shipped = {(order["id"], line["variant_id"]): line["shipped"] for order in rows["order"] for line in order["lines"]}
    assert sent == +Counter(shipped)


def test_coupons_count_the_orders_that_used_them(rows: Rows) -> None:
    used = Counter(order["coupon_code"] for order in rows["order"] if order["status"] != "cancelled")
    for coupon in rows["coupon"]:
        assert coupon["used_count"] == used[coupon["code"]] <= (coupon["max_uses"] or 1000)
    for order in rows["order"]:
        for coupon in rows["coupon"]:
            if coupon["code"] == order["coupon_code"]:
                assert coupon["starts_on"] <= order["placed_at"][:10] <= coupon["ends_on"]
                assert order["subtotal_cents"] >= coupon["min_subtotal_cents"]


def test_every_customer_with_addresses_has_one_default(rows: Rows) -> None:
    defaults = Counter(address["customer_id"] for address in rows["address"] if address["is_default"])
    assert defaults == Counter({address["customer_id"] for address in rows["address"]})


def test_nothing_happened_after_the_clock_starts(rows: Rows) -> None:
    start = shipped_world("shop").clock.start.isoformat()
    times = [v for table in rows.values() for row in table for k, v in row.items() if k.endswith("_at") and v]
    assert max(times) < start
