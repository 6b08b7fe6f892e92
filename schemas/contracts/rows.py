"""Clauses over the rows: what is there in the end, and what changed on the way."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, Field, JsonValue

from schemas.contracts.patterns import Common, Pattern
from schemas.effects import Expr
from schemas.types import Op

Key = str | int
Count = Annotated[int, Field(ge=0)]


class RowsOf(Common):
    """Rows of an entity: by key, by equal fields, by a condition over `row`; all together."""

    key: Key | None = None
    match: dict[str, JsonValue] = Field(default={}, description="Fields that are equal; a list field contains it.")
    where: Expr | None = Field(default=None, description="A condition over `row`.")

    @property
    def entity(self) -> str:
        """Whose rows."""
        return str(getattr(self, self.verb))


class RowIs(RowsOf):
    """In the end there is such a row."""

    VERB = "row"
    row: str
    fields: dict[str, JsonValue] = Field(default={}, description="What its fields hold.")


class Unchanged(RowsOf):
    """The rows that were there at the start and are meant are the same in the end."""

    VERB = "unchanged"
    unchanged: str
    fields: tuple[str, ...] = Field(default=(), description="Only these fields; default: the whole row.")


class Absent(RowsOf):
    """In the end there is no such row."""

    VERB = "absent"
    absent: str


class HowMany(RowsOf):
    """In the end there are so many such rows."""

    VERB = "count"
    count: str
    exactly: Count | None = Field(
        default=None, validation_alias=AliasChoices("is", "exactly"), serialization_alias="is"
    )
    at_least: Count | None = None
    at_most: Count | None = None


class State(Common):
    """In the end this expression over all rows holds: `count("order", status="paid") == 3`."""

    VERB = "state"
    state: Expr


class Answer(Common):
    """What the agent said in the end satisfies this expression over `answer`; silence does not."""

    VERB = "answer"
    answer: Expr


class May(Common):
    """Changes that `nothing_else` allows besides those that other clauses ask for."""

    VERB = "may"
    may: str = Field(description="An entity, or `*` for every one.")
    op: Op | tuple[Op, ...] | None = Field(default=None, description="create, update, delete; default: all.")
    key: Key | None = None
    match: dict[str, JsonValue] = Field(default={}, description="Fields of the row, before or after, that are equal.")
    where: Expr | None = Field(default=None, description="A condition over `row` (null if deleted) and `before`.")
    fields: tuple[str, ...] = Field(default=(), description="Updates of these fields alone; default: of all.")
    by: Pattern | None = Field(default=None, description="Only what such a call changed.")


class NothingElse(Common):
    """What the session changed and no clause allows, compared from start to end; `ever`: also what was undone."""

    VERB = "nothing_else"
    nothing_else: Literal[True]
    ever: bool = False
