"""Clauses over the order of calls as automata, to tell whether they can hold together.

What goes with what (`match`) is left out: where a clause demands something, the automaton demands it of any two calls;
where it forbids something of two calls that go together, there is none. So a contradiction that is found is one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, product
from typing import Any, NamedTuple

from schemas.contracts.order import (
    Absence,
    AlternatePrecedence,
    AlternateResponse,
    AlternateSuccession,
    Between,
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
from schemas.contracts.patterns import Common, Pattern, meant

State = Any
_DEAD = None
_MOVES = 20_000
"""How far a search goes before it gives up; what it has not found by then is not told."""
_CONDITIONS = 8
"""Patterns with conditions that one tool may have before nothing is told."""


class Machine(NamedTuple):
    """A constraint over two kinds of events, a and b; the state None is beyond repair."""

    start: State
    step: Callable[[State, bool, bool], State]
    accepts: Callable[[State], bool] = lambda _: True
    activates: Callable[[bool, bool], bool] | None = None


def _first(a: bool, _b: bool) -> bool:
    return a


def _second(_a: bool, b: bool) -> bool:
    return b


def _either(a: bool, b: bool) -> bool:
    return a or b


def _not(state: State) -> bool:
    return not state


def _together(state: State, a: bool, b: bool) -> State:
    """(any a, how many b up to two, whether the only b is an a as well): a call is never its own partner."""
    any_a, many, alone = state
    return any_a or a, min(many + b, 2), (alone or (b and a)) and many + b < 2


def _are_together(state: State) -> bool:
    any_a, many, alone = state
    return not any_a or (many > 0 and not alone)


def _apart(state: State, a: bool, b: bool) -> State:
    """(how many a, how many b, whether one call is both), each up to two."""
    many_a, many_b, both = state
    many_a, many_b, both = min(many_a + a, 2), min(many_b + b, 2), both or (a and b)
    fine = not many_a or not many_b or (many_a == many_b == 1 and both)
    return (many_a, many_b, both) if fine else _DEAD


_TOGETHER = Machine((False, 0, False), _together, _are_together, _first)
_RESPONSE = Machine(False, lambda waits, a, b: a or (waits and not b), _not, _first)
_PRECEDENCE = Machine(False, lambda seen, a, b: _DEAD if b and not seen else seen or a, activates=_second)
_ALTERNATE_RESPONSE = Machine(
    False, lambda waits, a, b: _DEAD if a and waits and not b else a or (waits and not b), _not, _first
)
_ALTERNATE_PRECEDENCE = Machine(
    False, lambda ready, a, b: _DEAD if b and not ready else a or (ready and not b), activates=_second
)
_CHAIN_RESPONSE = Machine(False, lambda due, a, b: _DEAD if due and not b else a, _not, _first)
_CHAIN_PRECEDENCE = Machine(False, lambda last, a, b: _DEAD if b and not last else a, activates=_second)
_NEVER_TOGETHER = Machine((0, 0, False), _apart, activates=_either)
_NEVER_AFTER = Machine(False, lambda seen, a, b: _DEAD if b and seen else seen or a, activates=_first)
_NEVER_NEXT = Machine(False, lambda last, a, b: _DEAD if b and last else a, activates=_first)

_BETWEEN: dict[type[Between], tuple[Machine, ...]] = {
    RespondedExistence: (_TOGETHER,),
    Response: (_RESPONSE,),
    Precedence: (_PRECEDENCE,),
    Succession: (_RESPONSE, _PRECEDENCE),
    AlternateResponse: (_ALTERNATE_RESPONSE,),
    AlternatePrecedence: (_ALTERNATE_PRECEDENCE,),
    AlternateSuccession: (_ALTERNATE_RESPONSE, _ALTERNATE_PRECEDENCE),
    ChainResponse: (_CHAIN_RESPONSE,),
    ChainPrecedence: (_CHAIN_PRECEDENCE,),
    ChainSuccession: (_CHAIN_RESPONSE, _CHAIN_PRECEDENCE),
    NotCoexistence: (_NEVER_TOGETHER,),
    NotSuccession: (_NEVER_AFTER,),
    NotChainSuccession: (_NEVER_NEXT,),
}
_CORRELATED = {_ALTERNATE_RESPONSE: _RESPONSE, _ALTERNATE_PRECEDENCE: _PRECEDENCE}
_FORBIDDING = (NotCoexistence, NotSuccession, NotChainSuccession)


@dataclass(frozen=True)
class Rule:
    """A machine with the patterns of its two events, and the clause it comes from."""

    clause: int
    machine: Machine
    a: Pattern
    b: Pattern


def rules(index: int, clause: Common) -> list[Rule]:
    """The automata of a clause; none for a clause that does not speak of order."""
    match clause:
        case Existence(existence=pattern, n=n):
            machine = Machine(0, lambda seen, a, _: min(seen + a, n), lambda seen: seen == n)
        case Absence(absence=pattern, n=n):
            machine = Machine(0, lambda seen, a, _: _DEAD if seen + a >= n else seen + a)
        case Exactly(exactly=pattern, n=n):
            machine = Machine(
                0,
                lambda seen, a, _: _DEAD if seen + a > n else seen + a,
                lambda seen: seen == n,
            )
        case Init(init=pattern):
            machine = Machine("", lambda begun, a, _: begun or ("begun" if a else _DEAD), bool)
        case End(end=pattern):
            machine = Machine(False, lambda _, a, __: a, bool)
        case Choice(choice=pair):
            return [Rule(index, Machine(False, lambda seen, a, b: seen or a or b, bool), *pair)]
        case ExclusiveChoice(exclusive_choice=pair):
            return [Rule(index, Machine("", _exclusive, bool), *pair)]
        case Coexistence(pair=(a, b)):
            return [Rule(index, _TOGETHER, a, b), Rule(index, _TOGETHER, b, a)]
        case Between(pair=pair, match=None):
            return [Rule(index, machine, *pair) for machine in _BETWEEN[type(clause)]]
        case Between(pair=pair) if not isinstance(clause, _FORBIDDING):
            return [Rule(index, _CORRELATED.get(machine, machine), *pair) for machine in _BETWEEN[type(clause)]]
        case _:
            return []
    return [Rule(index, machine, pattern, pattern)]


def _exclusive(seen: State, a: bool, b: bool) -> State:
    if not (a or b):
        return seen
    now = "both" if a and b else "a" if a else "b"
    return now if now != "both" and seen in ("", now) else _DEAD


class Alphabet:
    """The kinds of calls that patterns tell apart, as tuples of whether each pattern is fitted; None if too many."""

    def __init__(self, patterns: Sequence[Pattern], tools: Sequence[str]) -> None:
        self.patterns = list(dict.fromkeys(map(_key, patterns)))
        by_key = {_key(pattern): pattern for pattern in patterns}
        self._all = [by_key[key] for key in self.patterns]
        covered = [set(meant(pattern, tools)) for pattern in self._all]
        kinds: set[tuple[bool, ...]] = set()
        self.is_known = True
        for group in {tuple(tool in names for names in covered) for tool in tools}:
            free = [i for i, inside in enumerate(group) if inside and _is_conditional(self._all[i])]
            if len(free) > _CONDITIONS:
                self.is_known = False
                return
            for chosen in product((False, True), repeat=len(free)):
                held = list(group)
                for i, value in zip(free, chosen, strict=True):
                    held[i] = value
                if self._is_possible(free, held):
                    kinds.add(tuple(held))
        self.kinds = sorted(kinds)

    def place(self, pattern: Pattern) -> int:
        """Where a pattern stands in each kind."""
        return self.patterns.index(_key(pattern))

    def _is_possible(self, free: list[int], held: list[bool]) -> bool:
        true = [self._all[i] for i in free if held[i]]
        if any(exclude(one, other) for one in true for other in true):
            return False
        return not any(implies(one, self._all[i]) for one in true for i in free if not held[i])


def _key(pattern: Pattern) -> str:
    return pattern.model_dump_json()


def _is_conditional(pattern: Pattern) -> bool:
    return bool(pattern.args) or pattern.where is not None or pattern.ok is not None


def implies(one: Pattern, other: Pattern) -> bool:
    """Whether the conditions of a pattern, tools aside, hold wherever those of another do."""
    return (
        all(name in one.args and one.args[name] == value for name, value in other.args.items())
        and other.where in (None, one.where)
        and other.ok in (None, one.ok)
    )


def exclude(one: Pattern, other: Pattern) -> bool:
    """Whether no call fits both patterns, as their plain conditions show."""
    different = any(name in other.args and other.args[name] != value for name, value in one.args.items())
    return different or {one.ok, other.ok} == {True, False}


def satisfiable(chosen: Sequence[Rule], alphabet: Alphabet, activate: Rule | None = None) -> bool | None:
    """Whether some session obeys all rules, and brings one into play; None if that was too much to find out."""
    places = [(alphabet.place(rule.a), alphabet.place(rule.b)) for rule in chosen]
    start = tuple(rule.machine.start for rule in chosen)
    order = count()
    waiting = [(0, next(order), start, activate is None)]
    seen = {(start, activate is None)}
    moves = 0
    while waiting:
        _, _, states, active = heapq.heappop(waiting)
        if active and all(rule.machine.accepts(state) for rule, state in zip(chosen, states, strict=True)):
            return True
        for kind in alphabet.kinds:
            moves += 1
            if moves > _MOVES:
                return None
            after = tuple(
                rule.machine.step(state, kind[a], kind[b])
                for rule, state, (a, b) in zip(chosen, states, places, strict=True)
            )
            if _DEAD in after:
                continue
            now = active or _activates(activate, alphabet, kind)
            if (after, now) not in seen:
                seen.add((after, now))
                lacking = sum(not rule.machine.accepts(state) for rule, state in zip(chosen, after, strict=True))
                heapq.heappush(waiting, (lacking + (not now), next(order), after, now))
    return False


def _activates(rule: Rule | None, alphabet: Alphabet, kind: tuple[bool, ...]) -> bool:
    if rule is None or rule.machine.activates is None:
        return False
    return rule.machine.activates(kind[alphabet.place(rule.a)], kind[alphabet.place(rule.b)])
