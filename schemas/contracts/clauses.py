"""The contract language: what an agent must, must not and may do, over its calls and the rows it leaves.

Each clause has one verb: what the rows are in the end (`row`, `absent`, `count` ...), in which order calls come
(`response`, `precedence` ...), how the agent behaves (`known_ids`, `waits`, `budget` ...), or clauses put together
(`any_of`, `all_of`, `not`). Conditions are expressions of the effect language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import AliasChoices, Discriminator, Field, Tag

from schemas.contracts.conduct import (
    Budget,
    ChecksBeforeRepeating,
    IgnoresInjectedText,
    KnownIds,
    PagesToTheEnd,
    Python,
    StopsAfterPermanentError,
    Waits,
)
from schemas.contracts.order import (
    Absence,
    AlternatePrecedence,
    AlternateResponse,
    AlternateSuccession,
    ChainPrecedence,
    ChainResponse,
    ChainSuccession,
    Choice,
    Coexistence,
    End,
    Exactly,
    ExclusiveChoice,
    Existence,
    Init,
    NotChainSuccession,
    NotCoexistence,
    NotSuccession,
    Precedence,
    RespondedExistence,
    Response,
    Succession,
)
from schemas.contracts.patterns import Common
from schemas.contracts.rows import (
    Absent,
    Answer,
    HowMany,
    May,
    NothingElse,
    RowIs,
    State,
    Unchanged,
)


class AnyOf(Common):
    """At least one of these clauses holds."""

    VERB = "any_of"
    any_of: tuple[Clause, ...] = Field(min_length=1)

    @property
    def parts(self) -> tuple[Clause, ...]:
        """The clauses put together."""
        return self.any_of


class AllOf(Common):
    """All of these clauses hold."""

    VERB = "all_of"
    all_of: tuple[Clause, ...] = Field(min_length=1)

    @property
    def parts(self) -> tuple[Clause, ...]:
        """The clauses put together."""
        return self.all_of


class Not(Common):
    """This clause does not hold."""

    VERB = "not"
    clause: Clause = Field(validation_alias=AliasChoices("not", "clause"), serialization_alias="not")

    @property
    def parts(self) -> tuple[Clause, ...]:
        """The clause turned round."""
        return (self.clause,)


KINDS: tuple[type[Common], ...] = (
    RowIs, Unchanged, Absent, HowMany, State, Answer, May, NothingElse,
    Existence, Absence, Exactly, Init, End, Choice, ExclusiveChoice,
    RespondedExistence, Coexistence, Response, Precedence, Succession,
    AlternateResponse, AlternatePrecedence, AlternateSuccession,
    ChainResponse, ChainPrecedence, ChainSuccession,
    NotCoexistence, NotSuccession, NotChainSuccession,
    KnownIds, Waits, ChecksBeforeRepeating, StopsAfterPermanentError, PagesToTheEnd, IgnoresInjectedText,
    Budget, Python, AnyOf, AllOf, Not,
)  # fmt: skip
VERBS: dict[str, type[Common]] = {kind.VERB: kind for kind in KINDS}


def _verb(clause: Any) -> str | None:
    if isinstance(clause, dict):
        return next((verb for verb in VERBS if verb in clause), None)
    return clause.verb if isinstance(clause, Common) else None


Clause = Annotated[
    Annotated[RowIs, Tag("row")]
    | Annotated[Unchanged, Tag("unchanged")]
    | Annotated[Absent, Tag("absent")]
    | Annotated[HowMany, Tag("count")]
    | Annotated[State, Tag("state")]
    | Annotated[Answer, Tag("answer")]
    | Annotated[May, Tag("may")]
    | Annotated[NothingElse, Tag("nothing_else")]
    | Annotated[Existence, Tag("existence")]
    | Annotated[Absence, Tag("absence")]
    | Annotated[Exactly, Tag("exactly")]
    | Annotated[Init, Tag("init")]
    | Annotated[End, Tag("end")]
    | Annotated[Choice, Tag("choice")]
    | Annotated[ExclusiveChoice, Tag("exclusive_choice")]
    | Annotated[RespondedExistence, Tag("responded_existence")]
    | Annotated[Coexistence, Tag("coexistence")]
    | Annotated[Response, Tag("response")]
    | Annotated[Precedence, Tag("precedence")]
    | Annotated[Succession, Tag("succession")]
    | Annotated[AlternateResponse, Tag("alternate_response")]
    | Annotated[AlternatePrecedence, Tag("alternate_precedence")]
    | Annotated[AlternateSuccession, Tag("alternate_succession")]
    | Annotated[ChainResponse, Tag("chain_response")]
    | Annotated[ChainPrecedence, Tag("chain_precedence")]
    | Annotated[ChainSuccession, Tag("chain_succession")]
    | Annotated[NotCoexistence, Tag("not_coexistence")]
    | Annotated[NotSuccession, Tag("not_succession")]
    | Annotated[NotChainSuccession, Tag("not_chain_succession")]
    | Annotated[KnownIds, Tag("known_ids")]
    | Annotated[Waits, Tag("waits")]
    | Annotated[ChecksBeforeRepeating, Tag("checks_before_repeating")]
    | Annotated[StopsAfterPermanentError, Tag("stops_after_permanent_error")]
    | Annotated[PagesToTheEnd, Tag("pages_to_the_end")]
    | Annotated[IgnoresInjectedText, Tag("ignores_injected_text")]
    | Annotated[Budget, Tag("budget")]
    | Annotated[Python, Tag("python")]
    | Annotated[AnyOf, Tag("any_of")]
    | Annotated[AllOf, Tag("all_of")]
    | Annotated[Not, Tag("not")],
    Discriminator(
        _verb,
        custom_error_type="unknown_clause",
        custom_error_message="a clause needs one of the verbs {known}",
        custom_error_context={"known": ", ".join(VERBS)},
    ),
]
for _kind in (AnyOf, AllOf, Not):
    _kind.model_rebuild()


def leaves(clauses: Iterable[Common]) -> Iterator[Common]:
    """The clauses that are put together of no others, in order; those under `not` left out."""
    for clause in clauses:
        if clause.parts:
            yield from () if isinstance(clause, Not) else leaves(clause.parts)
        else:
            yield clause
