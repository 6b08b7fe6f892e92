"""The books of the shop while its sales are played, by the same rules as the tools of the pack."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

STATUS = {"part": "partially_shipped"}
SENT = ("part", "shipped", "delivered")

Row = dict[str, Any]


class Books:
    """Rows that grow with every sale."""

    def __init__(self, base: dict[str, list[Row]]) -> None:
        self.variants = {row["sku"]: row for row in base["variant"]}
        self.products = {row["id"]: row for row in base["product"]}
        self.coupons = {row["code"]: row for row in base["coupon"]}
        self.addresses = {row["customer_id"]: row for row in base["address"] if row["is_default"]}
        self.warehouses = [row["id"] for row in base["warehouse"]]
        names = ("stock", "cart", "order", "payment", "refund", "shipment")
        self.rows: dict[str, list[Row]] = {name: [] for name in names}

    def add(self, entity: str, pattern: str, row: Row) -> Row:
        """A new row with the next key."""
        rows = self.rows[entity]
        rows.append({"id": pattern.format(len(rows) + 1), **row})
        return rows[-1]

    def stock(self, opening: dict[str, list[int | None]]) -> None:
        """Fill the shelves for the first day."""
        for sku, pieces in opening.items():
            for warehouse, on_hand in zip(self.warehouses, pieces, strict=True):
                if on_hand is not None:
                    shelf = {"variant_id": self.variants[sku]["id"], "warehouse_id": warehouse}
                    self.add("stock", "STK-{:04}", {**shelf, "on_hand": on_hand, "reserved": 0})

    def shelf(self, line: Row) -> Row:
        """Where a line of an order lies."""
        at = (line["variant_id"], line["warehouse_id"])
        return next(row for row in self.rows["stock"] if (row["variant_id"], row["warehouse_id"]) == at)

    def sell(self, sale: Row) -> None:
        """One sale from checkout to its end."""
        order = self.place(sale)
        payment = self.pay(sale, order)
        if sale["ends"] == "cancelled":
            self.cancel(sale, order, payment)
        if sale["ends"] in SENT:
            self.ship(sale, order)
        for sku, quantity in sale.get("returns", {}).items():
            line = next(line for line in order["lines"] if line["sku"] == sku)
            line["returned"] += quantity
            self.shelf(line)["on_hand"] += quantity
        if "refund" in sale:
            amount, reason, note = sale["refund"]
            self.refund(payment, amount, reason, note, after(sale["at"], days=12))

    def place(self, sale: Row) -> Row:
        """Check out: price the lines, take off the coupon, reserve the stock."""
        address = self.addresses[sale["by"]]
        lines = [self.reserve(sku, quantity) for sku, quantity in sale["buys"].items()]
        subtotal = sum(line["quantity"] * line["unit_price_cents"] for line in lines)
        coupon = self.coupons.get(sale.get("coupon", ""))
        discount = self.discount(coupon, lines)
        free = subtotal - discount >= 7500 or (coupon is not None and coupon["kind"] == "free_shipping")
        row = {
            "customer_id": sale["by"],
            "address_id": address["id"],
            "ship_to": {field: address[field] for field in ("recipient", "street", "postcode", "city", "country")},
            "coupon_code": sale.get("coupon"),
            "lines": lines,
            "subtotal_cents": subtotal,
            "discount_cents": discount,
            "shipping_cents": 0 if free else 590,
            "total_cents": subtotal - discount + (0 if free else 590),
            "status": STATUS.get(sale["ends"], sale["ends"]),
            "note": sale.get("note"),
            "placed_at": sale["at"],
            "cancelled_at": None,
            "cancel_reason": None,
        }
        return self.add("order", "ORD-{:05}", row)

    def reserve(self, sku: str, quantity: int) -> Row:
        """A line of an order, reserved on the first shelf that can fill it."""
        variant = self.variants[sku]
        shelves = (row for row in self.rows["stock"] if row["variant_id"] == variant["id"])
        shelf = next(row for row in shelves if row["on_hand"] - row["reserved"] >= quantity)
        shelf["reserved"] += quantity
        return {
            "variant_id": variant["id"],
            "warehouse_id": shelf["warehouse_id"],
            "sku": sku,
            "name": f"{self.products[variant['product_id']]['name']}, {variant['name']}",
            "quantity": quantity,
            "unit_price_cents": variant["price_cents"],
            "shipped": 0,
            "returned": 0,
        }

    def discount(self, coupon: Row | None, lines: list[Row]) -> int:
        """What a coupon takes off the lines it counts for."""
        if coupon is None:
            return 0
        wanted = set(coupon["collection_ids"])
        eligible = 0
        for line in lines:
            collections = self.products[self.variants[line["sku"]]["product_id"]]["collection_ids"]
            if not wanted or wanted.intersection(collections):
                eligible += line["quantity"] * line["unit_price_cents"]
        share: int = eligible * coupon["value"] // 100
        return share if coupon["kind"] == "percent" else min(coupon["value"], eligible)

    def pay(self, sale: Row, order: Row) -> Row:
        """The payment, captured an hour later unless the order waits or never got that far."""
        captured = sale.get("captured", sale["ends"] not in ("pending", "cancelled"))
        row = {
            "order_id": order["id"],
            "method": sale["pays"],
            "status": "captured" if captured else "authorized",
            "amount_cents": order["total_cents"],
            "refunded_cents": 0,
            "authorized_at": sale["at"],
            "captured_at": after(sale["at"], hours=1) if captured else None,
        }
        return self.add("payment", "PAY-{:05}", row)

    def cancel(self, sale: Row, order: Row, payment: Row) -> None:
        """Free the stock and give the money back."""
        at = after(sale["at"], hours=9)
        for line in order["lines"]:
            self.shelf(line)["reserved"] -= line["quantity"]
        if payment["captured_at"]:
            self.refund(payment, payment["amount_cents"], "cancelled", None, at)
        else:
            payment["status"] = "voided"
        order.update(cancelled_at=at, cancel_reason=sale["reason"])

    def refund(self, payment: Row, amount: int, reason: str, note: str | None, at: str) -> None:
        """Money back, never more than was paid."""
        row = {
            "order_id": payment["order_id"],
            "payment_id": payment["id"],
            "amount_cents": amount,
            "reason": reason,
            "note": note,
            "created_at": at,
        }
        self.add("refund", "REF-{:05}", row)
        payment["refunded_cents"] += amount
        whole = payment["refunded_cents"] == payment["amount_cents"]
        payment["status"] = "refunded" if whole else "partially_refunded"

    def ship(self, sale: Row, order: Row) -> None:
        """A parcel per warehouse the next day; of a part only the first line."""
        lines = order["lines"][:1] if sale["ends"] == "part" else order["lines"]
        by_warehouse = sorted(lines, key=lambda line: str(line["warehouse_id"]))
        for warehouse, packed in groupby(by_warehouse, key=lambda line: line["warehouse_id"]):
            self.parcel(sale, order["id"], warehouse, list(packed))

    def parcel(self, sale: Row, order_id: str, warehouse: str, packed: list[Row]) -> None:
        """One parcel; its pieces leave the shelf."""
        for line in packed:
            shelf = self.shelf(line)
            shelf["on_hand"] -= line["quantity"]
            shelf["reserved"] -= line["quantity"]
            line["shipped"] = line["quantity"]
        number = len(self.rows["shipment"]) + 1
        arrived = sale["ends"] == "delivered"
        row = {
            "order_id": order_id,
            "warehouse_id": warehouse,
            "carrier": ("gull_post", "northway", "fox_freight")[number % 3],
            "tracking_code": f"{('GP', 'NW', 'FX')[number % 3]}{70421 * number:08}",
            "status": "delivered" if arrived else "in_transit",
            "lines": [{"variant_id": line["variant_id"], "quantity": line["quantity"]} for line in packed],
            "shipped_at": after(sale["at"], days=1),
            "delivered_at": after(sale["at"], days=4) if arrived else None,
        }
        self.add("shipment", "SHP-{:05}", row)

    def fill(self, cart: Row) -> None:
        """A cart as it stands today; an empty one was emptied by the last order."""
        orders = [row["placed_at"] for row in self.rows["order"] if row["customer_id"] == cart["by"]]
        held = cart.get("holds", {}).items()
        row = {
            "customer_id": cart["by"],
            "coupon_code": cart.get("coupon"),
            "lines": [{"variant_id": self.variants[sku]["id"], "quantity": quantity} for sku, quantity in held],
            "updated_at": cart.get("at") or max(orders),
        }
        self.add("cart", "CRT-{:04}", row)


def after(time: str, **span: float) -> str:
    """A time so much later."""
    return (datetime.fromisoformat(time) + timedelta(**span)).isoformat().replace("+00:00", "Z")
