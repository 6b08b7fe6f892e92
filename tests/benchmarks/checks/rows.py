"""Rows are created, read, changed and deleted, and stay what they were made."""

from __future__ import annotations

from tests.benchmarks.checks.api import Api, Row, a_user, an_order, token
from tests.benchmarks.checks.claims import check, claim, control


async def made(api: Api, kind: str, row: Row) -> Row:
    """A row that was created and can be read back; without it most claims would be vacuous."""
    created = await api.create(kind, row)
    control(created.ok and created.key, f"creating one of the {kind} was answered {created.status}")
    read = await api.read(kind, created.key)
    control(holds(read.row, row), f"what was created in {kind} could not be read back ({read.status})")
    return read.row


def holds(found: Row, wanted: Row) -> bool:
    """Whether a row has these values."""
    return all(name in found and found[name] == value for name, value in wanted.items())


@check
async def creation(api: Api) -> None:
    """A created row is answered with 201, what was sent, and a key."""
    first, second = a_user(role="admin", age=41), a_user(role="member", age=17)
    one, other = await api.create("users", first), await api.create("users", second)
    control(one.ok and other.ok, f"creating was answered {one.status} and {other.status}")
    claim((one.status, other.status) == (201, 201), f"status {one.status}")
    claim(holds(one.row, first) and holds(other.row, second), "not what was sent")
    claim(one.key and other.key, "no key")


@check
async def own_keys(api: Api) -> None:
    """Ten created rows have ten different keys."""
    created = [await made(api, "users", a_user()) for _ in range(10)]
    claim(len({str(row["id"]) for row in created}) == 10, "keys came twice")


@check
async def defaults(api: Api) -> None:
    """A field that is left out takes its default."""
    await made(api, "users", a_user(role="admin"))
    left_out = await made(api, "users", a_user())
    claim(left_out.get("role") == "member", f"role {left_out.get('role')!r}")


@check
async def reading(api: Api) -> None:
    """A created row is read as it was answered."""
    sent = a_user(age=33)
    created = await api.create("users", sent)
    control(holds(created.row, sent), "creating does not answer with the row")
    read = await api.read("users", created.key)
    claim(read.status == 200, f"status {read.status}")
    claim(read.row == created.row, "another row")


@check
async def text(api: Api) -> None:
    """Text survives unchanged, whatever its letters, quotes and line breaks."""
    await made(api, "users", a_user())
    name = f'{token()} Ærø "Žižek" \\ 漢字 🜁 <b>&amp;</b>\n\ttab'
    created = await api.create("users", a_user(name=name))
    claim(created.ok, f"status {created.status}")
    claim((await api.read("users", created.key)).row.get("name") == name, "changed on the way")


@check
async def unknown_key(api: Api) -> None:
    """A key that was never given out is not found."""
    await made(api, "users", a_user())
    found = await api.read("users", token())
    claim(found.status == 404, f"status {found.status}")


@check
async def patch(api: Api) -> None:
    """A patch changes what it names and keeps the rest."""
    before = await made(api, "users", a_user(age=20, role="admin"))
    answer = await api.patch("users", str(before["id"]), {"age": 21})
    claim(answer.ok and answer.row.get("age") == 21, f"status {answer.status}")
    after = await api.read("users", str(before["id"]))
    claim(after.row == {**before, "age": 21}, "another row")


@check
async def replacement(api: Api) -> None:
    """A put replaces the whole row: what it leaves out is gone."""
    before = await made(api, "users", a_user(age=52, role="admin"))
    fresh = a_user()
    answer = await api.put("users", str(before["id"]), fresh)
    claim(answer.ok, f"status {answer.status}")
    after = (await api.read("users", str(before["id"]))).row
    claim(holds(after, {**fresh, "id": before["id"]}), "what was put is not there")
    claim(after.get("age") is None and after.get("role") != "admin", "what was left out is still there")


@check
async def fixed_key(api: Api) -> None:
    """A patch cannot give a row another key."""
    row = await made(api, "users", a_user())
    key, other = str(row["id"]), token()
    control((await api.patch("users", key, {"age": 9})).ok, "an ordinary patch is refused")
    await api.patch("users", key, {"id": other})
    claim((await api.read("users", key)).key == key, "the row is no longer under its key")
    claim((await api.read("users", other)).status == 404, "the row is under another key")


@check
async def clearing(api: Api) -> None:
    """Null clears an optional field."""
    user = await made(api, "users", a_user())
    order = await made(api, "orders", an_order(str(user["id"]), note=f"note {token()}"))
    answer = await api.patch("orders", str(order["id"]), {"note": None})
    claim(answer.ok, f"status {answer.status}")
    after = await api.read("orders", str(order["id"]))
    claim(after.ok and after.row.get("note") is None, "the field is still there")


@check
async def unknown_patch(api: Api) -> None:
    """Changing what is not there is not found, and creates nothing."""
    row = await made(api, "users", a_user())
    control((await api.patch("users", str(row["id"]), {"age": 9})).ok, "an ordinary patch is refused")
    key = token()
    claim((await api.patch("users", key, {"age": 9})).status == 404, "the patch is taken")
    claim((await api.read("users", key)).status == 404, "a row came into being")


@check
async def deletion(api: Api) -> None:
    """A deleted row is not found any more."""
    row = await made(api, "users", a_user())
    claim((await api.delete("users", str(row["id"]))).ok, "deleting is refused")
    found = await api.read("users", str(row["id"]))
    claim(found.status == 404, f"status {found.status}")


@check
async def deleted_from_list(api: Api) -> None:
    """A deleted row leaves the list, and no other does."""
    gone, stays = await made(api, "users", a_user()), await made(api, "users", a_user())
    before = await api.list("users")
    control({str(gone["id"]), str(stays["id"])} <= set(before.keys), "the list does not show them")
    claim((await api.delete("users", str(gone["id"]))).ok, "deleting is refused")
    after = await api.list("users")
    claim(set(after.keys) == set(before.keys) - {str(gone["id"])}, "the list shows other rows")


@check
async def second_deletion(api: Api) -> None:
    """Deleting twice is not found the second time, and harms nothing."""
    gone, stays = await made(api, "users", a_user()), await made(api, "users", a_user())
    control((await api.delete("users", str(gone["id"]))).ok, "deleting is refused")
    again = await api.delete("users", str(gone["id"]))
    claim(again.status == 404, f"status {again.status}")
    claim((await api.read("users", str(stays["id"]))).row == stays, "another row was harmed")


@check
async def spent_key(api: Api) -> None:
    """The key of a deleted row is not given out again."""
    row = await made(api, "users", a_user())
    control((await api.delete("users", str(row["id"]))).ok, "deleting is refused")
    fresh = [await api.create("users", a_user()) for _ in range(3)]
    claim(all(reply.ok and reply.key != str(row["id"]) for reply in fresh), "the key came back")
