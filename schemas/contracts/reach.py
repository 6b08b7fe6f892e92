"""Clauses that cannot hold together, or never come into play, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from schemas.contracts.automata import Alphabet, Rule, exclude, rules, satisfiable
from schemas.contracts.claims import conflicts
from schemas.contracts.clauses import AllOf
from schemas.contracts.conduct import Budget
from schemas.contracts.order import Exactly, Existence
from schemas.contracts.patterns import Common, meant
from schemas.contracts.wording import title
from schemas.document import Finding, Pointer
from schemas.types import World

Placed = tuple[Pointer, Common]


def contradictions(world: World, clauses: Sequence[Placed]) -> Iterator[Finding]:
    """What is wrong with clauses together: each is right, but no session can ever satisfy all of them."""
    flat = list(_all(clauses))
    yield from conflicts(world, flat)
    ordered = [(rules(index, clause), at, clause) for index, (at, clause) in enumerate(flat)]
    chosen = [rule for found, _, _ in ordered for rule in found]
    alphabet = Alphabet([pattern for rule in chosen for pattern in (rule.a, rule.b)], list(world.tools))
    yield from _budgets(world, flat)
    if not chosen or not alphabet.is_known:
        return
    core = _core(chosen, alphabet)
    if core:
        yield _told(flat, core)
        return
    for rule in chosen:
        if rule.machine.activates is not None and satisfiable(chosen, alphabet, rule) is False:
            yield _idle(flat, chosen, alphabet, rule)


def _all(clauses: Sequence[Placed]) -> Iterator[Placed]:
    """The clauses that have to hold one by one: those of `all_of` instead of it."""
    for at, clause in clauses:
        if isinstance(clause, AllOf):
            yield from _all([((*at, clause.verb, index), part) for index, part in enumerate(clause.parts)])
        else:
            yield at, clause


def _core(chosen: list[Rule], alphabet: Alphabet) -> list[Rule]:
    """As few of the rules as cannot be obeyed together; empty where all can, or nobody knows."""
    whole = satisfiable(chosen, alphabet)
    if whole is None:
        pairs = (pair for pair in combinations(chosen, 2) if satisfiable(pair, alphabet) is False)
        return list(next(pairs, ()))
    if whole:
        return []
    core = list(chosen)
    for rule in chosen:
        rest = [other for other in core if other is not rule]
        if satisfiable(rest, alphabet) is False:
            core = rest
    return core


def _told(flat: Sequence[Placed], core: list[Rule]) -> Finding:
    *others, last = sorted({rule.clause for rule in core})
    at, clause = flat[last]
    if not others:
        return Finding(at, f"no session can satisfy '{title(clause)}'")
    names = " and ".join(f"'{title(flat[index][1])}'" for index in others)
    return Finding(at, f"'{title(clause)}' contradicts {names}: no session can satisfy them together")


def _idle(flat: Sequence[Placed], chosen: list[Rule], alphabet: Alphabet, rule: Rule) -> Finding:
    at, clause = flat[rule.clause]
    reasons = [other for other in chosen if other is not rule]
    for other in list(reasons):
        rest = [kept for kept in reasons if kept is not other]
        if satisfiable([*rest, rule], alphabet, rule) is False:
            reasons = rest
    named = sorted({other.clause for other in reasons} - {rule.clause})
    why = " and ".join(f"'{title(flat[index][1])}'" for index in named)
    because = f": {why} keeps what it speaks of from happening" if why else " by itself"
    return Finding(at, f"'{title(clause)}' never comes into play{because}")


def _budgets(world: World, flat: Sequence[Placed]) -> Iterator[Finding]:
    """Budgets of fewer calls than other clauses demand where no call counts for two of them."""
    demanded: list[Existence | Exactly] = []
    for _, clause in flat:
        if isinstance(clause, Existence | Exactly) and not any(_overlap(world, clause, other) for other in demanded):
            demanded.append(clause)
    needed = sum(clause.n for clause in demanded)
    for at, clause in flat:
        if isinstance(clause, Budget) and clause.budget.calls is not None and clause.budget.calls < needed:
            names = " and ".join(f"'{title(other)}'" for other in demanded)
            place = (*at, "budget", "calls")
            yield Finding(place, f"{names} take {needed} calls, more than the {clause.budget.calls} of this budget")


def _overlap(world: World, one: Existence | Exactly, other: Existence | Exactly) -> bool:
    first, second = (getattr(clause, clause.verb) for clause in (one, other))
    shared = set(meant(first, world.tools)) & set(meant(second, world.tools))
    return bool(shared) and not exclude(first, second)
