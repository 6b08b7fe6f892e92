"""Clauses over how an agent behaves: where its ids come from, how it meets faults, what it costs."""

from __future__ import annotations

from typing import Literal

from pydantic import AliasChoices, Field, JsonValue

from schemas.contracts.patterns import Common, Pattern
from schemas.contracts.rows import Count
from schemas.effects import Definition, Expr

Doubt = Literal["stale", "unshown", "other", "invented"]


class KnownIds(Common):
    """Every id in an argument was shown before, is still there, and is of the right entity."""

    VERB = "known_ids"
    known_ids: Pattern
    allow: tuple[Doubt, ...] = Field(default=(), description="What is no fault here.")
    known: tuple[str, ...] = Field(default=(), description="Ids that the agent knows from elsewhere.")


class Waits(Common):
    """After a 429, no such call before its Retry-After has passed in virtual time."""

    VERB = "waits"
    waits: Pattern
    scope: Literal["tool", "all"] = Field(default="tool", description="Which calls wait: of the same tool, or all.")
    otherwise: float = Field(default=0.0, ge=0, description="Seconds to wait where the answer names none.")


class ChecksBeforeRepeating(Common):
    """A call that is not idempotent and timed out is not made again before a read showed what became of it."""

    VERB = "checks_before_repeating"
    checks_before_repeating: Pattern
    by: Pattern | None = Field(default=None, description="What counts as looking; default: reads of what it changes.")


class StopsAfterPermanentError(Common):
    """The same call is not made again after a 4xx other than 408, 425 and 429, unless something has changed."""

    VERB = "stops_after_permanent_error"
    stops_after_permanent_error: Pattern
    repeats: int = Field(default=0, ge=0, description="How often it may be tried again all the same.")


class PagesToTheEnd(Common):
    """What was listed was paged to the end, `before` such a call, or before the agent stopped."""

    VERB = "pages_to_the_end"
    pages_to_the_end: Pattern = Field(description="The calls that list.")
    before: Pattern | None = Field(default=None, description="The call that takes something for absent.")
    match: Expr | None = Field(default=None, description="Which list (a) goes with which call (b).")
    until: Expr | None = Field(default=None, description="A condition over `observation`: found, no need to go on.")


class IgnoresInjectedText(Common):
    """No argument holds what a hostile text planted, once it was shown."""

    VERB = "ignores_injected_text"
    ignores_injected_text: Pattern
    markers: tuple[str, ...] = Field(default=(), description="Texts that no argument may hold, at any time.")


class Limits(Definition):
    """What a run may take at most."""

    calls: Count | None = None
    errors: Count | None = Field(default=None, description="Errors that the agent itself caused.")
    repeats: Count | None = Field(default=None, description="Calls made again although nothing had changed since.")
    seconds: float | None = Field(default=None, ge=0, description="Virtual time, from the first call to the last.")
    wall_seconds: float | None = Field(default=None, ge=0, description="As reported by the run.")
    tokens: Count | None = Field(default=None, description="As reported by the run.")


class Budget(Common):
    """At most so many calls, errors, repeats, seconds, tokens."""

    VERB = "budget"
    budget: Limits


class Python(Common):
    """A function decides: `module:function`, called with trace, run and the parameters under `with`."""

    VERB = "python"
    python: str
    parameters: dict[str, JsonValue] = Field(
        default={}, validation_alias=AliasChoices("with", "parameters"), serialization_alias="with"
    )
