"""A fixed workload: an agent that reads and changes rows, one call in five of a tool that only a world model answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from mcp_sim.responders.synthesize.imagination import Imagination
from schemas.load import shipped_world
from schemas.types import Call, Pack, Step, View, World
from store.overlay import Overlay

EVERY = 5
"""One of so many calls needs the world model."""
_WRITING = 0.5
_RETURNING = 0.5
"""The share of imagined calls that are about a row which was changed lately, where there is one."""
_LATELY = 8
_REVIEWED = ("customer", "product", "variant", "stock", "cart", "order")


@dataclass(frozen=True)
class Trade:
    """A world, and the tools that an agent at work there uses."""

    world: World
    imagined: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]


@cache
def shop() -> Trade:
    """The shop, with tools whose imagined answers show whole rows, of the kinds that change most."""
    base = shipped_world("shop")
    reviews = Pack.model_validate(
        {"name": "reviews", "tools": {f"review_{name}": _review(name, base) for name in _REVIEWED}}
    )
    return Trade(
        World(**{**{name: getattr(base, name) for name in World.model_fields}, "packs": (*base.packs, reviews)}),
        ("recommend_products", "estimate_delivery", *reviews.tools),
        (
            "list_customers", "get_customer", "list_addresses", "list_products", "get_product", "list_variants",
            "get_variant", "list_stock", "list_carts", "get_cart", "quote_cart", "list_orders", "get_order",
            "get_order_history", "list_coupons", "sales_report",
        ),
        (
            "create_customer", "update_customer", "add_address", "create_product", "update_product", "create_variant",
            "update_variant", "receive_stock", "transfer_stock", "create_cart", "add_to_cart", "set_cart_line",
            "capture_payment", "refund_order",
        ),
    )  # fmt: skip


@cache
def helpdesk() -> Trade:
    """The helpdesk as it ships."""
    return Trade(
        shipped_world("helpdesk"),
        ("summarize_ticket", "suggest_reply"),
        (
            "list_organizations", "get_organization", "list_users", "get_user", "list_groups", "get_group_workload",
            "list_agents", "list_sla_policies", "list_tags", "list_tickets", "get_ticket", "list_comments",
            "get_comment", "list_macros", "get_satisfaction",
        ),
        (
            "create_user", "update_user", "update_organization", "create_ticket", "update_ticket", "assign_ticket",
            "escalate_ticket", "change_ticket_tags", "solve_ticket", "reopen_ticket", "add_comment", "attach_file",
        ),
    )  # fmt: skip


class Workload:
    """The calls of one agent, the same for the same seed and the same answers."""

    def __init__(self, trade: Trade, seed: int) -> None:
        self._trade = trade
        self._dice = Random(seed)
        self._lately: list[tuple[str, str]] = []
        self._n = 0
        self._turn = 0

    def next(self, view: View) -> Call:
        """The next call."""
        at = self._n % EVERY
        if at == 0:
            self._turn = self._dice.randrange(EVERY)
        self._n += 1
        if at == self._turn:
            return self.imagined(view)
        writing = self._dice.random() < _WRITING
        return self._call(self._dice.choice(self._trade.writes if writing else self._trade.reads), view, {})

    def imagined(self, view: View) -> Call:
        """A call that needs the world model, whatever its turn."""
        name = self._dice.choice(self._trade.imagined)
        wanted = {entity for entity, _ in subjects(self._trade.world, Call(name, {}))}
        lately = {entity: key for entity, key in self._lately if entity in wanted and view.exists(entity, key)}
        return self._call(name, view, lately if self._dice.random() < _RETURNING else {})

    def saw(self, step: Step) -> None:
        """Take note of what a step changed."""
        self._lately += [(change.entity, change.key) for change in step.delta.changes if change.after is not None]
        del self._lately[:-_LATELY]

    def _call(self, name: str, view: View, about: dict[str, Any]) -> Call:
        schema = self._trade.world.tools[name].input_schema
        chance = Random(self._dice.getrandbits(64))
        rows = Overlay(self._trade.world, view)
        made: dict[str, Any] = Imagination(self._trade.world, rows, chance, {}, about).value(schema)
        required: Any = schema.get("required", ())
        kept = {name: value for name, value in made.items() if name in required or self._dice.random() < 0.4}
        return Call(name, kept)


def subjects(world: World, call: Call) -> list[tuple[str, Any]]:
    """The rows that the arguments of a call name, as (entity, key); the key is None where it is not given."""
    properties: Any = world.tools[call.tool].input_schema.get("properties", {})
    marked = [(name, schema["x-entity"]) for name, schema in properties.items() if "x-entity" in schema]
    return [(entity, call.arguments.get(name)) for name, entity in marked]


def _review(entity: str, world: World) -> dict[str, Any]:
    return {
        "description": f"A {entity} as the books have it, with a remark for whoever picks up the phone.",
        "input": _object(**{f"{entity}_id": {"type": "string", "x-entity": entity}}),
        "output": _object(
            **{entity: {**world.entities[entity].row, "x-row": entity}},
            remark={"type": "string", "minLength": 10, "maxLength": 200},
        ),
    }


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}
