"""Tools of generated packs, with the effects that answer them, and error texts in the style of their service."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from trainer.packs.entities import Field, Thing
from trainer.packs.words import Words

Definition = dict[str, Any]
_ABSENT = (
    "{what} {id} not found",
    "There is no {what} {id}",
    "No such {what}: {id}",
    "unknown {what} '{id}'",
    "{id} is not a {what}",
    "{what} {id} does not exist",
    "cannot find {what} {id}",
    "no {what} has the id {id}",
    "{id}: {what} missing",
    "The {what} {id} is not on file",
)
_CONFLICTS = (
    "{what} {id} is {state}",
    "{id} cannot be changed: it is {state}",
    "not allowed while {state}: {what} {id}",
    "Refused, {what} {id} is {state} already",
    "{what} '{id}' may not be {state}",
)
_STAYS = ("{what} {id} is still in use", "{id} has {count} records that need it", "cannot remove {what} {id}: in use")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a service speaks.

    Attributes:
        absent: what it says of a row that does not exist.
        conflict: what it says where a guard refuses.
        stays: what it says of a row that others need.
        key: what an argument that names the row itself is called: `id`, or the entity with `_id`.
        listing: what a list is called in an answer; empty: the list alone.
        counting: what the number of all matches is called; empty: it is not told.
    """

    absent: str
    conflict: str
    stays: str
    own_key: bool
    listing: str
    counting: str


def manner(chance: Random) -> Manner:
    """The manner of one service."""
    code = chance.choice(("", "", "", f"E{chance.randint(100, 999)}: ", "Error: ", f"[{chance.randint(400, 499)}] "))
    return Manner(
        absent=code + chance.choice(_ABSENT),
        conflict=code + chance.choice(_CONFLICTS),
        stays=code + chance.choice(_STAYS),
        own_key=chance.random() < 0.6,
        listing=chance.choice(("items", "items", "results", "data", "found")),
        counting=chance.choice(("total", "total", "count", "")),
    )


class Toolmaker:
    """Makes the tools of one entity."""

    def __init__(self, thing: Thing, manner: Manner, chance: Random, words: Words) -> None:
        self._thing = thing
        self._manner = manner
        self._chance = chance
        self._words = words
        self._key = "id" if manner.own_key else f"{thing.name}_id"

    def tools(self, count: int) -> dict[str, Definition]:
        """Some tools, by name."""
        makers = [self._get, self._list, self._create, self._update, self._delete, self._act]
        chosen = self._chance.sample(makers, count)
        return dict(made for maker in makers if maker in chosen and (made := maker()) is not None)

    def _get(self) -> tuple[str, Definition]:
        name = self._chance.choice(("get", "get", "read", "show", "find"))
        return self._tool(f"{name}_{self._thing.name}", f"One {self._thing.name}.", {}, [], f"{{{self._thing.name}}}")

    def _list(self) -> tuple[str, Definition]:
        thing, chance, manner = self._thing, self._chance, self._manner
        filters = [(kin.field, {"type": "string", "x-entity": kin.to}) for kin in thing.kin]
        filters += [(field.name, field.schema) for field in thing.of_kind("state", "flag")]
        chosen = dict(chance.sample(filters, min(len(filters), chance.choice((0, 1, 1, 2)))))
        shown = {"list": thing.name, "as": "found"}
        step = {**shown, "match": {name: f"{{args.{name}}}" for name in chosen}} if chosen else shown
        counted = {manner.counting: {"type": "integer"}} if manner.counting else {}
        row = {"$ref": f"#/entities/{thing.name}"}
        properties = {manner.listing: {"type": "array", "items": row}, **counted}
        told = {manner.listing: "{found.items}", **({manner.counting: "{found.total}"} if counted else {})}
        verb = chance.choice(("list", "list", "all", "search"))
        return f"{verb}_{thing.plural}", {
            "description": f"The {thing.plural}{', filtered' if chosen else ''}.",
            "input": {"type": "object", "properties": chosen},
            "output": {"type": "object", "required": list(properties), "properties": properties},
            "effect": {"steps": [step], "returns": told},
        }

    def _create(self) -> tuple[str, Definition]:
        thing, chance = self._thing, self._chance
        given, values, steps, errors = {}, {}, [], []
        for kin in thing.kin:
            given[kin.field] = {"type": "string", "x-entity": kin.to}
            values[kin.field] = f"{{args.{kin.field}}}"
            text, said = self._absent(kin.to, kin.field)
            steps.append({"read": kin.to, "key": f"args.{kin.field}", "missing": text})
            errors.append(said)
        defaults = []
        for field in thing.fields:
            default = _default(field)
            if default is not None and chance.random() < 0.5:
                values[field.name] = default[0]
                defaults.append(f"{field.name} {default[1]}")
            else:
                given[field.name] = field.schema
                values[field.name] = f"{{args.{field.name}}}"
        if defaults:
            errors.insert(0, f"New: {', '.join(defaults)}")
        verb = chance.choice(("create", "create", "add", "new", "open"))
        return f"{verb}_{thing.name}", {
            "description": _described(f"Add a {thing.name}.", errors),
            "input": {"type": "object", "required": list(given), "properties": given},
            "output": {"$ref": f"#/entities/{thing.name}"},
            "effect": {"steps": [*steps, {"create": thing.name, "values": values}], "returns": f"{{{thing.name}}}"},
        }

    def _update(self) -> tuple[str, Definition]:
        thing, chance = self._thing, self._chance
        fields = chance.sample(thing.fields, min(len(thing.fields), chance.randint(1, 3)))
        values = {field.name: f"{{args.{field.name}}}" for field in fields}
        steps = [{"update": thing.name, "key": f"args.{self._key}", "set": values}]
        given = {field.name: field.schema for field in fields}
        verb = chance.choice(("update", "update", "edit", "change", "set"))
        needed = list(given) if len(given) == 1 else []
        about = f"Change a {thing.name}."
        return self._tool(f"{verb}_{thing.name}", about, given, steps, f"{{{thing.name}}}", needed=needed)

    def _delete(self) -> tuple[str, Definition]:
        thing, chance = self._thing, self._chance
        text = self._manner.stays.format(what=thing.name, id=f"{{args.{self._key}}}", count="{count}")
        steps = [{"delete": thing.name, "key": f"args.{self._key}", "restricted": text}]
        said = "In use: " + self._manner.stays.format(what=thing.name, id=f"{{{self._key}}}", count="{count}")
        name = chance.choice(("deleted", "removed", "gone"))
        form = {"type": "object", "required": [name], "properties": {name: {"type": "string"}}}
        told: Any = {name: f"{{{thing.name}.id}}"}
        if chance.random() < 0.3:
            form, told = {"$ref": f"#/entities/{thing.name}"}, f"{{{thing.name}}}"
        verb = chance.choice(("delete", "delete", "remove", "drop"))
        return self._tool(f"{verb}_{thing.name}", f"Remove a {thing.name}.", {}, steps, told, form, [said])

    def _act(self) -> tuple[str, Definition] | None:
        """A step from one state to another, which a guard may refuse."""
        thing, chance = self._thing, self._chance
        states = thing.of_kind("state")
        if not states:
            return None
        field = chance.choice(states)
        before, after = chance.sample(field.options, 2)
        which = f"{thing.name}.{field.name}"
        holds = f'{which} != "{after}"' if chance.random() < 0.6 else f'{which} == "{before}"'
        told = {"what": thing.name, "state": f"{{{which}}}", "id": f"{{args.{self._key}}}"}
        error = self._manner.conflict.format(**told)
        shown = {"what": thing.name, "state": f"{{{field.name}}}", "id": f"{{{self._key}}}"}
        only = f"Unless {field.name} is {after}" if "!=" in holds else f"Only if {field.name} is {before}"
        said = f"{only}; else: {self._manner.conflict.format(**shown)}"
        steps = [
            {"require": holds, "error": error},
            {"update": thing.name, "key": f"args.{self._key}", "set": {field.name: after}},
        ]
        about = f"Set {field.name} of a {thing.name} to {after}."
        name = f"{self._words.verb()}_{thing.name}"
        return self._tool(name, about, {}, steps, f"{{{thing.name}}}", said=[said])

    def _tool(
        self,
        name: str,
        about: str,
        given: dict[str, Any],
        steps: list[Any],
        returns: Any,
        output: dict[str, Any] | None = None,
        said: list[str] | None = None,
        needed: list[str] | None = None,
    ) -> tuple[str, Definition]:
        """A tool that names one row, which has to be there."""
        missing, told = self._absent(self._thing.name, self._key)
        own = {self._key: {"type": "string", "x-entity": self._thing.name}}
        return name, {
            "description": _described(about, [told, *(said or [])]),
            "input": {"type": "object", "required": [self._key, *(needed or [])], "properties": {**own, **given}},
            "output": output or {"$ref": f"#/entities/{self._thing.name}"},
            "effect": {
                "steps": [{"read": self._thing.name, "key": f"args.{self._key}", "missing": missing}, *steps],
                "returns": returns,
            },
        }

    def _absent(self, what: str, argument: str) -> tuple[str, str]:
        """What is said of a row that does not exist: as an effect declares it, and as a description tells it."""
        text = self._manner.absent.format(what=what, id=f"{{args.{argument}}}")
        return text, "If missing: " + self._manner.absent.format(what=what, id=f"{{{argument}}}")


def _default(field: Field) -> tuple[Any, str] | None:
    """What a new row holds where nobody says it; and how a description tells it."""
    match field.kind:
        case "state":
            return field.options[0], field.options[0]
        case "flag":
            return False, "false"
        case "note":
            return None, "null"
        case "number":
            return 0, "0"
    return None


def _described(about: str, said: list[str]) -> str:
    return "\n".join([about, *dict.fromkeys(said)])
