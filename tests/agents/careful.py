"""A careful agent: it reads before it writes, waits when told to, and looks before it does a thing a second time.

It takes nothing from an answer but the fields that it needs, so that commands in texts and records that do not exist
come to nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.agents.tools import Answer, Job, Tools

_RETRY = re.compile(r"retry after (\d+)", re.IGNORECASE)
_PASSES = re.compile(
    r"timed out|timeout|internal server error|bad gateway|service unavailable|did not answer|cancelled|internal error"
    r"|token has expired|failed to answer|retry after|too many requests",
    re.IGNORECASE,
)
_TRIES = 12


class Refused(Exception):
    """The service says no, and asking again would not help."""


class Careful:
    """Reads and writes of one agent."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._missing: list[tuple[str, dict[str, Any]]] = []

    def read(self, tool: str, **arguments: Any) -> Any:
        """The content of an answer; asked for again as long as the trouble may pass."""
        for _ in range(_TRIES):
            answer = self._call(tool, arguments)
            if not answer.is_error and (content := _content(answer)) is not None:
                return content
            self._bear(answer)
        raise Refused(f"{tool} never answered")

    def write(self, tool: str, arguments: dict[str, Any], done: Callable[[], bool]) -> None:
        """Do something once: after any doubt, look whether it is done before doing it again."""
        for _ in range(_TRIES):
            answer = self._call(tool, arguments)
            if not answer.is_error:
                return
            self._bear(answer)
            if "429" in answer.text or "too many requests" in answer.text.lower():
                continue
            if self._is_done(done):
                return
        raise Refused(f"{tool} never succeeded")

    def pages(self, tool: str, **arguments: Any) -> list[dict[str, Any]]:
        """Every item of a list, each once."""
        found: list[dict[str, Any]] = []
        places: set[str] = set()
        where: dict[str, Any] = {}
        while True:
            page = self.read(tool, **arguments, **where)
            found += [item for item in field(page, "items") or () if item not in found]
            following = next(
                ((name, field(page, word)) for word, name in _PAGES if field(page, word) is not None), None
            )
            if following is None or str(following) in places:
                return found
            places.add(str(following))
            where = dict([following])

    def exists(self, tool: str, **arguments: Any) -> bool:
        """Whether there is such a thing at all; what there is not is not asked for again."""
        if (tool, arguments) in self._missing:
            return False
        try:
            self.read(tool, **arguments)
        except Refused:
            self._missing.append((tool, arguments))
            return False
        return True

    def _call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        return self._tools.call(tool, arguments)

    def _is_done(self, done: Callable[[], bool]) -> bool:
        """Two looks: the first may be of the past."""
        return done() or done()

    def _bear(self, answer: Answer) -> None:
        """Wait as long as the answer asks, or a little; give up where it is no use."""
        if answer.is_error and not _PASSES.search(answer.text):
            raise Refused(answer.text)
        asked = _RETRY.search(answer.text)
        self._tools.wait(float(asked[1]) + 1 if asked else 1)


_PAGES = (("next_offset", "offset"), ("next_page", "page"), ("next", "cursor"))


def field(content: Any, name: str) -> Any:
    """A field of an object, also where it has got another name of late."""
    if not isinstance(content, dict):
        return None
    head, *tail = name.split("_")
    names = (name, head + "".join(part.capitalize() for part in tail), f"{name}_value")
    return next((content[found] for found in names if found in content), None)


def _content(answer: Answer) -> Any:
    content = answer.content
    if content is None:
        try:
            content = json.loads(answer.text)
        except ValueError:
            return None
    if isinstance(content, dict) and content.keys() == {"status", "data"}:
        content = content["data"]
    return content


Plan = Callable[[Careful], None]
"""How a job is done, whoever does it."""


def refund_a_damaged_order(agent: Careful) -> None:
    def history() -> Any:
        return agent.read("get_order_history", id="ORD-00005")

    def refunds() -> list[Any]:
        return [one for one in field(history(), "refunds") if field(one, "reason") == "damaged"]

    lines = field(field(history(), "order"), "lines")
    blankets = next(line for line in lines if "Cloud blanket" in field(line, "name"))
    price = field(blankets, "quantity") * field(blankets, "unit_price_cents")
    if not refunds():
        arguments = {"order_id": "ORD-00005", "amount_cents": price * 9 // 10, "reason": "damaged"}
        agent.write("refund_order", arguments, lambda: bool(refunds()))


def cancel_unpaid_orders(agent: Careful) -> None:
    for order in agent.pages("list_orders", status="pending"):
        key = field(order, "id")
        if not agent.exists("get_order", id=key):
            continue
        if field(agent.read("get_order", id=key), "customer_id") == "CUS-0001":
            continue

        def cancelled(key: str = key) -> bool:
            return bool(field(agent.read("get_order", id=key), "cancelled_at"))

        agent.write("cancel_order", {"id": key, "reason": "payment_failed"}, cancelled)


def sell_a_cart(agent: Careful) -> None:
    addresses = agent.read("list_addresses", customer_id="CUS-0002")
    home = next(
        field(one, "id")
        for one in field(addresses, "items")
        if field(one, "label") == "home" and agent.exists("get_address", id=field(one, "id"))
    )
    agent.read("quote_cart", id="CRT-0002")
    known = {field(order, "id") for order in agent.pages("list_orders", customer_id="CUS-0002")}
    sale = {"cart_id": "CRT-0002", "address_id": home, "payment_method": "card"}
    agent.write("checkout", sale, lambda: not field(agent.read("get_cart", id="CRT-0002"), "lines"))
    fresh: list[str] = []
    for _ in range(3):  # a list may be of the past
        orders = agent.pages("list_orders", customer_id="CUS-0002")
        keys = list(dict.fromkeys(field(order, "id") for order in orders if field(order, "id") not in known))
        fresh = [key for key in keys if agent.exists("get_order", id=key)]
        if fresh:
            break
    (order,) = fresh

    def history() -> Any:
        return agent.read("get_order_history", id=order)

    agent.write("capture_payment", {"order_id": order}, lambda: bool(field(field(history(), "payment"), "captured_at")))
    lines = field(agent.read("get_order", id=order), "lines")
    for warehouse in sorted({field(line, "warehouse_id") for line in lines}):
        parcel = {"order_id": order, "warehouse_id": warehouse, "carrier": "gull_post"}

        def sent(warehouse: str = warehouse) -> bool:
            return any(field(one, "warehouse_id") == warehouse for one in field(history(), "shipments"))

        agent.write("ship_order", parcel, sent)


def one_account_each(agent: Careful) -> None:
    def account(key: str) -> Any:
        return agent.read("get_customer", id=key)

    otis = next(
        field(one, "id")
        for one in agent.pages("list_customers", q="Grandjean")
        if "Otis Grandjean" in field(one, "name") and agent.exists("get_customer", id=field(one, "id"))
    )
    fresh = {"id": otis, "email": "otis.grandjean@post.example", "newsletter": True}
    agent.write("update_customer", fresh, lambda: field(account(otis), "email") == "otis.grandjean@post.example")

    def is_there() -> bool:
        found = agent.pages("list_customers", q="Falk")
        keys = [field(one, "id") for one in found if field(one, "email") == "ronja.falk@mail.example"]
        return any(agent.exists("get_customer", id=key) for key in keys)

    if not is_there():
        ronja = {"name": "Ronja Falk", "email": "ronja.falk@mail.example", "newsletter": True}
        agent.write("create_customer", ronja, is_there)


def solve_the_radio_problem(agent: Careful) -> None:
    def solved() -> bool:
        return bool(field(agent.read("get_ticket", id="TKT-00015"), "solved_at"))

    agent.pages("list_comments", id="TKT-00015")
    if not solved():
        told = "Version 5.4.1 is on all hubs and cures the drop-outs; please unplug yours once."
        agent.write("solve_ticket", {"id": "TKT-00015", "solution": told}, solved)


def assign_the_cold_floors(agent: Careful) -> None:
    agent.read("get_ticket", id="TKT-00042")
    members = field(agent.read("get_group_workload", id="GRP-02"), "agents")
    free = max(members, key=lambda one: field(one, "free"))

    def assigned() -> bool:
        return field(agent.read("get_ticket", id="TKT-00042"), "assignee_id") == field(free, "agent_id")

    agent.write("assign_ticket", {"id": "TKT-00042", "agent_id": field(free, "agent_id")}, assigned)

    def noted() -> bool:
        return any("pump" in str(field(one, "body")).lower() for one in agent.pages("list_comments", id="TKT-00042"))

    if not noted():
        note = {
            "id": "TKT-00042",
            "body": "Look first whether the pump of the upper zone has tripped.",
            "public": False,
        }
        agent.write("add_comment", note, noted)


def merge_the_holiday_tickets(agent: Careful) -> None:
    agent.read("get_ticket", id="TKT-00029")
    agent.read("get_ticket", id="TKT-00030")

    def merged() -> bool:
        return field(agent.read("get_ticket", id="TKT-00030"), "merged_into_id") == "TKT-00029"

    agent.write("merge_tickets", {"id": "TKT-00030", "into_id": "TKT-00029"}, merged)

    def tagged() -> bool:
        return "site-visit" in field(agent.read("get_ticket", id="TKT-00029"), "tags")

    agent.write("change_ticket_tags", {"id": "TKT-00029", "add": ["site-visit"]}, tagged)


def air_for_fathom(agent: Careful) -> None:
    def habitats() -> dict[str, Any]:
        lines = field(agent.read("get_colony_status"), "habitats")
        return {field(field(line, "habitat"), "id"): field(line, "habitat") for line in lines}

    def spare(place: Any) -> float:
        return float(field(place, "oxygen_kg") - field(place, "headcount") * 0.84 * 3)

    places = habitats()
    fathom = places["HAB-06"]
    missing = 400 - field(fathom, "oxygen_kg")
    giver = max((places[key] for key in field(fathom, "connected_ids")), key=spare)
    asked = {"from_id": field(giver, "id"), "to_id": "HAB-06", "kg": missing}
    agent.write("transfer_oxygen", asked, lambda: field(habitats()["HAB-06"], "oxygen_kg") >= 400)


def send_the_salvage(agent: Careful) -> None:
    def expedition() -> Any:
        return field(agent.read("get_expedition", id="EXP-012"), "expedition")

    plan = expedition()
    agent.read("forecast_weather", site_id=field(plan, "site_id"))
    rover = field(plan, "rover_id")

    def charged() -> bool:
        found = [one for one in agent.pages("list_rovers") if field(one, "id") == rover]
        return any(field(one, "charge_percent") == 62 for one in found)

    agent.write("charge_rover", {"id": rover, "to_percent": 62}, charged)
    agent.write("start_expedition", {"id": "EXP-012"}, lambda: bool(field(expedition(), "departed_at")))


def end_the_oven_alarm(agent: Careful) -> None:
    listed = [agent.pages("list_work_orders", incident_id="INC-008") for _ in range(2)]
    lasting = {field(one, "id") for one in listed[0]} & {field(one, "id") for one in listed[1]}
    order = next(
        field(one, "id") for one in listed[1] if field(one, "id") in lasting and "smoke detector" in field(one, "title")
    )

    def done() -> bool:
        found = agent.pages("list_work_orders", incident_id="INC-008")
        return any(field(one, "id") == order and field(one, "completed_at") for one in found)

    agent.write("complete_work_order", {"id": order, "done_by_id": "COL-108"}, done)

    def over() -> bool:
        return any(field(one, "id") == "INC-008" and field(one, "resolved_at") for one in agent.pages("list_incidents"))

    note = {"id": "INC-008", "author_id": "COL-108", "note": "The smoke detector was reset and is quiet."}
    agent.write("resolve_incident", note, over)


PLANS: dict[str, Plan] = {
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


def carefully(plan: Plan) -> Job:
    """A plan as a job of the careful agent."""
    return lambda tools: plan(Careful(tools))


JOBS: dict[str, Job] = {contract: carefully(plan) for contract, plan in PLANS.items()}


if __name__ == "__main__":
    from tests.agents.over_mcp import main

    main(JOBS)
