"""The effect language: what a tool does, said declaratively, so that SQL alone can answer.

An effect is a list of *steps*, run in order inside one transaction, and a *result*. Two kinds of text appear in it:

* an **expression** (`Expr`) is a small, bounded subset of Python over JSON values: `args.limit or 20`,
  `ticket.status in ["open", "pending"]`, `sum([line.price * line.qty for line in order.lines])`;
* a **template** (`Template`) is JSON in which every string may hold `{expression}` parts. A string that is one whole
  `{expression}` keeps the type of its value; where that expression is an argument the caller did not give, the entry
  is left out.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag

Expr = Annotated[str, Field(description="An expression, e.g. `args.id`.")]
Template = Annotated[JsonValue, Field(description="JSON whose strings may hold `{expression}` parts.")]
Text = Annotated[str, Field(description="A text that may hold `{expression}` parts.")]


class Definition(BaseModel):
    """Base of everything a user writes in a file: frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class _Step(Definition):
    when: Expr | None = Field(default=None, description="Skip this step unless the expression holds.")


class Require(_Step):
    """A guard: unless the expression holds, the call ends with this error and changes nothing."""

    require: Expr
    error: Text
    status: int = Field(default=409, ge=400, le=599, description="Status on the REST face.")


class Read(_Step):
    """One row, by key or by equality of fields; a missing row ends the call unless `optional`."""

    read: str
    key: Expr | None = None
    match: dict[str, Template] = {}
    as_: str | None = Field(default=None, alias="as", description="Name of the result; default: the entity.")
    optional: bool = Field(default=False, description="Give null instead of an error when there is no such row.")
    missing: Text | None = Field(default=None, description="Error text when there is no such row.")


class Search(Definition):
    """Case-folded substring search."""

    fields: list[str]
    text: Expr


class List(_Step):
    """Rows of an entity: filtered, sorted, paged.

    The result holds `items`, `total` (matches before paging), `next` (cursor of the next page, or null).
    """

    list: str
    match: dict[str, Template] = Field(
        default={},
        description="Fields that must be equal. For a list field: must contain. Omitted arguments: no filter.",
    )
    where: Expr | None = Field(default=None, description="Further condition over `row`.")
    search: Search | None = None
    sort: Template = Field(default=None, description="Field, or list of fields; a leading `-` sorts descending.")
    limit: Expr | None = None
    offset: Expr | None = None
    cursor: Expr | None = Field(default=None, description="The `next` of an earlier page.")
    as_: str | None = Field(default=None, alias="as")


class Create(_Step):
    """A new row. Its key is minted unless `values` gives one."""

    create: str
    values: Template
    as_: str | None = Field(default=None, alias="as")


class Update(_Step):
    """Set fields of one row; the row must exist."""

    update: str
    key: Expr
    set: Template
    as_: str | None = Field(default=None, alias="as")
    missing: Text | None = None


class Delete(_Step):
    """Delete one row; delete policies of what refers to it apply."""

    delete: str
    key: Expr
    missing: Text | None = None
    restricted: Text | None = Field(
        default=None, description="Error text when rows still refer to it; `blocker` and `count` are in scope."
    )


class Link(_Step):
    """Add an id to a list of references, once."""

    link: str
    key: Expr
    field: str
    to: Expr
    as_: str | None = Field(default=None, alias="as")


class Unlink(_Step):
    """Remove an id from a list of references."""

    unlink: str
    key: Expr
    field: str
    to: Expr
    as_: str | None = Field(default=None, alias="as")


class Append(_Step):
    """Append an item to a list inside a row."""

    append: str
    key: Expr
    field: str
    value: Template
    as_: str | None = Field(default=None, alias="as")


class Edit(_Step):
    """Change or remove the items of a list inside a row for which `where` (over `item`) holds."""

    edit: str
    key: Expr
    field: str
    where: Expr
    set: Template = None
    remove: bool = False
    as_: str | None = Field(default=None, alias="as")


class ForEach(_Step):
    """Run steps once for each item of a list."""

    for_each: Expr
    as_: str = Field(default="item", alias="as")
    steps: list[Step]


class Compute(_Step):
    """Name values for later steps."""

    compute: dict[str, Template]


class Imagine(_Step):
    """A value that the world model makes up, or the synthesizer where there is none: content that no rule decides."""

    imagine: str = Field(pattern=r"^[A-Za-z_]\w*$", description="Name of the result.")
    form: dict[str, JsonValue] = Field(alias="schema", description="JSON Schema of the value.")
    about: Text = Field(default="", description="What the value is, for whoever makes it up.")


VERBS: dict[str, type[_Step]] = {
    "require": Require,
    "read": Read,
    "list": List,
    "create": Create,
    "update": Update,
    "delete": Delete,
    "link": Link,
    "unlink": Unlink,
    "append": Append,
    "edit": Edit,
    "for_each": ForEach,
    "compute": Compute,
    "imagine": Imagine,
}
WRITES = (Create, Update, Delete, Link, Unlink, Append, Edit)


def _verb(step: Any) -> str | None:
    if isinstance(step, dict):
        return next((verb for verb in VERBS if verb in step), None)
    return next((verb for verb, kind in VERBS.items() if isinstance(step, kind)), None)


Step = Annotated[
    Annotated[Require, Tag("require")]
    | Annotated[Read, Tag("read")]
    | Annotated[List, Tag("list")]
    | Annotated[Create, Tag("create")]
    | Annotated[Update, Tag("update")]
    | Annotated[Delete, Tag("delete")]
    | Annotated[Link, Tag("link")]
    | Annotated[Unlink, Tag("unlink")]
    | Annotated[Append, Tag("append")]
    | Annotated[Edit, Tag("edit")]
    | Annotated[ForEach, Tag("for_each")]
    | Annotated[Compute, Tag("compute")]
    | Annotated[Imagine, Tag("imagine")],
    Discriminator(
        _verb,
        custom_error_type="unknown_step",
        custom_error_message=f"a step needs one of the verbs {', '.join(VERBS)}",
    ),
]


class Http(Definition):
    """Where the tool stands on the REST face."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str = Field(pattern=r"^/", description="Path template; `{name}` parts are arguments of the tool.")
    status: int = Field(default=200, ge=200, le=299)
    body: Literal["json", "form"] | None = Field(
        default=None,
        description="What a body may be; `form` allows JSON too. Default: JSON for POST, PUT and PATCH, else no body.",
    )
    query: list[str] = Field(default=[], description="Arguments in the query string, though there is a body.")
    names: dict[str, str] = Field(
        default={}, description="What requests call arguments, where it is another name; '' is the whole body."
    )
    error: Template = Field(default=None, description="The JSON of an error, made of `message` and `status`.")
    invalid: int = Field(default=400, ge=400, le=499, description="The status where an argument is not valid.")


class Effect(Definition):
    """What a tool does: steps, then a result as JSON (`returns`), as text, or as both."""

    steps: list[Step] = []
    returns: Template = None
    text: Text | None = Field(default=None, description="The answer as text: instead of JSON, or beside `returns`.")
    http: Http | None = None
    confidence: float = Field(
        default=1.0, ge=0, le=1, description="The share of calls that it answers rightly, as far as was measured."
    )

    @property
    def is_text(self) -> bool:
        """Whether the answer is a text alone, and no JSON."""
        return self.text is not None and self.returns is None


ForEach.model_rebuild()


def walk(steps: list[Any]) -> list[Any]:
    """Every step, nested ones included, in order."""
    found: list[Any] = []
    for step in steps:
        found.append(step)
        if isinstance(step, ForEach):
            found.extend(walk(step.steps))
    return found
