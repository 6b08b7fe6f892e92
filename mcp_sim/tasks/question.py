"""A task to find something out: a question whose answer is one SELECT over the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from mcp_sim.tasks.change import NoTask
from mcp_sim.tasks.demands import ALWAYS
from mcp_sim.tasks.difficulty import difficulty
from mcp_sim.tasks.find import Finder, distinct
from mcp_sim.tasks.ground import Ground, Trial
from mcp_sim.tasks.names import field_word, plural, said, word
from schemas.contracts.clauses import Clause
from schemas.contracts.contract import Contract
from schemas.contracts.order import Existence
from schemas.contracts.patterns import Pattern
from schemas.contracts.rows import Answer
from schemas.contracts.task import Asked, Task, Truth
from schemas.rows import key_text
from schemas.types import Entity, Row, World
from store import ground_truth
from store.ground_truth import Aggregate, Join

_MOST_CALLS = 12
_CHANCES = 12
"""How often one attempt draws a question before it gives up."""
_OPENINGS = (
    "A question about {place}: {question}",
    "Somebody who works with {place} wants to know: {question}",
    "Please find out at {place}: {question}",
)
_MANNER = {
    "number": "Change nothing. Close with a line of its own that holds nothing but the number, in digits.",
    "row": "Change nothing. Close with a line of its own that holds nothing but its id.",
}


@dataclass(frozen=True)
class _Question:
    """What is asked, how SQL answers it, and the rows that one has to have seen to know.

    Attributes:
        kind: whether the answer is a number or the key of a row.
        needed: statements that give the keys of those rows, by entity.
        match: values that these rows have in common, which a list may take as an argument.
    """

    text: str
    sql: str
    kind: str
    entity: str
    needed: tuple[tuple[str, str], ...]
    match: dict[str, Any]


Shape = Callable[[World, Random, str], _Question]


def question_task(ground: Ground, finder: Finder, seed: int, attempt: int, chance: Random) -> Task:
    """A question that the tools of the world answer.

    Raises:
        NoTask: none was found this time.
    """
    entities = [name for name in ground.world.entities if len(ground.world.rows.get(name, ())) > 1]
    if not entities:
        raise NoTask("no entity has rows to ask about")
    with ground.trial(seed) as trial:
        for _ in range(_CHANCES):
            shape = chance.choice(SHAPES)
            try:
                question = shape(ground.world, chance, chance.choice(entities))
                answer = _answer(trial, question)
                path = _path(trial, finder, question)
            except _NoQuestion:
                continue
            return _task(ground, seed, attempt, chance, question, answer, path)
    raise NoTask("no question was found that the tools of the world answer")


class _NoQuestion(Exception):
    """Of such a question, nothing comes here."""


def _answer(trial: Trial, question: _Question) -> Any:
    """What SQL says; not where there is nothing to compare or count, or where two are equal."""
    rows = trial.ask(question.sql)
    if question.kind == "row":
        if len(rows) < 2 or rows[0][1] == rows[1][1]:
            raise _NoQuestion
        return rows[0][0]
    value = rows[0][0] if rows else None
    if value is None or len(trial.ask(question.needed[0][1])) < 2:
        raise _NoQuestion
    return round(value, 2) if isinstance(value, float) else value


def _path(trial: Trial, finder: Finder, question: _Question) -> tuple[Asked, ...]:
    """The calls that show all that has to be known; what was shown already is not looked at again."""
    path: list[Asked] = []
    for entity, sql in question.needed:
        keys = frozenset(key_text(row[0]) for row in trial.ask(sql))
        match = question.match if entity == question.entity else {}
        found = finder.cover(entity, keys, match)
        if found is None:
            raise _NoQuestion
        path += found
    if not path or len(path) > _MOST_CALLS:
        raise _NoQuestion
    return distinct(path)


def _task(
    ground: Ground, seed: int, attempt: int, chance: Random, question: _Question, answer: Any, path: tuple[Asked, ...]
) -> Task:
    world = ground.world
    opening = chance.choice(_OPENINGS).format(place=world.title or world.name, question=question.text)
    told = f"{opening}\n{_MANNER[question.kind]}"
    about = frozenset(entity for entity, _ in question.needed)
    looks = [tool.name for tool in ground.reading if ground.reads(tool) & about]
    looks += [asked.tool for asked in path if asked.tool not in looks]
    clauses: tuple[Clause, ...] = (
        Answer(answer=_condition(question, answer), name="the answer is right"),
        Existence(existence=Pattern(tool=tuple(dict.fromkeys(looks)), ok=True), name="it was looked up"),
        *ALWAYS,
    )
    asked_for = hashlib.sha256(f"{world.name}\n{question.sql}".encode()).hexdigest()[:16]
    contract = Contract(name=f"question-{asked_for}", world=world, instruction=told, clauses=clauses)
    trace = ground.replay(seed, path)
    return Task(
        name=contract.name,
        kind="question",
        contract=contract,
        difficulty=difficulty(world, trace.steps, told, about),
        seed=seed,
        attempt=attempt,
        path=path,
        answer=key_text(answer),
        truth=(Truth(sql=question.sql, rows=_rows(ground, seed, question), at="start"),),
    )


def _rows(ground: Ground, seed: int, question: _Question) -> tuple[tuple[Any, ...], ...]:
    with ground.trial(seed) as trial:
        return tuple(map(tuple, trial.ask(question.sql)))


def _condition(question: _Question, answer: Any) -> str:
    """That the last line of an answer is this."""
    line = 'strip(last(split(strip(answer), "\\n")))'
    if question.kind == "row":
        key = key_text(answer).lower()
        return f"lower({line}) in {[key, f'{key}.']!r}"
    number = f'float(replace({line}, ",", ""))'
    return f"{number} == {answer}" if isinstance(answer, int) else f"abs({number} - {answer}) < 0.011"


def _how_many(world: World, chance: Random, entity: str) -> _Question:
    match = _match(world, chance, entity, chance.choice((1, 1, 2)))
    sql = ground_truth.how_many(entity, match)
    text = f"how many {plural(entity)} are there {_whose(world, entity, match)}?"
    return _Question(text, sql, "number", entity, ((entity, ground_truth.keys_of(entity, match)),), match)


def _total(world: World, chance: Random, entity: str) -> _Question:
    field = _number(world, chance, entity)
    match = _match(world, chance, entity, chance.choice((0, 1, 1)))
    how: Aggregate = chance.choice(("sum", "avg", "min", "max"))
    said_how = {"sum": "the sum of", "avg": "the mean of", "min": "the smallest", "max": "the largest"}[how]
    exactly = ", rounded to two decimals" if how == "avg" else ""
    of = f"over all {plural(entity)}" if how in ("sum", "avg") else f"of all {plural(entity)}"
    text = f"what is {said_how} {word(field)} {of}{_space(_whose(world, entity, match))}{exactly}?"
    sql = ground_truth.total(entity, field, how, match)
    return _Question(text, sql, "number", entity, ((entity, ground_truth.keys_of(entity, match)),), match)


def _extreme(world: World, chance: Random, entity: str) -> _Question:
    field, largest = _number(world, chance, entity), chance.random() < 0.5
    match = _match(world, chance, entity, chance.choice((0, 1, 1)))
    among = f", of those {_whose(world, entity, match)}," if match else ""
    text = f"which {word(entity)}{among} has the {'largest' if largest else 'smallest'} {word(field)}?"
    sql = ground_truth.extremes(entity, field, largest=largest, match=match)
    return _Question(text, sql, "row", entity, ((entity, ground_truth.keys_of(entity, match)),), match)


def _through(world: World, chance: Random, entity: str) -> _Question:
    reference, other = _reference(world, chance, entity)
    match = _match(world, chance, other, 1)
    sql = ground_truth.how_many(entity, through=Join(reference, other, match))
    name = field_word(world.entities[entity], reference)
    kind = word(other) if name != word(other) else "one"
    text = f"how many {plural(entity)} are there whose {name} is a {kind} {_whose(world, other, match)}?"
    needed = ((entity, ground_truth.keys_of(entity)), (other, ground_truth.keys_of(other, match)))
    return _Question(text.replace("is a one", "is one"), sql, "number", entity, needed, {})


def _most_referred(world: World, chance: Random, entity: str) -> _Question:
    reference, other = _reference(world, chance, entity)
    summed = _number(world, chance, entity) if chance.random() < 0.4 else None
    match = _match(world, chance, entity, chance.choice((0, 0, 1)))
    match.pop(reference, None)
    name = field_word(world.entities[entity], reference)
    those = f"{plural(entity)}{_space(_whose(world, entity, match))}"
    if summed is None and name == word(other):
        text = f"to which {name} do most {those} belong?"
    elif summed is None:
        text = f"which {word(other)} is the {name} of most {those}?"
    else:
        text = f"add up {word(summed)} over the {those}, by {name}: which {word(other)} has the largest sum?"
    sql = ground_truth.most_referred(entity, reference, match, summed)
    return _Question(text, sql, "row", entity, ((entity, ground_truth.keys_of(entity, match)),), match)


SHAPES: tuple[Shape, ...] = (_how_many, _total, _extreme, _through, _most_referred)


def _match(world: World, chance: Random, entity: str, size: int) -> dict[str, Any]:
    """Values that a row of an entity has in fields which sort rows."""
    definition, rows = world.entities[entity], world.rows.get(entity, ())
    names = [name for name, part in definition.properties.items() if _sorts(definition, name, part)]
    if len(names) < size or not rows:
        raise _NoQuestion
    row: Row = chance.choice(rows)
    found = {name: row.get(name) for name in chance.sample(names, size)}
    if any(value is None for value in found.values()):
        raise _NoQuestion
    return found


def _sorts(definition: Entity, name: str, part: Any) -> bool:
    """Whether a field sorts rows: an enumeration, a yes or no, or a single reference."""
    if not isinstance(part, dict) or name == definition.key:
        return False
    return "enum" in part or part.get("type") == "boolean" or (name in definition.references and "items" not in part)


def _number(world: World, chance: Random, entity: str) -> str:
    """A field that holds numbers which differ."""
    names = []
    for name, part in world.entities[entity].properties.items():
        kind = part.get("type") if isinstance(part, dict) else None
        kinds = kind if isinstance(kind, list) else [kind]
        held = {row.get(name) for row in world.rows.get(entity, ())} if {"integer", "number"} & set(kinds) else set()
        if len(held) > 1 and name != world.entities[entity].key and name not in world.entities[entity].references:
            names.append(name)
    if not names:
        raise _NoQuestion
    return chance.choice(names)


def _reference(world: World, chance: Random, entity: str) -> tuple[str, str]:
    """A field that holds one key of another entity, and that entity."""
    definition = world.entities[entity]
    found = [
        (path, reference.to)
        for path, reference in definition.references.items()
        if path in definition.properties and "items" not in definition.properties[path] and reference.to != entity
    ]
    if not found:
        raise _NoQuestion
    return chance.choice(found)


def _whose(world: World, entity: str, match: dict[str, Any]) -> str:
    definition = world.entities[entity]
    return " and ".join(f"whose {field_word(definition, name)} is {said(value)}" for name, value in match.items())


def _space(text: str) -> str:
    return f" {text}" if text else ""
