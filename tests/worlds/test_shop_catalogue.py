"""The shop's customers, catalogue and shelves: what its tools do to the rows, and what the references refuse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import shipped_world
from store.db import Database

from .desk import Desk

ADDRESS = {"recipient": "Mila Novak", "street": "Am Kai 2", "postcode": "1020", "city": "Vienna", "country": "AT"}


@pytest.fixture
def desk() -> Iterator[Desk]:
    database = Database("sqlite://")
    yield Desk(Sessions(database), shipped_world("shop"))
    database.close()


def pages(desk: Desk, tool: str, **asked: object) -> list[str]:
    found: list[str] = []
    offset = 0
    while offset is not None:
        page = desk.done(tool, **asked, offset=offset)
        found += [row["id"] for row in page["items"]]
        offset = page["next_offset"]
    assert len(found) == page["total"]
    return found


def test_the_pages_of_a_list_make_up_the_list(desk: Desk) -> None:
    found = pages(desk, "list_orders", sort="total_cents", limit=5)
    assert found == [o["id"] for o in sorted(desk.rows("order"), key=lambda o: (o["total_cents"], o["id"]))]


def test_filters_of_a_list_hold_together(desk: Desk) -> None:
    found = pages(desk, "list_orders", variant_id="VAR-0005", placed_from="2030-05-01")
    assert found == ["ORD-00019"]
    assert pages(desk, "list_customers", q="FRIIS") == ["CUS-0012"]
    assert pages(desk, "list_customers", referred_by="CUS-0001", sort="-created_at") == ["CUS-0003", "CUS-0002"]
    assert pages(desk, "list_variants", q="moo", max_price_cents=10000) == ["VAR-0009"]
    assert pages(desk, "list_carts", variant_id="VAR-0021") == ["CRT-0010"]


def test_a_category_finds_what_stands_in_its_inner_categories(desk: Desk) -> None:
    lamps = pages(desk, "list_products", category_id="CAT-002", limit=100)
    light = pages(desk, "list_products", category_id="CAT-001", limit=100)
    assert lamps == ["PRD-0001", "PRD-0014", "PRD-0002"]
    assert set(lamps) < set(light)


def test_low_stock_is_what_few_pieces_are_free_of(desk: Desk) -> None:
    low = pages(desk, "list_stock", max_free=1, limit=100)
    free = {row["id"]: row["on_hand"] - row["reserved"] for row in desk.rows("stock")}
    assert low == [key for key, pieces in free.items() if pieces <= 1] != []


def test_an_email_address_opens_one_account(desk: Desk) -> None:
    customer = desk.done("create_customer", name="Pim Smit", email="pim@smit.example", referred_by="CUS-0002")
    assert customer == desk.row("customer", "CUS-0015")
    refusal = desk.refused("create_customer", name="Pim Smit", email="pim@smit.example")
    assert refusal == "409 a customer with email 'pim@smit.example' exists already"
    assert "exists already" in desk.refused("update_customer", id="CUS-0001", email="pim@smit.example")


def test_a_customer_cannot_be_referred_by_nobody(desk: Desk) -> None:
    refusal = desk.refused("create_customer", name="Pim", email="pim@smit.example", referred_by="CUS-9999")
    assert refusal == "409 'referred_by': there is no customer 'CUS-9999'"


def test_an_update_leaves_alone_what_is_not_given(desk: Desk) -> None:
    before = desk.row("customer", "CUS-0001")
    assert desk.done("update_customer", id="CUS-0001", phone=None) == {**before, "phone": None}
    assert desk.done("update_customer", id="CUS-0001") == {**before, "phone": None}


def test_deleting_a_customer_takes_addresses_and_cart_and_forgets_the_referral(desk: Desk) -> None:
    friend = desk.done("create_customer", name="Pim", email="pim@smit.example", referred_by="CUS-0013")
    desk.done("delete_customer", id="CUS-0013")
    assert desk.rows("customer", id="CUS-0013") == []
    assert desk.rows("address", customer_id="CUS-0013") == []
    assert desk.rows("cart", customer_id="CUS-0013") == []
    assert desk.row("customer", friend["id"])["referred_by"] is None
    assert desk.call("get_address", id="ADR-0015").status == 404


def test_the_first_address_is_the_default_and_a_new_default_replaces_it(desk: Desk) -> None:
    pim = desk.done("create_customer", name="Pim", email="pim@smit.example")["id"]
    first, second = (desk.done("add_address", customer_id=pim, **ADDRESS) for _ in range(2))
    assert (first["is_default"], second["is_default"]) == (True, False)
    third = desk.done("add_address", customer_id=pim, **ADDRESS, is_default=True)
    assert desk.rows("address", customer_id=pim, is_default=True) == [third]
    assert [row["id"] for row in desk.done("list_addresses", customer_id=pim)["items"]] == [
        third["id"], first["id"], second["id"]
    ]  # fmt: skip


def test_a_customer_has_one_cart(desk: Desk) -> None:
    assert desk.done("create_cart", customer_id="CUS-0014")["lines"] == []
    assert "exists already" in desk.refused("create_cart", customer_id="CUS-0014")
    assert desk.refused("create_cart", customer_id="CUS-9999") == "404 Customer CUS-9999 not found"


def test_a_product_is_sold_once_it_has_a_variant_and_stock(desk: Desk) -> None:
    bell = desk.done("create_product", name="Door bell", maker="Blechwerk Nord", category_id="CAT-008")["id"]
    assert "has no variant to sell" in desk.refused("update_product", id=bell, status="active")
    asked = {"product_id": bell, "sku": "BEL-TIN", "name": "tin", "price_cents": 2100, "weight_grams": 300}
    variant = desk.done("create_variant", **asked)["id"]
    desk.done("update_product", id=bell, status="active")
    assert "Only 0 of" in desk.refused("add_to_cart", id="CRT-0001", variant_id=variant)
    desk.done("receive_stock", variant_id=variant, warehouse_id="WH-02", quantity=4)
    desk.done("add_to_cart", id="CRT-0001", variant_id=variant, quantity=4)
    assert "sku 'BEL-TIN' exists already" in desk.refused("create_variant", **asked)


def test_deleting_a_product_takes_its_variants_and_their_stock(desk: Desk) -> None:
    desk.done("receive_stock", variant_id="VAR-0025", warehouse_id="WH-01", quantity=4)
    desk.done("delete_product", id="PRD-0014")
    assert desk.rows("variant", product_id="PRD-0014") == []
    assert desk.rows("stock", variant_id="VAR-0025") == []


def test_a_product_that_was_ordered_or_lies_in_a_cart_stays(desk: Desk) -> None:
    refusal = desk.refused("delete_product", id="PRD-0001")
    assert refusal == "409 Product PRD-0001 cannot be deleted: 5 order(s) hold its variants; archive it instead"
    desk.done("update_product", id="PRD-0014", status="active")
    desk.done("receive_stock", variant_id="VAR-0025", warehouse_id="WH-01", quantity=1)
    desk.done("add_to_cart", id="CRT-0001", variant_id="VAR-0025")
    assert "1 cart(s) hold its variants" in desk.refused("delete_product", id="PRD-0014")


def test_archiving_a_product_takes_it_out_of_every_cart(desk: Desk) -> None:
    desk.done("add_to_cart", id="CRT-0001", variant_id="VAR-0021")
    desk.done("update_product", id="PRD-0011", status="archived")
    assert desk.row("cart", "CRT-0001")["lines"] == []
    assert [line["variant_id"] for line in desk.row("cart", "CRT-0010")["lines"]] == ["VAR-0023", "VAR-0019"]


def test_a_dissolved_collection_leaves_products_and_coupons(desk: Desk) -> None:
    desk.done("delete_collection", id="COL-002")
    assert desk.row("product", "PRD-0004")["collection_ids"] == ["COL-001"]
    assert desk.rows("coupon", code="SPRING15")[0]["collection_ids"] == []


def test_a_product_stands_in_a_collection_once(desk: Desk) -> None:
    for _ in range(2):
        product = desk.done("add_to_collection", id="PRD-0002", collection_id="COL-001")
    assert product["collection_ids"] == ["COL-003", "COL-001"]
    assert "no collection 'COL-999'" in desk.refused("add_to_collection", id="PRD-0002", collection_id="COL-999")
    desk.done("remove_from_collection", id="PRD-0002", collection_id="COL-003")
    assert desk.row("product", "PRD-0002")["collection_ids"] == ["COL-001"]
    assert "is not in collection" in desk.refused("remove_from_collection", id="PRD-0002", collection_id="COL-003")
    assert "is archived" in desk.refused("add_to_collection", id="PRD-0013", collection_id="COL-001")


def test_moved_stock_is_neither_lost_nor_made(desk: Desk) -> None:
    moved = {"variant_id": "VAR-0008", "from_warehouse_id": "WH-02"}
    before = sum(row["on_hand"] for row in desk.rows("stock", variant_id="VAR-0008"))
    done = desk.done("transfer_stock", **moved, to_warehouse_id="WH-03", quantity=10)
    assert done["target"] == desk.rows("stock", variant_id="VAR-0008", warehouse_id="WH-03")[0]
    assert (done["source"]["on_hand"], done["target"]["on_hand"]) == (30, 10)
    done = desk.done("transfer_stock", **moved, to_warehouse_id="WH-01", quantity=30)
    assert done["source"]["on_hand"] == 0
    assert sum(row["on_hand"] for row in desk.rows("stock", variant_id="VAR-0008")) == before


@pytest.mark.parametrize(
    ("variant", "target", "quantity", "reason"),
    [
        ("VAR-0022", "WH-02", 2, "Only 1 of VAR-0022 are free in WH-01; 2 are reserved for orders"),
        ("VAR-0022", "WH-01", 1, "Stock moves between two different warehouses; both are WH-01"),
        ("VAR-0004", "WH-02", 1, "WH-01 holds no VAR-0004"),
        ("VAR-0022", "WH-09", 1, "'warehouse_id': there is no warehouse 'WH-09'"),
    ],
)
def test_stock_that_is_not_free_or_has_nowhere_to_go_stays(
    desk: Desk, variant: str, target: str, quantity: int, reason: str
) -> None:
    asked = {"variant_id": variant, "from_warehouse_id": "WH-01", "to_warehouse_id": target, "quantity": quantity}
    assert desk.refused("transfer_stock", **asked) == f"409 {reason}"


def test_a_new_price_leaves_old_orders_alone(desk: Desk) -> None:
    order = desk.row("order", "ORD-00021")
    desk.done("update_variant", id="VAR-0022", price_cents=9900)
    assert desk.row("variant", "VAR-0022")["price_cents"] == 9900
    assert desk.row("order", "ORD-00021") == order


def test_made_up_advice_names_products_that_exist(desk: Desk) -> None:
    advice = desk.done("recommend_products", customer_id="CUS-0001")
    assert advice["customer_id"] == "CUS-0001"
    assert all(desk.rows("product", id=item["product_id"]) for item in advice["recommendations"])
    assert advice["recommendations"]
    assert desk.done("estimate_delivery", warehouse_id="WH-03", country="FR")["days"] in range(1, 10)
