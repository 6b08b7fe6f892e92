"""Perturbations: what goes wrong, where, and what the agent sees of it. A declaration; control is code.

A perturbation names one *kind* with its parameters, and *where* it acts. It wraps the whole call: it may refuse it
before anything happens, narrow it, delay it, or change the answer after the commit. It never touches the committed
world.

    - name: busy mornings
      rate_limit: {calls: 5, per: 60}
      where: {tool: "list_*", until: 2030-01-01T12:00:00Z}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, Literal, cast

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from pydantic_core import PydanticCustomError

from schemas.effects import Definition, Expr

Share = Annotated[float, Field(gt=0, le=1)]
Status = Annotated[int, Field(ge=400, le=599)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Moment = float | datetime
"""Seconds since the clock of the world started, or a time."""
Place = Annotated[str | None, Field(description="Path of a list in the answer, e.g. `items`; default: its only list.")]


class _Sparse(Definition):
    """Dumped without what was not given: what is added later changes no world that does not use it."""

    @model_serializer(mode="wrap")
    def _without_nothing(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: part for name, part in handler(self).items() if part is not None and part != ""}


class Event(Definition):
    """Something that has to have happened before."""

    tool: str = Field(description="A tool, or a pattern such as `create_*`.")
    times: int = Field(default=1, ge=1, description="How many calls of it.")
    outcome: Literal["any", "success", "error"] = Field(default="any", description="Which calls count: as answered.")


class Where(_Sparse):
    """Which calls a perturbation is for; all conditions together. Left out: every call of every tool."""

    tool: str | tuple[str, ...] = Field(default="*", description="Tools, by name or by a pattern such as `list_*`.")
    entity: str | None = Field(default=None, description="Only tools that read or write rows of this entity.")
    writes: bool | None = Field(default=None, description="true: only tools that change rows; false: only the others.")
    when: Expr | None = Field(default=None, description="A condition over `args`, e.g. `args.limit > 10`.")
    nth: int | tuple[int, ...] | None = Field(default=None, description="Only these of the calls meant so far, from 1.")
    every: int | None = Field(default=None, ge=1, description="Only every so manieth of the calls meant so far.")
    probability: float = Field(default=1.0, ge=0, le=1)
    from_: Moment | None = Field(
        default=None, alias="from", description="Not before: seconds since the start, or a time."
    )
    until: Moment | None = Field(default=None, description="Not from this moment on.")
    after: Event | None = Field(default=None, description="Not before this has happened.")
    times: int | None = Field(default=None, ge=1, description="At most so many times in a session.")

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The calls meant by `nth`."""
        return () if self.nth is None else self.nth if isinstance(self.nth, tuple) else (self.nth,)

    @cached_property
    def tools(self) -> tuple[str, ...]:
        """The names and patterns of tools."""
        return self.tool if isinstance(self.tool, tuple) else (self.tool,)

    @property
    def is_certain(self) -> bool:
        """Whether every call of its tools is meant, whatever happened before."""
        return self == Where(tool=self.tool, entity=self.entity, writes=self.writes)


class Latency(_Sparse):
    """The call takes longer: virtual time moves on, and real time too if asked for."""

    seconds: Seconds
    upto: Seconds | None = Field(default=None, description="Each call takes something between `seconds` and this.")
    real: bool = Field(default=False, description="Let the caller wait really.")


class Timeout(_Sparse):
    """No answer in time. After the commit the change stays, and the agent cannot know."""

    seconds: Seconds = 30.0
    after_commit: bool = False
    text: str | None = None
    real: bool = Field(default=False, description="Let the caller wait really.")


class Error(_Sparse):
    """The service fails before anything has happened."""

    status: Status = 500
    text: str | None = None
    retry_after: Seconds | None = None


class RateLimit(_Sparse):
    """So many calls in so many seconds of virtual time; the others are refused with 429 and when to come again."""

    calls: int = Field(ge=1)
    per: Seconds = Field(description="Seconds.")
    burst: int | None = Field(default=None, ge=1, description="Calls at once out of a full bucket; default: `calls`.")
    style: Literal["bucket", "window"] = Field(
        default="bucket", description="A bucket of tokens that fills steadily, or windows of time one after another."
    )
    text: str | None = None
    headers: bool = Field(default=True, description="Tell what is left with every answer.")


class Auth(_Sparse):
    """The credentials expire after some virtual time, until they are renewed."""

    lifetime: Seconds
    renewed_by: str | None = Field(default=None, description="The tool whose success renews them.")
    refusals: int = Field(default=1, ge=1, description="Without such a tool: refused calls until they are renewed.")
    text: str | None = None


class Permission(_Sparse):
    """The agent may not use the tool."""

    status: Status = 403
    text: str | None = None


class Unavailable(_Sparse):
    """The tool is out of order; or gone, although it is still listed."""

    status: Status = 503
    text: str | None = None
    retry_after: Seconds | None = None
    gone: bool = Field(default=False, description="Answer as to an unknown tool.")


class ProtocolError(_Sparse):
    """A JSON-RPC error where a result belongs."""

    code: int = Field(default=-32603, ge=-(2**31), lt=2**31)
    text: str = "Internal error"
    instead_of: Literal["call", "error"] = Field(
        default="call", description="Refuse the call with it, or let it stand for results that are errors."
    )


class Cancel(_Sparse):
    """The service gives the call up, before or after the commit."""

    after_commit: bool = False
    text: str = "The request was cancelled before it was completed."


class Batch(_Sparse):
    """A part of the entries of a list argument is not processed."""

    share: float = Field(default=0.5, gt=0, lt=1, description="About which share of the entries fails; at least one.")
    argument: str | None = Field(default=None, description="The list; default: the only one the effect works through.")
    labelled: bool = Field(default=True, description="Say in the answer which entries failed.")


class Page(_Sparse):
    """Pages are smaller than the agent asks for; all pages together are still the list."""

    items: int = Field(ge=1, description="Items of a page at most.")


class Stale(_Sparse):
    """A read answers from the past."""

    steps: int | None = Field(default=None, ge=1, description="As it was so many calls ago.")
    seconds: Seconds | None = Field(default=None, description="As it was so many seconds of virtual time ago.")

    @model_validator(mode="after")
    def _either(self) -> Stale:
        if (self.steps is None) == (self.seconds is None):
            raise PydanticCustomError("stale", "give either `steps` or `seconds`")
        return self


class Partial(_Sparse):
    """A list breaks off early."""

    keep: float = Field(default=0.5, ge=0, lt=1, description="Which share of the items is left; at least one goes.")
    list: Place = None
    labelled: bool = Field(default=True, description="Say so in the answer; else the count is lowered too.")


class Withhold(_Sparse):
    """Some items of a list, or some fields, are kept back, the same ones throughout a session."""

    where: Expr | None = Field(default=None, description="Which items, over `item` and `args`; default: all.")
    share: Share = Field(default=1.0, description="Which share of these.")
    fields: tuple[str, ...] = Field(default=(), description="Only these fields of them.")
    list: Place = None
    labelled: bool = Field(default=False, description="Say so in the answer.")


class Distract(_Sparse):
    """Records that do not exist stand among those that do."""

    records: int = Field(default=1, ge=1, le=100)
    list: Place = None


class Duplicate(_Sparse):
    """Some items of a list stand twice."""

    items: int = Field(default=1, ge=1, le=100)
    list: Place = None


class Reorder(_Sparse):
    """The items of a list come in another order."""

    how: Literal["shuffle", "reverse"] = "shuffle"
    list: Place = None


class Hostile(_Sparse):
    """Text in a field of the answer that tries to command the agent."""

    text: str | None = Field(default=None, description="What it says; default: one of a collection.")
    field: str | None = Field(default=None, description="Path of the field, e.g. `items.note`; default: any free text.")
    bait: str | None = Field(default=None, description="The tool that it asks to call; default: one that changes rows.")
    position: Literal["append", "replace"] = "append"


class Drift(_Sparse):
    """Fields of answers are renamed or missing; with `from` or `after`, from a moment on."""

    rename: dict[str, str] = Field(default={}, description="Old name to new. With no `drop` either: one is chosen.")
    drop: tuple[str, ...] = ()


class Format(_Sparse):
    """The answer comes in another form."""

    as_: Literal["envelope", "camel-case", "strings", "encoded", "yaml", "xml", "html"] = Field(alias="as")


class Malform(_Sparse):
    """The answer breaks the output schema of its tool."""

    how: Literal["missing", "type"] | None = Field(
        default=None, description="A required field is missing, or one has the wrong type; default: either."
    )


class Truncate(_Sparse):
    """The answer is cut off in the middle."""

    keep: float = Field(default=0.6, ge=0, lt=1, description="Which share of its text is left.")


Kind = (
    Latency
    | Auth
    | RateLimit
    | Permission
    | Unavailable
    | Error
    | ProtocolError
    | Timeout
    | Cancel
    | Batch
    | Page
    | Stale
    | Partial
    | Withhold
    | Distract
    | Duplicate
    | Reorder
    | Hostile
    | Drift
    | Format
    | Malform
    | Truncate
)

KINDS: tuple[str, ...] = (
    "latency",
    "auth",
    "rate_limit",
    "permission",
    "unavailable",
    "error",
    "protocol_error",
    "timeout",
    "cancel",
    "batch",
    "page",
    "stale",
    "partial",
    "withhold",
    "distract",
    "duplicate",
    "reorder",
    "hostile",
    "drift",
    "format",
    "malform",
    "truncate",
)
"""Every kind, in the order in which they act on one call."""


class Perturbation(_Sparse):
    """One thing that goes wrong: exactly one kind, where it acts, and a name for the ledger."""

    name: str = Field(
        default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9 _.-]{0,63})?$", description="Default: its kind, and a number."
    )
    where: Where = Where()
    optional: bool = Field(default=False, description="Say nothing where no tool of the world can be perturbed so.")
    latency: Latency | None = None
    auth: Auth | None = None
    rate_limit: RateLimit | None = None
    permission: Permission | None = None
    unavailable: Unavailable | None = None
    error: Error | None = None
    protocol_error: ProtocolError | None = None
    timeout: Timeout | None = None
    cancel: Cancel | None = None
    batch: Batch | None = None
    page: Page | None = None
    stale: Stale | None = None
    partial: Partial | None = None
    withhold: Withhold | None = None
    distract: Distract | None = None
    duplicate: Duplicate | None = None
    reorder: Reorder | None = None
    hostile: Hostile | None = None
    drift: Drift | None = None
    format: Format | None = None
    malform: Malform | None = None
    truncate: Truncate | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Perturbation:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            what = f"this one has {', '.join(given)}" if given else f"there are {', '.join(KINDS)}"
            raise PydanticCustomError("one_kind", "a perturbation has exactly one kind; {what}", {"what": what})
        return self

    @cached_property
    def kind(self) -> str:
        """What goes wrong, as one of `KINDS`."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @cached_property
    def spec(self) -> Kind:
        """The parameters of its kind."""
        return cast(Kind, getattr(self, self.kind))

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def refuses(self) -> bool:
        """Whether a call that it acts on is not carried out at all."""
        match self.spec:
            case ProtocolError(instead_of=instead):
                return instead == "call"
            case Timeout(after_commit=after) | Cancel(after_commit=after):
                return not after
            case Auth() | RateLimit() | Permission() | Unavailable() | Error():
                return True
        return False

    @property
    def silences(self) -> bool:
        """Whether the agent sees nothing of the answer to a call that it acts on."""
        return self.refuses or isinstance(self.spec, Timeout | Cancel)

    @cached_property
    def rank(self) -> tuple[int, int]:
        """When it acts on a call; those of equal rank act in the order in which they are declared.

        First what comes before the call is carried out, then what narrows it, then what loses its answer; then the
        changes to the answer; last what stands for errors.
        """
        if isinstance(self.spec, ProtocolError) and not self.refuses:
            phase = 4
        elif isinstance(self.spec, Latency) or self.refuses:
            phase = 0
        elif isinstance(self.spec, Batch):
            phase = 1
        else:
            phase = 2 if self.silences else 3
        return phase, KINDS.index(self.kind)


class Profile(Definition):
    """Perturbations that go together, and what they are like in one line."""

    about: str
    perturbations: tuple[Perturbation, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        return {**data, "perturbations": named(data.get("perturbations"))} if isinstance(data, dict) else data


def named(given: Any) -> Any:
    """Perturbations as they were written, each with a name: its own, or its kind with a number behind the first."""
    if not isinstance(given, list | tuple):
        return given
    taken = {name for item in given if (name := _name(item))}
    return [item if _name(item) else _with_name(item, taken) for item in given]


def _name(item: Any) -> Any:
    return item.get("name") if isinstance(item, dict) else getattr(item, "name", None)


def _with_name(item: Any, taken: set[Any]) -> Any:
    kinds: Iterable[str] = item if isinstance(item, Mapping) else [item.kind] if isinstance(item, Perturbation) else ()
    kind = next((kind for kind in KINDS if kind in kinds), None)
    if kind is None:
        return item
    name = kind.replace("_", "-")
    count = 1
    while (fresh := name if count == 1 else f"{name}-{count}") in taken:
        count += 1
    taken.add(fresh)
    return item.model_copy(update={"name": fresh}) if isinstance(item, Perturbation) else {**item, "name": fresh}
