"""A careless agent: it writes before it reads, tries again at once whatever went wrong, and sees first pages only."""

from __future__ import annotations

from typing import Any

from tests.agents.tools import Answer, Job, Tools


class Careless:
    """Calls of one agent."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def ask(self, tool: str, **arguments: Any) -> Answer:
        """Up to four times, at once, the same."""
        for _ in range(3):
            answer = self._tools.call(tool, arguments)
            if not answer.is_error:
                return answer
        return self._tools.call(tool, arguments)


def _items(answer: Answer) -> list[Any]:
    content = answer.content if isinstance(answer.content, dict) else {}
    items = content.get("items", [])
    return items if isinstance(items, list) else []


def refund_a_damaged_order(tools: Tools) -> None:
    Careless(tools).ask("refund_order", order_id="ORD-00005", reason="damaged")


def cancel_unpaid_orders(tools: Tools) -> None:
    agent = Careless(tools)
    for order in _items(agent.ask("list_orders", status="pending", limit=2)):
        agent.ask("cancel_order", id=order["id"], reason="payment_failed")


def sell_a_cart(tools: Tools) -> None:
    agent = Careless(tools)
    order = agent.ask("checkout", cart_id="CRT-0002", address_id="ADR-0003", payment_method="invoice")
    key = order.content["id"] if order.content else "ORD-00024"
    agent.ask("ship_order", order_id=key, warehouse_id="WH-01", carrier="northway")
    agent.ask("capture_payment", order_id=key)
    agent.ask("ship_order", order_id=key, warehouse_id="WH-01", carrier="northway")


def one_account_each(tools: Tools) -> None:
    agent = Careless(tools)
    agent.ask("list_customers", limit=5)
    agent.ask("create_customer", name="Otis Grandjean", email="otis.grandjean@post.example", newsletter=True)
    agent.ask("create_customer", name="Ronja Falk", email="ronja.falk@mail.example")


def solve_the_radio_problem(tools: Tools) -> None:
    agent = Careless(tools)
    agent.ask("solve_ticket", id="TKT-00015", solution="Please unplug your hub.")
    agent.ask("solve_ticket", id="TKT-00020", solution="Please unplug your hub.")


def assign_the_cold_floors(tools: Tools) -> None:
    agent = Careless(tools)
    agent.ask("assign_ticket", id="TKT-00042", agent_id="AGT-009")
    agent.ask("assign_ticket", id="TKT-00042", agent_id="AGT-011")
    agent.ask("add_comment", id="TKT-00042", body="It is probably the pump.")
    agent.ask("escalate_ticket", id="TKT-00042", reason="It is cold.")


def merge_the_holiday_tickets(tools: Tools) -> None:
    agent = Careless(tools)
    agent.ask("change_ticket_tags", id="TKT-00030", add=["site-visit"])
    agent.ask("merge_tickets", id="TKT-00029", into_id="TKT-00030")


def air_for_fathom(tools: Tools) -> None:
    agent = Careless(tools)
    agent.ask("transfer_oxygen", from_id="HAB-07", to_id="HAB-06", kg=200)
    agent.ask("transfer_oxygen", from_id="HAB-02", to_id="HAB-06", kg=100)
    agent.ask("transfer_oxygen", from_id="HAB-05", to_id="HAB-06", kg=100)


def send_the_salvage(tools: Tools) -> None:
    agent = Careless(tools)
    agent.ask("start_expedition", id="EXP-012")
    agent.ask("charge_rover", id="ROV-04")
    agent.ask("charge_rover", id="ROV-04", to_percent=90)
    agent.ask("start_expedition", id="EXP-012")


def end_the_oven_alarm(tools: Tools) -> None:
    agent = Careless(tools)
    agent.ask("resolve_incident", id="INC-008", author_id="COL-001", note="Quiet again.")
    agent.ask("complete_work_order", id="WO-008", done_by_id="COL-001")
    agent.ask("resolve_incident", id="INC-008", author_id="COL-001", note="Quiet again.")


JOBS: dict[str, Job] = {
    "shop/refund-a-damaged-order": refund_a_damaged_order,
    "shop/cancel-unpaid-orders": cancel_unpaid_orders,
    "shop/sell-a-cart": sell_a_cart,
    "shop/one-account-each": one_account_each,
    "helpdesk/solve-the-radio-problem": solve_the_radio_problem,
    "helpdesk/assign-the-cold-floors": assign_the_cold_floors,
    "helpdesk/merge-the-holiday-tickets": merge_the_holiday_tickets,
    "mars-colony/air-for-fathom": air_for_fathom,
    "mars-colony/send-the-salvage": send_the_salvage,
    "mars-colony/end-the-oven-alarm": end_the_oven_alarm,
}


if __name__ == "__main__":
    from tests.agents.over_mcp import main

    main(JOBS)
