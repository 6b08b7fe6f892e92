"""What a schema cannot say about a contract: names that exist, clauses that can be decided and do not contradict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from schemas.contracts.clauses import AllOf, AnyOf, Not
from schemas.contracts.conduct import (
    Budget,
    ChecksBeforeRepeating,
    KnownIds,
    PagesToTheEnd,
    Python,
)
from schemas.contracts.contract import Contract
from schemas.contracts.entry import function_at, misfit
from schemas.contracts.order import Between
from schemas.contracts.patterns import Common, Pattern
from schemas.contracts.reach import contradictions
from schemas.contracts.rows import Answer, HowMany, May, NothingElse, RowIs, RowsOf, State, Unchanged
from schemas.contracts.scope import Scope
from schemas.document import Finding, Pointer
from schemas.marks import MARK
from schemas.nature import nature
from schemas.rows import key_text
from schemas.types import World
from schemas.validate import nearest

Placed = tuple[Pointer, Common]


def check_contract(contract: Contract) -> list[Finding]:
    """Every error of a contract whose shape is right already."""
    clauses: list[Placed] = [(("clauses", index), clause) for index, clause in enumerate(contract.clauses)]
    return check_clauses(contract.world, clauses, is_whole=True)


def check_clauses(world: World, clauses: Sequence[Placed], *, is_whole: bool) -> list[Finding]:
    """Every error of these clauses.

    Args:
        world: the world that they are about.
        clauses: each with where it stands.
        is_whole: whether these are all clauses of the contract; else nothing is said about what is not there.
    """
    scope = Scope(world)
    found = [finding for at, clause in clauses for finding in _check(scope, clause, at)]
    found += _names(clauses)
    if is_whole and not any(isinstance(clause, NothingElse) for _, clause in _flat(clauses)):
        message = "this decides nothing: no clause says `nothing_else: true`"
        found += [Finding(at, message) for at, clause in clauses if isinstance(clause, May)]
    return found or list(contradictions(world, clauses))


def _flat(clauses: Iterable[Placed]) -> Iterator[Placed]:
    for at, clause in clauses:
        yield at, clause
        yield from _flat(_parts(at, clause))


def _parts(at: Pointer, clause: Common) -> list[Placed]:
    if isinstance(clause, Not):
        return [((*at, "not"), clause.clause)]
    return [((*at, clause.verb, index), part) for index, part in enumerate(clause.parts)]


def _names(clauses: Sequence[Placed]) -> Iterator[Finding]:
    seen: dict[str, Pointer] = {}
    for at, clause in clauses:
        if clause.name is not None and clause.name in seen:
            yield Finding((*at, "name"), f"clause {seen[clause.name][1]} has this name too (clauses count from 0)")
        seen.setdefault(clause.name or "", at)


def _check(scope: Scope, clause: Common, at: Pointer) -> Iterator[Finding]:
    here = (*at, clause.verb)
    for place, part in _parts(at, clause):
        if "severity" in part.model_fields_set:
            yield Finding((*place, "severity"), "a part of a clause has no severity of its own; give it to the whole")
        if isinstance(part, May):
            yield Finding(place, "`may` decides nothing here; put it beside this clause")
        yield from _check(scope, part, place)
    match clause:
        case RowsOf():
            yield from _rows(scope, clause, at)
        case State():
            yield from scope.over_rows(clause.state, here)
        case Answer():
            yield from _answer(scope, clause, here)
        case May():
            yield from _may(scope, clause, at)
        case Python():
            yield from _python(clause, here)
        case Budget():
            if not clause.budget.model_dump(exclude_none=True):
                yield Finding(here, "a budget limits something: calls, errors, repeats, seconds, wall_seconds, tokens")
        case AnyOf() | AllOf() | Not() | NothingElse():
            return
        case _:
            yield from _calls(scope, clause, here)


def _calls(scope: Scope, clause: Common, here: Pointer) -> Iterator[Finding]:
    """Of clauses over calls: their patterns, and what the tools that they mean have to have."""
    found = getattr(clause, clause.verb)
    patterns = [(here, found)] if isinstance(found, Pattern) else [((*here, i), each) for i, each in enumerate(found)]
    wrong = [finding for at, pattern in patterns for finding in scope.pattern(pattern, at)]
    yield from wrong
    at = here[:-1]
    if isinstance(clause, Between) and clause.match is not None:
        yield from scope.over_pair(clause.match, clause.pair, (*at, "match"))
    if wrong:
        return
    match clause:
        case KnownIds():
            if not any(MARK in str(tool.input_schema) for tool in scope.tools(found)):
                yield Finding(here, f"this can never be broken: no argument of {_these(found)} is marked as an id")
        case ChecksBeforeRepeating():
            if all(nature(tool).repeats for tool in scope.tools(found)):
                yield Finding(here, f"this can never be broken: {_these(found)} may be repeated without harm")
            if clause.by is not None:
                yield from scope.pattern(clause.by, (*at, "by"))
        case PagesToTheEnd():
            yield from _pages(scope, clause, at)


def _pages(scope: Scope, clause: PagesToTheEnd, at: Pointer) -> Iterator[Finding]:
    lists = clause.pages_to_the_end
    for tool in scope.tools(lists):
        if not nature(tool).pages:
            message = f"'{tool.name}' does not answer page by page, as far as its schemas tell"
            yield Finding((*at, clause.verb), message)
    if clause.before is not None:
        yield from scope.pattern(clause.before, (*at, "before"))
    if clause.match is not None and clause.before is None:
        yield Finding((*at, "match"), "`match` needs `before`, whose calls are b")
    elif clause.match is not None and clause.before is not None:
        yield from scope.over_pair(clause.match, (lists, clause.before), (*at, "match"))
    if clause.until is not None:
        yield from scope.over_call(clause.until, scope.tools(lists), (*at, "until"))


def _rows(scope: Scope, clause: RowsOf, at: Pointer) -> Iterator[Finding]:
    wrong = list(scope.entity(clause.entity, (*at, clause.verb)))
    yield from wrong
    if wrong:
        return
    entity = scope.world.entities[clause.entity]
    if clause.key is not None:
        yield from scope.values(entity, {entity.key: clause.key}, (*at, "key"))
    yield from scope.values(entity, clause.match, (*at, "match"))
    if clause.where is not None:
        yield from scope.over_rows(clause.where, (*at, "where"), ("row",), entity)
    match clause:
        case RowIs():
            for path, value in clause.fields.items():
                wrong = list(scope.values(entity, {path: value}, (*at, "fields")))
                if not wrong and path not in entity.properties:
                    wrong = [Finding((*at, "fields", path), f"'{path}' is a path; say `where: row.{path} == ...`")]
                yield from wrong
            if clause.key is None and not (clause.match or clause.fields or clause.where):
                yield Finding(at, "say which row: by `key`, `match`, `fields` or `where`")
        case HowMany():
            yield from _bounds(clause, at)
        case Unchanged():
            for index, field in enumerate(clause.fields):
                yield from scope.field(entity, field, (*at, "fields", index))
            known = {key_text(row[entity.key]) for row in scope.world.rows.get(clause.entity, ())}
            if clause.key is not None and key_text(clause.key) not in known:
                message = f"there is no {clause.entity} '{clause.key}' at the start{nearest(str(clause.key), known)}"
                yield Finding((*at, "key"), message)


def _bounds(clause: HowMany, at: Pointer) -> Iterator[Finding]:
    bounds = (clause.exactly, clause.at_least, clause.at_most)
    if bounds == (None, None, None):
        yield Finding(at, "a count says `is`, `at_least` or `at_most`")
    elif clause.exactly is not None and bounds[1:] != (None, None):
        yield Finding(at, "a count says either `is`, or `at_least` and `at_most`")
    elif clause.at_least is not None and clause.at_most is not None and clause.at_least > clause.at_most:
        yield Finding((*at, "at_least"), f"never both at least {clause.at_least} and at most {clause.at_most}")
    elif clause.at_least == 0 and clause.at_most is None:
        yield Finding((*at, "at_least"), "this can never be broken: every count is at least 0")


def _answer(scope: Scope, clause: Answer, here: Pointer) -> Iterator[Finding]:
    wrong = list(scope.over_rows(clause.answer, here, ("answer",)))
    yield from wrong
    if not wrong and "answer" not in clause.answer:
        yield Finding(here, f"`{clause.answer}` does not speak of `answer`; take `state`")


def _may(scope: Scope, clause: May, at: Pointer) -> Iterator[Finding]:
    if clause.by is not None:
        yield from scope.pattern(clause.by, (*at, "by"))
    if clause.may == "*":
        for field in ("key", "match", "fields"):
            if field in clause.model_fields_set:
                yield Finding((*at, field), f"`{field}` needs an entity instead of *")
        if clause.where is not None:
            yield from scope.over_rows(clause.where, (*at, "where"), ("row", "before"))
        return
    wrong = list(scope.entity(clause.may, (*at, "may")))
    yield from wrong
    if wrong:
        return
    entity = scope.world.entities[clause.may]
    if clause.key is not None:
        yield from scope.values(entity, {entity.key: clause.key}, (*at, "key"))
    yield from scope.values(entity, clause.match, (*at, "match"))
    if clause.where is not None:
        yield from scope.over_rows(clause.where, (*at, "where"), ("row", "before"), entity)
    for index, field in enumerate(clause.fields):
        yield from scope.field(entity, field, (*at, "fields", index))


def _python(clause: Python, here: Pointer) -> Iterator[Finding]:
    try:
        problem = misfit(function_at(clause.python), clause.parameters)
    except LookupError as error:
        yield Finding(here, str(error.args[0]))
        return
    if problem is not None:
        yield Finding(here, f"{clause.python} {problem}")


def _these(pattern: Pattern) -> str:
    return "any tool" if pattern.tools == ("*",) else " or ".join(pattern.tools)
