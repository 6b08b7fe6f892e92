"""The shop's sales: what carts, checkout, money, parcels and returns do to the rows, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from mcp_sim.sessions import Sessions
from schemas.load import shipped_world
from store.db import Database

from .desk import Desk

FILLED, GARDEN, EMPTY, BLOCKED = "CRT-0002", "CRT-0003", "CRT-0001", "CRT-0007"
PENDING, PAID, HALF_SHIPPED, IN_TRANSIT, LATE = "ORD-00021", "ORD-00019", "ORD-00016", "ORD-00017", "ORD-00005"
BLANKET, CANDLES, KETTLE, LANTERN = "VAR-0011", "VAR-0007", "VAR-0022", "VAR-0005"


@pytest.fixture
def desk() -> Iterator[Desk]:
    database = Database("sqlite://")
    yield Desk(Sessions(database), shipped_world("shop"))
    database.close()


def stock(desk: Desk, variant: str, warehouse: str = "WH-01") -> tuple[int, int]:
    (row,) = desk.rows("stock", variant_id=variant, warehouse_id=warehouse)
    return row["on_hand"], row["reserved"]


def promised(desk: Desk) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for order in desk.rows("order"):
        for line in order["lines"] if order["status"] != "cancelled" else ():
            found[line["variant_id"], line["warehouse_id"]] += line["quantity"] - line["shipped"]
    return +found


def reserved(desk: Desk) -> Counter[tuple[str, str]]:
    return +Counter({(row["variant_id"], row["warehouse_id"]): row["reserved"] for row in desk.rows("stock")})


def test_every_example_of_the_world_answers_and_two_are_refused(desk: Desk) -> None:
    refused = {}
    for example in shipped_world("shop").examples:
        if example.why.startswith("refused"):
            refused[example.tool] = desk.refused(example.tool, **example.arguments)
        else:
            desk.done(example.tool, **example.arguments)
    assert list(refused) == ["refund_order", "delete_customer"]
    assert refused["refund_order"].startswith("409 Cannot refund 20000 cents: order ORD-00005 paid 18180, 500 of it")
    assert refused["delete_customer"].endswith("stays in the books of 3 order(s); block the account instead")


def test_adding_the_same_variant_twice_makes_one_line(desk: Desk) -> None:
    desk.done("add_to_cart", id=EMPTY, variant_id=CANDLES, quantity=2)
    cart = desk.done("add_to_cart", id=EMPTY, variant_id=CANDLES)
    assert cart["lines"] == [{"variant_id": CANDLES, "quantity": 3}]
    assert cart == desk.row("cart", EMPTY)


def test_a_cart_takes_no_more_than_one_warehouse_has_free(desk: Desk) -> None:
    assert stock(desk, KETTLE) == (3, 2)
    desk.done("add_to_cart", id=EMPTY, variant_id=KETTLE)
    refusal = desk.refused("add_to_cart", id=EMPTY, variant_id=KETTLE)
    assert refusal == "409 Only 1 of VAR-0022 can be delivered from one warehouse; this would make 2"
    assert "Only 1 of VAR-0022" in desk.refused("set_cart_line", id=EMPTY, variant_id=KETTLE, quantity=2)


def test_a_draft_product_cannot_go_into_a_cart(desk: Desk) -> None:
    refusal = desk.refused("add_to_cart", id=EMPTY, variant_id="VAR-0025")
    assert refusal == "409 VAR-0025 belongs to PRD-0014, which is not on sale"


def test_a_line_set_to_zero_leaves_the_cart(desk: Desk) -> None:
    cart = desk.done("set_cart_line", id=FILLED, variant_id=BLANKET, quantity=0)
    assert [line["variant_id"] for line in cart["lines"]] == [CANDLES]
    assert "is not in cart" in desk.refused("set_cart_line", id=FILLED, variant_id=BLANKET, quantity=1)


def test_a_quote_adds_up(desk: Desk) -> None:
    quote = desk.done("quote_cart", id=GARDEN)
    assert [line["line_total_cents"] for line in quote["lines"]] == [7900, 6980]
    assert quote["subtotal_cents"] == 14880
    assert (quote["discount_cents"], quote["shipping_cents"], quote["total_cents"]) == (2232, 0, 12648)


def test_a_coupon_for_a_collection_counts_only_its_products(desk: Desk) -> None:
    desk.done("add_to_cart", id=GARDEN, variant_id="VAR-0021")
    quote = desk.done("quote_cart", id=GARDEN)
    assert (quote["subtotal_cents"], quote["discount_cents"]) == (21280, 2232)


def test_small_orders_pay_shipping_unless_a_coupon_pays_it(desk: Desk) -> None:
    desk.done("add_to_cart", id=EMPTY, variant_id=LANTERN)
    assert desk.done("quote_cart", id=EMPTY)["total_cents"] == 3490 + 590
    desk.done("apply_coupon", id=EMPTY, coupon_code="FREIGHTFREE")
    assert desk.done("quote_cart", id=EMPTY)["total_cents"] == 3490


@pytest.mark.parametrize(
    ("cart", "code", "reason"),
    [
        (FILLED, "STAFF40", "is switched off"),
        (FILLED, "MIDWINTER25", "expired on 2030-01-31"),
        (FILLED, "MAKERS20", "is used up"),
        ("CRT-0006", "SPRING15", "needs goods for 5000 cents, the cart holds 4200"),
        (EMPTY, "WELCOME10", "fits nothing in the cart"),
    ],
)
def test_a_coupon_that_does_not_fit_is_refused_with_the_reason(desk: Desk, cart: str, code: str, reason: str) -> None:
    assert desk.refused("apply_coupon", id=cart, coupon_code=code) == f"409 Coupon {code} {reason}"


def test_a_coupon_that_no_longer_fits_stops_the_checkout(desk: Desk) -> None:
    desk.done("set_cart_line", id=GARDEN, variant_id="VAR-0017", quantity=0)
    desk.done("set_cart_line", id=GARDEN, variant_id=LANTERN, quantity=1)
    refusal = desk.refused("checkout", cart_id=GARDEN, address_id="ADR-0004", payment_method="card")
    assert "SPRING15 needs goods for 5000 cents, the cart holds 3490; take it off" in refusal
    desk.done("apply_coupon", id=GARDEN, coupon_code=None)
    order = desk.done("checkout", cart_id=GARDEN, address_id="ADR-0004", payment_method="card")
    assert (order["coupon_code"], order["discount_cents"]) == (None, 0)


def test_checkout_reserves_stock_authorises_the_payment_counts_the_coupon_and_empties_the_cart(desk: Desk) -> None:
    order = desk.done("checkout", cart_id=GARDEN, address_id="ADR-0004", payment_method="card")
    assert order == desk.row("order", order["id"])
    assert (order["status"], order["total_cents"], order["ship_to"]["city"]) == ("pending", 12648, "Munich")
    (payment,) = desk.rows("payment", order_id=order["id"])
    assert (payment["status"], payment["amount_cents"], payment["captured_at"]) == ("authorized", 12648, None)
    assert (desk.row("cart", GARDEN)["lines"], desk.row("cart", GARDEN)["coupon_code"]) == ([], None)
    assert desk.rows("coupon", code="SPRING15")[0]["used_count"] == 4
    assert reserved(desk) == promised(desk)
    assert reserved(desk)[LANTERN, "WH-01"] == 3


def test_checkout_takes_a_line_from_the_first_warehouse_that_can_fill_it_alone(desk: Desk) -> None:
    desk.done("add_to_cart", id=EMPTY, variant_id="VAR-0021", quantity=9)
    order = desk.done("checkout", cart_id=EMPTY, address_id="ADR-0001", payment_method="invoice")
    assert stock(desk, "VAR-0021", "WH-01")[0] < 9
    assert [line["warehouse_id"] for line in order["lines"]] == ["WH-03"]


def test_the_last_piece_goes_to_whoever_checks_out_first(desk: Desk) -> None:
    desk.done("add_to_cart", id=EMPTY, variant_id=KETTLE)
    desk.done("add_to_cart", id=FILLED, variant_id=KETTLE)
    desk.done("checkout", cart_id=EMPTY, address_id="ADR-0002", payment_method="card")
    refusal = desk.refused("checkout", cart_id=FILLED, address_id="ADR-0003", payment_method="card")
    assert refusal == "409 No warehouse has 1 of VAR-0022 (Slow kettle, pine green) free any more"


@pytest.mark.parametrize(
    ("cart", "address", "reason"),
    [
        (EMPTY, "ADR-0001", "Cart CRT-0001 is empty"),
        (FILLED, "ADR-0001", "ADR-0001 is not an address of customer CUS-0002; see list_addresses"),
        (FILLED, "ADR-9999", "ADR-9999 is not an address of customer CUS-0002; see list_addresses"),
        (BLOCKED, "ADR-0009", "Customer CUS-0007 is blocked and cannot check out"),
        ("CRT-9999", "ADR-0001", "Cart CRT-9999 not found"),
    ],
)
def test_a_checkout_is_refused_with_the_reason(desk: Desk, cart: str, address: str, reason: str) -> None:
    refusal = desk.refused("checkout", cart_id=cart, address_id=address, payment_method="card")
    assert refusal == f"409 {reason}"


def test_capturing_makes_an_order_paid_and_works_once(desk: Desk) -> None:
    assert desk.done("capture_payment", order_id=PENDING)["captured_at"] == "2030-05-06T08:00:01Z"
    assert desk.row("order", PENDING)["status"] == "paid"
    assert "is captured; only an authorized one" in desk.refused("capture_payment", order_id=PENDING)


def test_only_a_paid_order_ships(desk: Desk) -> None:
    refusal = desk.refused("ship_order", order_id=PENDING, warehouse_id="WH-01", carrier="gull_post")
    assert refusal == "409 Order ORD-00021 is pending; only a paid order can ship"


def test_a_partial_parcel_leaves_the_rest_waiting(desk: Desk) -> None:
    on_hand, held = stock(desk, "VAR-0016")
    part = [{"variant_id": "VAR-0016", "quantity": 1}]
    shipment = desk.done("ship_order", order_id=PAID, warehouse_id="WH-01", carrier="northway", lines=part)
    assert shipment == desk.row("shipment", shipment["id"])
    assert stock(desk, "VAR-0016") == (on_hand - 1, held - 1)
    order = desk.row("order", PAID)
    assert (order["status"], [line["shipped"] for line in order["lines"]]) == ("partially_shipped", [1, 0])
    rest = desk.done("ship_order", order_id=PAID, warehouse_id="WH-01", carrier="northway")
    assert rest["lines"] == [{"variant_id": "VAR-0016", "quantity": 1}, {"variant_id": LANTERN, "quantity": 1}]
    assert desk.row("order", PAID)["status"] == "shipped"
    assert reserved(desk) == promised(desk)


@pytest.mark.parametrize(
    ("warehouse", "lines", "reason"),
    [
        ("WH-02", None, "Nothing of order ORD-00019 waits in WH-02"),
        ("WH-01", [(LANTERN, 2)], "Order ORD-00019 waits for 1 of VAR-0005 in WH-01, not for 2"),
        ("WH-01", [(KETTLE, 1)], "Order ORD-00019 waits for 0 of VAR-0022 in WH-01, not for 1"),
        ("WH-01", [(LANTERN, 1), (LANTERN, 1)], "A parcel names every variant once"),
    ],
)
def test_a_parcel_that_does_not_fit_the_order_is_refused(
    desk: Desk, warehouse: str, lines: list[tuple[str, int]] | None, reason: str
) -> None:
    asked = {"order_id": PAID, "warehouse_id": warehouse, "carrier": "gull_post"}
    given = {"lines": [{"variant_id": variant, "quantity": quantity} for variant, quantity in lines]} if lines else {}
    assert desk.refused("ship_order", **asked, **given) == f"409 {reason}"


def test_a_tracking_code_is_used_once(desk: Desk) -> None:
    taken = desk.row("shipment", "SHP-00001")["tracking_code"]
    asked = {"order_id": PAID, "warehouse_id": "WH-01", "carrier": "gull_post", "tracking_code": taken}
    assert f"tracking_code '{taken}' exists already" in desk.refused("ship_order", **asked)


def test_an_order_is_delivered_with_its_last_parcel(desk: Desk) -> None:
    (first,) = desk.rows("shipment", order_id=HALF_SHIPPED)
    desk.done("confirm_delivery", id=first["id"])
    assert desk.row("order", HALF_SHIPPED)["status"] == "partially_shipped"
    last = desk.done("ship_order", order_id=HALF_SHIPPED, warehouse_id="WH-02", carrier="fox_freight")
    assert desk.row("order", HALF_SHIPPED)["status"] == "shipped"
    desk.done("confirm_delivery", id=last["id"])
    assert desk.row("order", HALF_SHIPPED)["status"] == "delivered"
    assert "was delivered at" in desk.refused("confirm_delivery", id=last["id"])


def test_cancelling_a_pending_order_voids_the_payment_and_frees_the_stock(desk: Desk) -> None:
    order = desk.done("cancel_order", id=PENDING, reason="payment_failed")
    assert (order["status"], order["cancel_reason"]) == ("cancelled", "payment_failed")
    assert desk.rows("payment", order_id=PENDING)[0]["status"] == "voided"
    assert desk.rows("refund", order_id=PENDING) == []
    assert stock(desk, KETTLE) == (3, 0)
    assert reserved(desk) == promised(desk)
    assert "is cancelled already" in desk.refused("cancel_order", id=PENDING, reason="payment_failed")


def test_cancelling_a_paid_order_pays_back_what_is_left_and_gives_the_coupon_back(desk: Desk) -> None:
    desk.done("refund_order", order_id=PAID, amount_cents=100, reason="goodwill")
    total = desk.row("order", PAID)["total_cents"]
    desk.done("cancel_order", id=PAID, reason="customer_request")
    assert [row["amount_cents"] for row in desk.rows("refund", order_id=PAID)] == [100, total - 100]
    (payment,) = desk.rows("payment", order_id=PAID)
    assert (payment["status"], payment["refunded_cents"]) == ("refunded", total)
    assert desk.rows("coupon", code="SPRING15")[0]["used_count"] == 2
    assert reserved(desk) == promised(desk)


def test_an_order_that_left_the_house_cannot_be_cancelled(desk: Desk) -> None:
    refusal = desk.refused("cancel_order", id=HALF_SHIPPED, reason="customer_request")
    assert "is partially_shipped: goods have left the house; take them back with receive_return" in refusal


def test_refunds_stop_at_what_was_paid(desk: Desk) -> None:
    assert desk.row("payment", "PAY-00005")["refunded_cents"] == 500
    assert "17680 is left" in desk.refused("refund_order", order_id=LATE, amount_cents=17681, reason="damaged")
    refund = desk.done("refund_order", order_id=LATE, reason="damaged")
    assert refund == desk.row("refund", refund["id"])
    assert refund["amount_cents"] == 17680
    assert desk.row("payment", "PAY-00005")["status"] == "refunded"
    assert "refunded in full already" in desk.refused("refund_order", order_id=LATE, reason="damaged")


def test_an_order_that_is_not_paid_has_nothing_to_refund(desk: Desk) -> None:
    refusal = desk.refused("refund_order", order_id=PENDING, reason="goodwill")
    assert refusal == "409 Order ORD-00021 has not been paid: its payment is authorized"


def test_a_return_goes_back_on_the_shelf_unless_it_is_spoilt(desk: Desk) -> None:
    on_hand, held = stock(desk, "VAR-0012")
    desk.done("receive_return", order_id=LATE, variant_id="VAR-0012", quantity=1)
    assert stock(desk, "VAR-0012") == (on_hand + 1, held)
    order = desk.done("receive_return", order_id=LATE, variant_id="VAR-0012", quantity=1, spoilt=True)
    assert stock(desk, "VAR-0012") == (on_hand + 1, held)
    assert order["lines"][0]["returned"] == 2
    refusal = desk.refused("receive_return", order_id=LATE, variant_id="VAR-0012", quantity=1)
    assert refusal == "409 Order ORD-00005 has 0 of VAR-0012 out, not 1"


def test_goods_in_the_warehouse_cannot_be_returned(desk: Desk) -> None:
    assert "has 0 of VAR-0013 out" in desk.refused(
        "receive_return", order_id=HALF_SHIPPED, variant_id="VAR-0013", quantity=1
    )


def test_the_history_of_an_order_holds_all_its_papers(desk: Desk) -> None:
    history = desk.done("get_order_history", id="ORD-00003")
    assert history["order"] == desk.row("order", "ORD-00003")
    assert [history["payment"]] == desk.rows("payment", order_id="ORD-00003")
    assert history["refunds"] == desk.rows("refund", order_id="ORD-00003") != []
    assert history["shipments"] == desk.rows("shipment", order_id="ORD-00003") != []


def test_the_sales_report_counts_what_was_ordered_and_not_cancelled(desk: Desk) -> None:
    orders = [order for order in desk.rows("order") if order["status"] != "cancelled"]
    report = desk.done("sales_report", by="category", limit=100)
    assert (report["orders"], report["revenue_cents"]) == (len(orders), sum(o["subtotal_cents"] for o in orders))
    revenue = [row["revenue_cents"] for row in report["rows"]]
    assert sum(revenue) == report["revenue_cents"]
    assert revenue == sorted(revenue, reverse=True)
    may = desk.done("sales_report", placed_from="2030-05-02", placed_to="2030-05-02")
    assert [(row["id"], row["pieces"]) for row in may["rows"]] == [("PRD-0007", 4)]
