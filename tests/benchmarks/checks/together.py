"""What several rows, or several callers, do to each other: delete policies, requests at once, a fresh start."""

from __future__ import annotations

import asyncio

from tests.benchmarks.checks.api import Api, a_user, an_order, token
from tests.benchmarks.checks.claims import check, claim, control
from tests.benchmarks.checks.rows import holds, made


@check
async def cascade(api: Api) -> None:
    """Deleting a user deletes the user's orders, and no others."""
    one, other = await made(api, "users", a_user()), await made(api, "users", a_user())
    gone = [await made(api, "orders", an_order(str(one["id"]))) for _ in range(2)]
    stays = await made(api, "orders", an_order(str(other["id"])))
    control((await api.delete("users", str(one["id"]))).ok, "deleting is refused")
    claim(all([(await api.read("orders", str(order["id"]))).status == 404 for order in gone]), "orphans stay behind")
    claim((await api.read("orders", str(stays["id"]))).row == stays, "an order of another user went too")


@check
async def restriction(api: Api) -> None:
    """An order that another follows cannot be deleted; once it stands alone, it can."""
    user = str((await made(api, "users", a_user()))["id"])
    first = await made(api, "orders", an_order(user))
    second = await made(api, "orders", an_order(user, follows_id=first["id"]))
    refused = await api.delete("orders", str(first["id"]))
    claim(refused.refused, f"status {refused.status}")
    claim((await api.read("orders", str(first["id"]))).row == first, "it is gone all the same")
    control((await api.delete("orders", str(second["id"]))).ok, "deleting is refused where nothing follows")
    control((await api.delete("orders", str(first["id"]))).ok, "deleting is refused where nothing follows any more")


@check
async def letting_go(api: Api) -> None:
    """Deleting a manager leaves those who were managed without one."""
    manager = await made(api, "users", a_user())
    managed = await made(api, "users", a_user(manager_id=manager["id"]))
    control((await api.delete("users", str(manager["id"]))).ok, "deleting is refused")
    left = await api.read("users", str(managed["id"]))
    claim(left.row == {**managed, "manager_id": None}, "still managed by nobody, or gone too")


@check
async def creating_at_once(api: Api) -> None:
    """Of twenty rows created at once none is lost and none shares a key."""
    rows = [a_user() for _ in range(20)]
    await made(api, "users", a_user())
    created = await asyncio.gather(*(api.create("users", row) for row in rows))
    claim(all(reply.ok for reply in created), "not every row was created")
    claim(len({reply.key for reply in created}) == 20, "keys came twice")
    listed = (await api.list("users")).items or []
    claim(all(any(holds(found, row) for found in listed) for row in rows), "rows were lost")


@check
async def one_winner(api: Api) -> None:
    """Of ten equal rows created at once, one wins where a value must be unique."""
    control((await api.create("users", a_user())).ok, "creating one alone is refused")
    email = a_user()["email"]
    created = await asyncio.gather(*(api.create("users", a_user(email=email)) for _ in range(10)))
    winners = sum(reply.ok for reply in created)
    claim(winners == 1 and all(reply.ok or reply.refused for reply in created), f"{winners} won")
    listed = (await api.list("users")).items or []
    claim(sum(row.get("email") == email for row in listed) == 1, "the list shows another number")


@check
async def fresh_start(api: Api) -> None:
    """A reset brings the first day back: what was created is gone, what was changed is as it was."""
    first = await api.read("users", "U-00001")
    control(first.ok and first.key == "U-00001", "the first seed row is not there")
    control((await api.patch("users", "U-00001", {"name": token()})).ok, "a patch is refused")
    created = await made(api, "users", a_user())
    control((await api.read("users", "U-00001")).row != first.row, "a patch changes nothing")
    claim(await api.reset(), "there is no way to reset it")
    claim((await api.read("users", str(created["id"]))).status == 404, "what was created is still there")
    claim((await api.read("users", "U-00001")).row == first.row, "a seed row is still changed")
