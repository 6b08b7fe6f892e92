"""What the control API reads and says."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel
from pydantic_core import PydanticCustomError

from mcp_sim.http.operation import is_routed
from mcp_sim.http.request import MCP_PATH, REST_PATH
from mcp_sim.sessions import SESSION_ID, SNAPSHOT, SessionInfo
from schemas.canonical import canonical
from schemas.profiles import profiles
from schemas.types import Change, Op, World


def _whole(value: Any) -> Any:
    """JSON Schema counts 7.0 as an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _moment(value: Any) -> Any:
    value = _whole(value)
    if isinstance(value, str) or (type(value) is int and value >= 0):
        return value
    raise PydanticCustomError("moment", "must be the number of a step, 0 or more, or the name of a snapshot")


Number = Annotated[int, Field(ge=0), BeforeValidator(_whole)]
# The sessions say better than a pattern what is wrong with a name.
SessionName = Annotated[str, Field(json_schema_extra={"pattern": f"^{SESSION_ID.pattern}$"})]
ProfileName = Annotated[str, Field(examples=list(profiles()))]
Spelled = list[dict[str, Any]]
"""Perturbations as they are written in a file."""
SnapshotName = Annotated[str, Field(json_schema_extra={"pattern": f"^{SNAPSHOT.pattern}$"})]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Query(BaseModel):
    """Parameters of a query string: all text, and absent instead of null."""

    model_config = ConfigDict(extra="forbid")


class Nothing(_Query):
    """The parameters of an operation that has none."""


class NewSession(_Model):
    """What to make a session of."""

    world: str = Field(description="The name of a world; `GET /control/worlds` lists them.")
    seed: Annotated[int | None, BeforeValidator(_whole)] = Field(
        default=None, ge=0, le=2**53, description="Default: the seed of the world."
    )
    id: SessionName | None = Field(default=None, description="Default: one is made up.")
    profile: ProfileName | None = Field(default=None, description="Perturbations that go together.")
    perturbations: Spelled | None = Field(default=None, description="Default, without a profile: those of the world.")


class Perturbing(_Model):
    """What may go wrong in a session from its next call on."""

    profile: ProfileName | None = Field(default=None, description="Perturbations that go together.")
    perturbations: Spelled = Field(default=[], description="Each as in the file of a world.")


class Perturbations(_Model):
    """What may go wrong in a session, in the words of a world file."""

    perturbations: Spelled


class Branching(_Model):
    """Where a new session goes on from another."""

    at: Number | None = Field(default=None, description="The step to go on from; default: the last.")
    id: SessionName | None = Field(default=None, description="Default: one is made up.")

    without: list[str] = Field(default=[], description="Names of perturbations that it does not have from there on.")


class Rewinding(_Model):
    """Where to go back to."""

    to: Annotated[Number | SnapshotName, BeforeValidator(_moment)] = Field(
        description="The number of a step, 0 being the seed rows, or the name of a snapshot."
    )


class NewSnapshot(_Model):
    """What to call the present moment."""

    name: SnapshotName = Field(description="A name used before moves here.")


class SnapshotView(_Model):
    """A named moment."""

    name: str
    step: int = Field(description="The last step before it.")


class SnapshotList(_Model):
    """The named moments of a session, oldest first."""

    snapshots: list[SnapshotView]


class Moment(_Query):
    """Which moment of the past to show."""

    at: int | None = Field(default=None, ge=0, description="As of this step; default: the last.")


class Span(_Query):
    """Two moments."""

    start: int = Field(alias="from", ge=0, description="A step; 0 stands for the seed rows.")
    end: int = Field(alias="to", ge=0, description="Another one; it may come before the first.")


class ChangeView(_Model):
    """One row before and after; null where it does not exist."""

    op: Op
    entity: str
    key: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    fields: list[str] = Field(description="The fields that differ.")

    @classmethod
    def of(cls, change: Change) -> ChangeView:
        """The change, and which fields it touches."""
        before, after = change.before or {}, change.after or {}
        fields = [name for name in before | after if canonical([before.get(name)]) != canonical([after.get(name)])]
        return cls(
            op=change.op, entity=change.entity, key=change.key, before=change.before, after=change.after, fields=fields
        )


class Difference(_Model):
    """What turns the rows as of one step into those as of another: one change per row."""

    changes: list[ChangeView]


class Storage(_Model):
    """How much room the database takes, and what bounds it."""

    used_bytes: int = Field(description="Room that deleted rows have left free in a SQLite file does not count.")
    keep_days: float | None = Field(description="Sessions unused for longer are deleted; null: never.")
    max_disk_mb: float | None = Field(description="Beyond this the sessions longest unused are deleted; null: never.")


class Sizes(RootModel[dict[str, int]]):
    """About how many bytes go when a session goes, by id: what it shares with a branch stays with that."""


class SessionView(_Model):
    """A running world."""

    id: str
    world: str
    seed: int
    steps: int = Field(description="How many calls it has answered.")
    created: str = Field(description="ISO 8601, in UTC.")
    last_used: str = Field(description="ISO 8601, in UTC, to the minute.")
    mcp: str = Field(description="The address for MCP clients.")
    api: str | None = Field(
        description="The address of the REST face; `openapi.json` there describes it. Null: its tools have no routes."
    )

    @classmethod
    def of(cls, info: SessionInfo, world: World, base_url: str) -> SessionView:
        """The session as it is reached from `base_url`."""
        mcp, api = (base_url + path.format(session=info.id) for path in (MCP_PATH, REST_PATH))
        return cls(**asdict(info), mcp=mcp, api=api if is_routed(world) else None)


class SessionList(_Model):
    """Every session, oldest first."""

    sessions: list[SessionView]


class WorldView(_Model):
    """A world that sessions can be made of."""

    name: str
    title: str
    description: str
    tools: list[str]
    entities: list[str]

    @classmethod
    def of(cls, world: World) -> WorldView:
        """The world, without its rows."""
        return cls(
            name=world.name,
            title=world.title,
            description=world.description,
            tools=list(world.tools),
            entities=list(world.entities),
        )


class WorldList(_Model):
    """Every world."""

    worlds: list[WorldView]


class State(RootModel[dict[str, list[dict[str, Any]]]]):
    """The rows of a session, by entity, in key order."""


class Rows(RootModel[list[dict[str, Any]]]):
    """The rows of one entity, in key order."""


class Health(_Model):
    """The server answers."""

    status: Literal["ok"]
    version: str


class Document(RootModel[dict[str, Any]]):
    """An OpenAPI document."""
