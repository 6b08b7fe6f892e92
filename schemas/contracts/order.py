"""Clauses over the order of calls: the vocabulary of DECLARE.

A trace is complete when it is judged: what has not come by its last call, did not come. A call is never its own
partner, so `response` wants *another* call; with patterns that no call fits at once, that is DECLARE to the letter.
"""

from __future__ import annotations

from pydantic import Field

from schemas.contracts.patterns import Common, Pair, Pattern
from schemas.effects import Expr


class Existence(Common):
    """At least `n` such calls."""

    VERB = "existence"
    existence: Pattern
    n: int = Field(default=1, ge=1)


class Absence(Common):
    """Fewer than `n` such calls."""

    VERB = "absence"
    absence: Pattern
    n: int = Field(default=1, ge=1)


class Exactly(Common):
    """Exactly `n` such calls."""

    VERB = "exactly"
    exactly: Pattern
    n: int = Field(default=1, ge=1)


class Init(Common):
    """The first call is such a call."""

    VERB = "init"
    init: Pattern


class End(Common):
    """The last call is such a call."""

    VERB = "end"
    end: Pattern


class Between(Common):
    """Two patterns of calls, a and b, and which call of one goes with which of the other."""

    match: Expr | None = Field(default=None, description="Which a goes with which b: `a.args.id == b.args.id`.")

    @property
    def pair(self) -> Pair:
        """The patterns a and b."""
        found: Pair = getattr(self, self.verb)
        return found


class Choice(Common):
    """At least one call of either pattern."""

    VERB = "choice"
    choice: Pair


class ExclusiveChoice(Common):
    """Calls of one of the patterns, and none of the other."""

    VERB = "exclusive_choice"
    exclusive_choice: Pair


class RespondedExistence(Between):
    """With every a, there is a b, before or after."""

    VERB = "responded_existence"
    responded_existence: Pair


class Coexistence(Between):
    """With every a there is a b, and with every b an a."""

    VERB = "coexistence"
    coexistence: Pair


class Response(Between):
    """After every a comes a b."""

    VERB = "response"
    response: Pair


class Precedence(Between):
    """Before every b came an a."""

    VERB = "precedence"
    precedence: Pair


class Succession(Between):
    """Response and precedence."""

    VERB = "succession"
    succession: Pair


class AlternateResponse(Between):
    """After every a comes a b, and no other a between them."""

    VERB = "alternate_response"
    alternate_response: Pair


class AlternatePrecedence(Between):
    """Before every b came an a, and no other b between them."""

    VERB = "alternate_precedence"
    alternate_precedence: Pair


class AlternateSuccession(Between):
    """Alternate response and alternate precedence."""

    VERB = "alternate_succession"
    alternate_succession: Pair


class ChainResponse(Between):
    """Right after every a comes a b."""

    VERB = "chain_response"
    chain_response: Pair


class ChainPrecedence(Between):
    """Right before every b came an a."""

    VERB = "chain_precedence"
    chain_precedence: Pair


class ChainSuccession(Between):
    """Chain response and chain precedence."""

    VERB = "chain_succession"
    chain_succession: Pair


class NotCoexistence(Between):
    """No a where there is a b."""

    VERB = "not_coexistence"
    not_coexistence: Pair


class NotSuccession(Between):
    """No b after an a."""

    VERB = "not_succession"
    not_succession: Pair


class NotChainSuccession(Between):
    """No b right after an a."""

    VERB = "not_chain_succession"
    not_chain_succession: Pair
