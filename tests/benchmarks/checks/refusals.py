"""What does not fit the description is refused; the control is always the same request, put right."""

from __future__ import annotations

import orjson

from tests.benchmarks.checks.api import Api, Row, a_user, an_order, token
from tests.benchmarks.checks.claims import check, claim, control
from tests.benchmarks.checks.rows import holds, made


async def refuses(api: Api, kind: str, wrong: Row, right: Row) -> None:
    """Claim that creating `wrong` is refused and leaves no row, while `right` is accepted."""
    accepted = await api.create(kind, right)
    control(accepted.ok, f"the same request, put right, is answered {accepted.status}")
    refused = await api.create(kind, wrong)
    claim(refused.refused, f"status {refused.status}")
    unique = wrong.get("email") or wrong.get("item")
    rows = (await api.list(kind)).items or []
    claim(all(unique not in row.values() for row in rows), "it is there all the same")


@check
async def missing_field(api: Api) -> None:
    """A row without a required field is refused."""
    wrong = a_user()
    del wrong["name"]
    await refuses(api, "users", wrong, a_user())


@check
async def wrong_type(api: Api) -> None:
    """A text where a number belongs is refused."""
    await refuses(api, "users", a_user(age="old"), a_user(age=70))


@check
async def unknown_field(api: Api) -> None:
    """A field that the description does not know is refused."""
    await refuses(api, "users", a_user(shoe_size=43), a_user())


@check
async def unknown_choice(api: Api) -> None:
    """A value outside an enumeration is refused."""
    await refuses(api, "users", a_user(role="emperor"), a_user(role="admin"))


@check
async def half_wrong_patch(api: Api) -> None:
    """A patch that is half wrong is refused, and changes nothing."""
    before = await made(api, "users", a_user(age=30))
    key, name = str(before["id"]), f"Name {token()}"
    refused = await api.patch("users", key, {"name": name, "age": "old"})
    claim(refused.refused, f"status {refused.status}")
    claim((await api.read("users", key)).row == before, "the right half was done")
    accepted = await api.patch("users", key, {"name": name, "age": 31})
    control(accepted.ok, f"the same patch, put right, is answered {accepted.status}")
    control(holds((await api.read("users", key)).row, {"name": name, "age": 31}), "a right patch changes nothing")


@check
async def method(api: Api) -> None:
    """A method that a path does not offer is 405."""
    row = await made(api, "users", a_user())
    refused = await api.send("POST", f"users/{row['id']}", orjson.dumps(a_user()))
    claim(refused.status == 405, f"status {refused.status}")


@check
async def taken(api: Api) -> None:
    """A second row with a value that must be unique is refused."""
    first = await made(api, "users", a_user())
    control((await api.create("users", a_user())).ok, "a free value is refused too")
    twin = await api.create("users", a_user(email=first["email"]))
    claim(twin.refused, f"status {twin.status}")
    rows = (await api.list("users")).items or []
    claim(sum(row.get("email") == first["email"] for row in rows) == 1, "two rows have it")


@check
async def taken_by_change(api: Api) -> None:
    """A change to a value that must be unique and is taken is refused."""
    first, second = await made(api, "users", a_user()), await made(api, "users", a_user())
    key, free = str(second["id"]), a_user()["email"]
    control((await api.patch("users", key, {"email": free})).ok, "a change to a free value is refused too")
    refused = await api.patch("users", key, {"email": first["email"]})
    claim(refused.refused, f"status {refused.status}")
    claim((await api.read("users", key)).row.get("email") == free, "it was changed all the same")


@check
async def dangling(api: Api) -> None:
    """A row that refers to nothing is refused."""
    user = await made(api, "users", a_user())
    await refuses(api, "orders", an_order(token()), an_order(str(user["id"])))


@check
async def dangling_by_change(api: Api) -> None:
    """A change to a reference to nothing is refused, and changes nothing."""
    one, other = await made(api, "users", a_user()), await made(api, "users", a_user())
    order = await made(api, "orders", an_order(str(one["id"])))
    key = str(order["id"])
    control((await api.patch("orders", key, {"user_id": str(other["id"])})).ok, "a right change is refused too")
    refused = await api.patch("orders", key, {"user_id": token()})
    claim(refused.refused, f"status {refused.status}")
    claim((await api.read("orders", key)).row.get("user_id") == str(other["id"]), "it was changed all the same")


@check
async def stale(api: Api) -> None:
    """A row that refers to what was deleted is refused."""
    user = await made(api, "users", a_user())
    await made(api, "orders", an_order(str(user["id"])))
    control((await api.delete("users", str(user["id"]))).ok, "deleting is refused")
    refused = await api.create("orders", an_order(str(user["id"])))
    claim(refused.refused, f"status {refused.status}")
