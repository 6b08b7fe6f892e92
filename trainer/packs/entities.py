"""Entities of generated packs: fields of many kinds, keys of many forms, references, and rows that fit together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from trainer.packs.words import Words

Kind = Literal["text", "code", "state", "number", "flag", "day", "note"]
_KINDS: tuple[tuple[Kind, int], ...] = (
    ("text", 4),
    ("state", 4),
    ("number", 4),
    ("flag", 2),
    ("code", 2),
    ("day", 2),
    ("note", 2),
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an entity; `options`: the values of an enumeration."""

    name: str
    kind: Kind
    options: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""
        match self.kind:
            case "state":
                return {"enum": list(self.options)}
            case "number":
                return {"type": "integer"}
            case "flag":
                return {"type": "boolean"}
            case "note":
                return {"type": ["string", "null"]}
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class Kindred:
    """A reference to another entity: the field, the entity, what happens when its row goes."""

    field: str
    to: str
    on_delete: str


@dataclass(frozen=True, slots=True)
class Thing:
    """An entity.

    Attributes:
        name: its name.
        plural: of many.
        form: of its keys.
        fields: besides key and references.
        kin: the references.
        rows: of the seed.
    """

    name: str
    plural: str
    form: str
    fields: tuple[Field, ...]
    kin: tuple[Kindred, ...]
    rows: tuple[dict[str, Any], ...]

    def of_kind(self, *kinds: Kind) -> list[Field]:
        """Its fields of some kinds."""
        return [field for field in self.fields if field.kind in kinds]

    @property
    def definition(self) -> dict[str, Any]:
        """As a pack declares it."""
        references = {kin.field: {"type": "string"} for kin in self.kin}
        properties = {"id": {"type": "string"}, **references, **{field.name: field.schema for field in self.fields}}
        return {
            "id": self.form,
            "schema": {"type": "object", "required": list(properties), "properties": properties},
            "references": {kin.field: {"to": kin.to, "on_delete": kin.on_delete} for kin in self.kin},
        }


def thing(chance: Random, words: Words, others: list[Thing]) -> Thing:
    """An entity that may refer to others."""
    name = words.thing()
    fields = tuple(_field(chance, words, first=number == 0) for number in range(chance.randint(2, 4)))
    kin = tuple(
        Kindred(_reference(chance, other.name), other.name, chance.choice(("restrict", "restrict", "cascade")))
        for other in others
        if chance.random() < 0.75
    )
    form = _form(chance, name)
    rows = []
    for number in range(1, chance.randint(2, 4) + 1):
        row: dict[str, Any] = {"id": form.format(n=number)}
        for one in kin:
            target = next(other for other in others if other.name == one.to)
            row[one.field] = chance.choice(target.rows)["id"]
        rows.append({**row, **{field.name: value(field, chance, words) for field in fields}})
    return Thing(name, f"{name}s", form, fields, kin, tuple(rows))


def value(field: Field, chance: Random, words: Words) -> Any:
    """A value of a field."""
    if field.kind == "note" and chance.random() < 0.3:
        return None
    draws: dict[Kind, Callable[[], Any]] = {
        "state": lambda: chance.choice(field.options),
        "number": lambda: chance.randint(0, 10 ** chance.randint(1, 4)),
        "flag": lambda: chance.random() < 0.5,
        "code": lambda: "".join(chance.choice("ABCDEFGHKLMNPRSTVXZ") for _ in "12") + str(chance.randint(10, 999)),
        "day": lambda: f"20{chance.randint(24, 39)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        "text": lambda: words.text(2),
        "note": lambda: words.text(4)[:50],
    }
    return draws[field.kind]()


def _field(chance: Random, words: Words, *, first: bool) -> Field:
    kinds, weights = zip(*_KINDS, strict=True)
    kind: Kind = "text" if first and chance.random() < 0.7 else chance.choices(kinds, weights)[0]
    options = tuple(words.states(chance.randint(2, 4))) if kind == "state" else ()
    return Field(words.feature(), kind, options)


def _reference(chance: Random, name: str) -> str:
    return chance.choice((f"{name}_id", f"{name}_id", name, f"of_{name}"))


def _form(chance: Random, name: str) -> str:
    """How keys look."""
    number = chance.choice(("{n}", "{n:02}", "{n:03}"))
    letters = "".join(chance.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(chance.randint(1, 3)))
    return chance.choice((f"{letters}-{number}", f"{letters}{number}", f"{name}_{number}", f"{name[:2]}-{number}"))
