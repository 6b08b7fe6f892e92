"""Lists agree with rows: what they show, leave out, order and count."""

from __future__ import annotations

from tests.benchmarks.checks.api import Api, Row, a_user, an_order, token
from tests.benchmarks.checks.claims import check, claim, control
from tests.benchmarks.checks.rows import made
from tests.benchmarks.dialect import Wanted


async def seven_orders(api: Api) -> tuple[str, list[Row]]:
    """Seven orders that share an item no other order has."""
    user, item = await made(api, "users", a_user()), f"item {token()}"
    orders = [
        await made(api, "orders", an_order(str(user["id"]), item=item, quantity=n)) for n in (4, 1, 7, 3, 6, 2, 5)
    ]
    return item, orders


@check
async def agreement(api: Api) -> None:
    """The list shows a row as a read does, before and after a change."""
    row = await made(api, "users", a_user(age=60))
    key = str(row["id"])
    listed = (await api.list("users")).find(key)
    control(listed is not None, "the list does not show it")
    claim(listed == row, "the list shows another row")
    control((await api.patch("users", key, {"age": 61})).ok, "a patch is refused")
    read = (await api.read("users", key)).row
    claim(read.get("age") == 61 and (await api.list("users")).find(key) == read, "the list shows what was before")


@check
async def filtering(api: Api) -> None:
    """A filter gives exactly the rows that match; where none does, an empty list."""
    name = f"Name {token()}"
    wanted = {str((await made(api, "users", a_user(name=name)))["id"]) for _ in range(3)}
    other = str((await made(api, "users", a_user()))["id"])
    control({*wanted, other} <= set((await api.list("users")).keys), "the whole list does not show them")
    found = await api.list("users", Wanted({"name": name}))
    claim(sorted(found.keys) == sorted(wanted), f"{len(found.keys)} rows instead of 3")
    none = await api.list("users", Wanted({"name": f"Name {token()}"}))
    claim(none.items == [], "rows that do not match")


@check
async def two_filters(api: Api) -> None:
    """Two filters hold at once."""
    name = f"Name {token()}"
    admin = await made(api, "users", a_user(name=name, role="admin"))
    member = await made(api, "users", a_user(name=name, role="member"))
    both = {str(admin["id"]), str(member["id"])}
    control(set((await api.list("users", Wanted({"name": name}))).keys) == both, "one filter alone does not work")
    found = await api.list("users", Wanted({"name": name, "role": "admin"}))
    claim(found.keys == [str(admin["id"])], "other rows")


@check
async def paging(api: Api) -> None:
    """The pages add up to the list: nothing twice, nothing left out, nothing after the end."""
    item, _ = await seven_orders(api)
    whole = await api.list("orders", Wanted({"item": item}))
    control(len(whole.keys) == 7, "the whole list does not show them")
    pages = [await api.list("orders", Wanted({"item": item}, page=n, size=3)) for n in (1, 2, 3, 4)]
    claim([len(page.keys) for page in pages] == [3, 3, 1, 0], f"{[len(page.keys) for page in pages]} rows by page")
    claim([key for page in pages for key in page.keys] == whole.keys, "the pages are another list")


@check
async def sorting(api: Api) -> None:
    """A list is sorted by a field, upwards and downwards."""
    item, orders = await seven_orders(api)
    unsorted = await api.list("orders", Wanted({"item": item}))
    control(set(unsorted.keys) == {str(order["id"]) for order in orders}, "the whole list does not show them")
    up = await api.list("orders", Wanted({"item": item}, sort="quantity"))
    claim([row.get("quantity") for row in up.items or ()] == [1, 2, 3, 4, 5, 6, 7], "not sorted upwards")
    down = await api.list("orders", Wanted({"item": item}, sort="quantity", descending=True))
    claim([row.get("quantity") for row in down.items or ()] == [7, 6, 5, 4, 3, 2, 1], "not sorted downwards")


@check
async def counting(api: Api) -> None:
    """The total of a page counts the rows on all pages, and follows a deletion."""
    item, orders = await seven_orders(api)
    page = await api.list("orders", Wanted({"item": item}, page=1, size=3))
    control(page.items and all(row.get("item") == item for row in page.items), "the page shows other rows")
    claim(page.total == 7, f"total {page.total}")
    control((await api.delete("orders", str(orders[3]["id"]))).ok, "deleting is refused")
    after = await api.list("orders", Wanted({"item": item}, page=1, size=3))
    claim(after.total == 6, f"total {after.total} after a deletion")
