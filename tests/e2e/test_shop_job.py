"""A sale in the back office of the shop, over stdio: every answer against the rows."""

from __future__ import annotations

from operator import itemgetter

import pytest
from mcp.client import Client

from .job import Job
from .program import Program
from .rows import Row

pytestmark = pytest.mark.anyio
LINEN = "VAR-0018"


async def test_the_office_refills_a_shelf_sells_from_it_and_clears_the_catalogue(program: Program) -> None:
    async with Client(program.stdio("shop")) as client:
        job = Job(client, program.database)
        await page_through_what_is_scarce(job)
        await fill_a_cart(job)
        order = await sell_the_cart(job)
        await send_a_parcel(job, order)
        await clear_the_catalogue(job)
        await look_at_the_history(job, order["id"])
        assert len(job.steps) == 12


async def page_through_what_is_scarce(job: Job) -> None:
    asked = {"max_free": 4, "sort": "on_hand", "limit": 5}
    scarce = [shelf for shelf in job.of("stock") if shelf["on_hand"] - shelf["reserved"] <= 4]
    scarce.sort(key=itemgetter("on_hand"))
    assert 5 < len(scarce) <= 10
    page = await job.look("list_stock", **asked)
    assert page == {"items": scarce[:5], "total": len(scarce), "next_offset": 5}
    page = await job.look("list_stock", **asked, offset=5)
    assert page == {"items": scarce[5:], "total": len(scarce), "next_offset": None}


async def fill_a_cart(job: Job) -> None:
    cart = job.row("cart", "CRT-0003")
    assert await job.look("get_cart", id="CRT-0003") == cart

    more = {"id": "CRT-0003", "variant_id": LINEN, "quantity": 5}
    reason = await job.refused("add_to_cart", **more)
    assert reason == "Only 4 of VAR-0018 can be delivered from one warehouse; this would make 5"

    shelf = await job.do("receive_stock", variant_id=LINEN, warehouse_id="WH-02", quantity=4)
    assert shelf == job.row("stock", "STK-0034")
    assert job.changed == {("stock", "STK-0034"): {"on_hand": 8}}

    assert await job.do("add_to_cart", **more) == job.row("cart", "CRT-0003")
    lines = [*cart["lines"], {"variant_id": LINEN, "quantity": 5}]
    assert job.changed == {("cart", "CRT-0003"): {"lines": lines, "updated_at": "2030-05-06T08:00:06Z"}}


async def sell_the_cart(job: Job) -> Row:
    lines = job.row("cart", "CRT-0003")["lines"]
    goods = sum(line["quantity"] * job.row("variant", line["variant_id"])["price_cents"] for line in lines)
    used = job.row("coupon", "SPRING15")["used_count"]
    order = await job.do("checkout", cart_id="CRT-0003", address_id="ADR-0004", payment_method="card")
    assert (order["subtotal_cents"], order["discount_cents"]) == (goods, goods * 15 // 100)
    assert [{name: line[name] for name in ("variant_id", "quantity")} for line in order["lines"]] == lines
    assert [line["warehouse_id"] for line in order["lines"]] == ["WH-01", "WH-01", "WH-02"]
    (payment,) = job.of("payment", order_id=order["id"])
    assert (payment["status"], payment["amount_cents"]) == ("authorized", order["total_cents"])
    assert job.changed == {
        ("order", order["id"]): order,
        ("payment", payment["id"]): payment,
        ("stock", "STK-0031"): {"reserved": 1},
        ("stock", "STK-0007"): {"reserved": 3},
        ("stock", "STK-0034"): {"reserved": 5},
        ("coupon", "SPRING15"): {"used_count": used + 1},
        ("cart", "CRT-0003"): {"lines": [], "coupon_code": None, "updated_at": "2030-05-06T08:00:07Z"},
    }

    captured = await job.do("capture_payment", order_id=order["id"])
    assert captured == job.row("payment", payment["id"])
    assert job.changed == {
        ("payment", payment["id"]): {"status": "captured", "captured_at": "2030-05-06T08:00:08Z"},
        ("order", order["id"]): {"status": "paid"},
    }
    return job.row("order", order["id"])


async def send_a_parcel(job: Job, order: Row) -> None:
    parcel = await job.do("ship_order", order_id=order["id"], warehouse_id="WH-02", carrier="fox_freight")
    assert parcel["lines"] == [{"variant_id": LINEN, "quantity": 5}]
    *staying, sent = order["lines"]
    assert job.changed == {
        ("shipment", parcel["id"]): parcel,
        ("stock", "STK-0034"): {"on_hand": 3, "reserved": 0},
        ("order", order["id"]): {"status": "partially_shipped", "lines": [*staying, {**sent, "shipped": 5}]},
    }


async def clear_the_catalogue(job: Job) -> None:
    variants = {variant["id"] for variant in job.of("variant", product_id="PRD-0009")}
    sold = [order for order in job.of("order") if any(line["variant_id"] in variants for line in order["lines"])]
    reason = await job.refused("delete_product", id="PRD-0009")
    assert reason == f"Product PRD-0009 cannot be deleted: {len(sold)} order(s) hold its variants; archive it instead"

    lamp = job.row("product", "PRD-0014")
    assert await job.do("delete_product", id="PRD-0014") == lamp
    assert job.changed == {("product", "PRD-0014"): None, ("variant", "VAR-0025"): None}


async def look_at_the_history(job: Job, order_id: str) -> None:
    assert await job.look("get_order_history", id=order_id) == {
        "order": job.row("order", order_id),
        "payment": job.of("payment", order_id=order_id)[0],
        "refunds": job.of("refund", order_id=order_id),
        "shipments": job.of("shipment", order_id=order_id),
    }
