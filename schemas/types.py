"""The map: every noun of mcp-sim, in the order in which they meet.

What a user writes (`Pack`, `World`) is a frozen pydantic model. What a call produces (`Call`, `Observation`, `Change`,
`Draft`, `Step`) is a frozen dataclass with slots, because thousands of them are made each second.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal, Protocol

import orjson
from pydantic import AliasChoices, Field, JsonValue, field_validator, model_validator

from schemas.effects import WRITES, Definition, Delete, Effect, walk
from schemas.marks import Marks, marks
from schemas.perturbations import Perturbation, named
from schemas.profiles import known_profile, profile, profiles
from schemas.validate import Validator, part_validator, validator

Row = dict[str, Any]
Policy = Literal["restrict", "cascade", "set-null"]
PACK_NAME = r"^[a-z][a-z0-9-]{0,63}$"
TOOL_NAME = r"^[A-Za-z0-9_.-]{1,128}$"
ENTITY_NAME = r"^[a-z][a-z0-9_]{0,63}$"


class Reference(Definition):
    """A field, or a path such as `lines.product_id`, that holds keys of another entity."""

    to: str
    on_delete: Policy = "restrict"


class Entity(Definition):
    """One kind of row: its JSON Schema, key, references and constraints."""

    description: str = ""
    key: str = Field(default="id", description="The field that identifies a row.")
    id: str | None = Field(
        default=None,
        description="Pattern of minted keys: `{n}` counts, `{r}` is a random token; e.g. `T-{n:05}`.",
    )
    row: dict[str, JsonValue] = Field(validation_alias=AliasChoices("schema", "row"), serialization_alias="schema")
    references: dict[str, Reference] = Field(default_factory=dict)
    unique: tuple[tuple[str, ...], ...] = Field(default=(), description="Groups of fields that are unique together.")
    immutable: tuple[str, ...] = Field(default=(), description="Fields that never change after creation.")

    @property
    def properties(self) -> dict[str, Any]:
        """The fields of a row, each with its JSON Schema."""
        properties = self.row.get("properties", {})
        return properties if isinstance(properties, dict) else {}

    @cached_property
    def validator(self) -> Validator:
        """The compiled row schema."""
        return validator(self.row)

    @cached_property
    def blank(self) -> Row:
        """What a new row holds before it is given anything: defaults, and null where the schema allows it."""
        return {
            field: schema.get("default") if isinstance(schema, dict) else None
            for field, schema in self.properties.items()
            if field == self.key
            or (isinstance(schema, dict) and "default" in schema)
            or part_validator(schema, self.row).holds(None)
        }


class Annotations(Definition):
    """Hints for MCP clients; each defaults to what the effect shows."""

    title: str | None = None
    read_only: bool | None = None
    destructive: bool | None = None
    idempotent: bool | None = None
    open_world: bool | None = None


class Tool(Definition):
    """One MCP tool, and what it does."""

    name: str = Field(pattern=TOOL_NAME)
    title: str | None = None
    description: str = ""
    input_schema: dict[str, JsonValue] = Field(
        default={"type": "object", "properties": {}, "additionalProperties": False},
        validation_alias=AliasChoices("input", "input_schema"),
    )
    output_schema: dict[str, JsonValue] | None = Field(
        default=None, validation_alias=AliasChoices("output", "output_schema")
    )
    annotations: Annotations = Annotations()
    effect: Effect | None = Field(default=None, description="Left out: the world model or the synthesizer answers.")
    answered_by: Literal["effect", "worldmodel", "synthesize"] | None = Field(
        default=None, description="Who answers, if not the effect first and the world model where there is none."
    )

    @cached_property
    def arguments(self) -> Validator:
        """The compiled input schema."""
        return validator(self.input_schema)

    @cached_property
    def output(self) -> Validator | None:
        """The compiled output schema."""
        return None if self.output_schema is None else validator(self.output_schema)

    @cached_property
    def shown(self) -> Marks | None:
        """Where the output schema marks ids."""
        return marks(self.output_schema)

    @property
    def writes(self) -> bool:
        """Whether the effect may change rows."""
        return self.effect is not None and any(isinstance(step, WRITES) for step in walk(self.effect.steps))

    @property
    def deletes(self) -> bool:
        """Whether the effect may delete rows."""
        return self.effect is not None and any(isinstance(step, Delete) for step in walk(self.effect.steps))


class Pack(Definition):
    """A fictional API: its tools, its entities and its seed rows."""

    name: str = Field(pattern=PACK_NAME)
    title: str = ""
    description: str = ""
    entities: dict[str, Entity] = Field(default_factory=dict)
    tools: dict[str, Tool] = Field(default_factory=dict)
    seed: dict[str, tuple[Row, ...]] = Field(default_factory=dict)
    demonstrations: tuple[Demonstration, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _name_the_tools(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("tools"), dict):
            return data
        tools = {
            name: {"name": name, **tool} if isinstance(tool, dict) else tool for name, tool in data["tools"].items()
        }
        return {**data, "tools": tools}


class Clock(Definition):
    """Virtual time: where it starts and how far one call moves it."""

    start: datetime = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
    tick: float = Field(default=1.0, ge=0, description="Seconds that pass with each call.")

    @field_validator("start")
    @classmethod
    def _in_utc(cls, start: datetime) -> datetime:
        return (start if start.tzinfo else start.replace(tzinfo=UTC)).astimezone(UTC)


class Demonstration(Definition):
    """A recorded call with the answer that the real service gave; a world model imitates it."""

    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    observation: JsonValue = Field(description="The answer: JSON, or a text.")
    is_error: bool = False


class Example(Definition):
    """A first call worth trying, shown to people when a world starts."""

    tool: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    why: str = ""


class World(Definition):
    """A definition of a world: packs, lore, clock, seed and perturbations. Frozen and hashable."""

    name: str = Field(pattern=PACK_NAME)
    title: str = ""
    description: str = ""
    packs: tuple[Pack, ...] = Field(min_length=1)
    lore: str = Field(default="", description="What a world model should know; never shown to the agent.")
    hidden: str = Field(default="", description="What a world model knows and no answer may ever tell.")
    control: str = Field(default="", description="What a world model is told to do; never shown to the agent.")
    instructions: str = Field(default="", description="What an MCP client is told when it connects.")
    clock: Clock = Clock()
    seed: int = Field(default=0, ge=0, le=2**53)
    trust: float = Field(
        default=0.5, ge=0, le=1, description="Effects of less confidence leave the call to the world model."
    )
    examples: tuple[Example, ...] = ()
    perturbations: tuple[Perturbation, ...] = Field(default=(), description="What goes wrong in every session.")
    profile: str | None = Field(
        default=None,
        exclude=True,
        description=f"Perturbations that go together, behind those above: {', '.join(profiles())}.",
    )

    @model_validator(mode="before")
    @classmethod
    def _with_profile(cls, data: Any) -> Any:
        """The perturbations of the profile spelled out, and each with a name, so that a definition is complete."""
        if not isinstance(data, dict):
            return data
        given = data.get("perturbations", ())
        chosen = data.get("profile")
        if isinstance(chosen, str) and chosen in profiles() and isinstance(given, list | tuple):
            data = {**data, "profile": None}
            given = [*given, *profile(chosen).perturbations]
        return {**data, "perturbations": named(given)}

    @field_validator("profile")
    @classmethod
    def _known_profile(cls, name: str | None) -> str | None:
        return name if name is None else known_profile(name)

    @cached_property
    def entities(self) -> dict[str, Entity]:
        """Every entity of every pack, by name."""
        return {name: entity for pack in self.packs for name, entity in pack.entities.items()}

    @cached_property
    def tools(self) -> dict[str, Tool]:
        """Every tool of every pack, by name, in the order of the files."""
        return {name: tool for pack in self.packs for name, tool in pack.tools.items()}

    @cached_property
    def demonstrations(self) -> tuple[Demonstration, ...]:
        """Every demonstration of every pack."""
        return tuple(shown for pack in self.packs for shown in pack.demonstrations)

    @cached_property
    def rows(self) -> dict[str, tuple[Row, ...]]:
        """The seed rows of every pack, by entity."""
        return {name: rows for pack in self.packs for name, rows in pack.seed.items()}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the definition, the order of its fields included, because answers follow that order."""
        unused = None if self.perturbations else {"perturbations"}
        return hashlib.sha256(orjson.dumps(self.model_dump(mode="json", exclude=unused))).hexdigest()

    def __eq__(self, other: object) -> bool:
        # Not field by field: what is kept for a world is looked up by it, and it may hold a million rows.
        return self is other or (isinstance(other, World) and self.fingerprint == other.fingerprint)

    def __hash__(self) -> int:
        return hash(self.fingerprint)


@dataclass(frozen=True, slots=True)
class Call:
    """What the agent asked, exactly, and how many seconds it had waited since its last call."""

    tool: str
    arguments: dict[str, Any]
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Wire:
    """How an answer travels, where a perturbation has a say in it.

    Attributes:
        headers: of an HTTP response; over MCP they stand in `_meta`.
        notice: a second text, beside the answer.
        code: of the JSON-RPC error that stands for the result; its message is the text of the observation.
        media_type: what the text of the observation is, which then is all there is, and the body of a response.
    """

    headers: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    code: int | None = None
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the agent sees. `status` is for the REST face; MCP shows `is_error` alone."""

    text: str
    structured_content: Any = None
    is_error: bool = False
    status: int = 200
    wire: Wire | None = None


Op = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Change:
    """One row before and after. `before` is None for a create, `after` for a delete."""

    op: Op
    entity: str
    key: str
    before: Row | None
    after: Row | None

    def inverse(self) -> Change:
        """The change that undoes this one."""
        undone: dict[Op, Op] = {"create": "delete", "delete": "create", "update": "update"}
        op = undone[self.op]
        return Change(op, self.entity, self.key, self.after, self.before)


@dataclass(frozen=True, slots=True)
class StateDelta:
    """The changes of one step, cascades expanded, at most one per row."""

    changes: tuple[Change, ...] = ()

    def inverse(self) -> StateDelta:
        """The delta that undoes this one."""
        return StateDelta(tuple(change.inverse() for change in reversed(self.changes)))


class View(Protocol):
    """The read-only state that a Responder may see. Rows it hands out must not be mutated."""

    n: int
    """The number of the step that this call becomes."""
    now: str
    """Virtual time of this call, ISO 8601 in UTC."""
    seed: int
    """The seed of the session."""

    def get(self, entity: str, key: str) -> Row | None:
        """The row with this key, or None."""
        ...

    def exists(self, entity: str, key: str) -> bool:
        """Whether a row with this key exists."""
        ...

    def vouches_for(self, value: Any) -> bool:
        """Whether this very object is a committed row that the view handed out: all it refers to exists."""
        ...

    def query(self, entity: str, match: dict[str, Any] | None = None) -> list[Row]:
        """The rows whose fields equal `match` (a list field: contains it), in key order."""
        ...

    def stream(self, entity: str, match: dict[str, Any] | None = None, after: Any = None) -> Iterator[Row]:
        """The same rows one by one, from the first key behind `after`; costs what is taken."""
        ...

    def count(self, entity: str, match: dict[str, Any] | None = None) -> int:
        """How many rows match."""
        ...

    def referrers(self, entity: str, key: str) -> list[tuple[str, str, Row]]:
        """The rows that refer to this one, as (entity, path of the reference, row)."""
        ...

    def new_id(self, entity: str) -> Any:
        """A fresh key for this entity, never used before in this session."""
        ...

    def random(self, purpose: str) -> int:
        """A 64-bit number that depends on seed, step and purpose alone."""
        ...

    def recent(self, limit: int, tool: str | None = None) -> list[Step]:
        """The last steps before this call, oldest first; those of one tool, as far back as 500 steps."""
        ...

    def recall(self, prompt: str) -> Completion | None:
        """What a world model said when it was asked exactly this before."""
        ...

    def take_back_ids(self) -> None:
        """Forget the ids minted for a proposal that was turned down; the next one mints them again."""
        ...


Rule = Literal[
    "schema",
    "reference",
    "unique",
    "key",
    "immutable",
    "restrict",
    "before",
    "normal-form",
    "output",
    "unknown-id",
    "database",
    "unanswered",
    "unreadable",
    "out-of-role",
    "leak",
    "fault",
]
"""What a proposal can break. The last five are no rules of the rows: there was no answer, or none that could be read,
or not one of a service; it told what is hidden; the pack cannot carry it out."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken integrity rule: which one, where, and what to tell whoever caused it."""

    rule: Rule
    entity: str
    key: str
    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What a world model was asked, as the SHA-256 of the whole question, and its own words.

    `model` is its name and fingerprint; `cut_off`: it would have said more; `failure`: why it said nothing at all.
    """

    prompt: str
    said: str
    model: str
    cut_off: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal of a Responder: what to say and what to change."""

    observation: Observation
    delta: StateDelta = StateDelta()
    notes: tuple[str, ...] = ()
    completions: tuple[Completion, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A proposal that was turned down, and why. Its observation is empty where there was none to speak of."""

    responder: str
    draft: Draft
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Acted:
    """A perturbation that acted on a call: its name, its kind, what it did, and the virtual seconds that took."""

    name: str
    kind: str
    did: dict[str, Any]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One call, whole: what was asked, tried, answered and changed. Equal inputs give equal bytes.

    `perturbations` are those that acted, in their order. Where they changed the answer, `answer` is what the world
    said, and `observation` what the agent saw; a call that they refused has no answer, and `PERTURB` as its responder.
    """

    n: int
    at: str
    call: Call
    observation: Observation
    delta: StateDelta
    responder: str
    reason: str
    attempts: tuple[Attempt, ...] = ()
    notes: tuple[str, ...] = ()
    completions: tuple[Completion, ...] = ()
    perturbations: tuple[Acted, ...] = ()
    answer: Observation | None = None

    @property
    def undisturbed(self) -> Step | None:
        """The step as it would read without the perturbations that acted; None where they refused the call."""
        if self.responder == PERTURB:
            return None
        if not self.perturbations:
            return self
        arguments = self.call.arguments
        for acted in self.perturbations:
            if acted.kind == "batch":
                name, left_out = acted.did["argument"], acted.did["left_out"]
                kept = [entry for index, entry in enumerate(arguments[name]) if index not in left_out]
                arguments = {**arguments, name: kept}
        call, observation = replace(self.call, arguments=arguments), self.answer or self.observation
        return replace(self, call=call, observation=observation, perturbations=(), answer=None)


PERTURB = "perturb"
"""The responder of a step whose call a perturbation refused."""


@dataclass(frozen=True, slots=True)
class Regime:
    """The perturbations of a session that has others than its world, from the call after step `after` on."""

    after: int
    perturbations: tuple[Perturbation, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """A recorded session: the complete World, the seed it ran with, its own perturbations if any, and its Steps."""

    version: int
    world: World
    seed: int
    steps: tuple[Step, ...] = field(default=())
    regimes: tuple[Regime, ...] = ()


Outcome = Literal["held", "broken", "vacuous"]
"""What became of a clause; vacuous: it held because nothing happened that it speaks of."""
Blame = Literal["agent", "fault", "simulator"]


@dataclass(frozen=True, slots=True)
class Failure:
    """What the agent did wrong, in one sentence, and the numbers of the steps that show it."""

    message: str
    steps: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """What became of one clause.

    Attributes:
        clause: its name.
        verb: its kind, as in a file.
        severity: whether it fails the verdict (`must`) when it is broken, or is told only (`should`).
        outcome: what became of it.
        settled: whether no further call could have changed that.
        message: one sentence: where and why.
        steps: the numbers of the steps that decide it, a bounded number of them.
        failures: what is wrong, one by one, a bounded number of them.
        parts: the clauses that it puts together.
        why: the reason for the clause, as its author gave it.
    """

    clause: str
    verb: str
    severity: Literal["must", "should"]
    outcome: Outcome
    settled: bool
    message: str
    steps: tuple[int, ...] = ()
    failures: tuple[Failure, ...] = ()
    parts: tuple[ClauseResult, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A step that went wrong, or on which a perturbation acted, and whom that is owed to."""

    step: int
    tool: str
    status: int
    is_error: bool
    blame: Blame
    perturbations: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A session judged by a contract: passed if no `must` clause is broken; every clause, and the ledger of faults."""

    contract: str
    world: str
    seed: int
    steps: int
    passed: bool
    clauses: tuple[ClauseResult, ...]
    ledger: tuple[LedgerEntry, ...]

    @property
    def broken(self) -> tuple[ClauseResult, ...]:
        """The broken clauses that fail it."""
        return tuple(found for found in self.clauses if found.outcome == "broken" and found.severity == "must")

    @property
    def warnings(self) -> tuple[ClauseResult, ...]:
        """The broken clauses that do not."""
        return tuple(found for found in self.clauses if found.outcome == "broken" and found.severity == "should")
