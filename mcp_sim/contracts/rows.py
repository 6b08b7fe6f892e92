"""Clauses over the rows in the end."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_sim.contracts.calls import Conditions, Facts, Seen
from mcp_sim.contracts.finding import SHOWN, Failures, Finding, held, vacuous, where
from mcp_sim.contracts.monitor import End
from mcp_sim.expressions import EvaluationError
from schemas.contracts.rows import Absent, Answer, HowMany, RowIs, RowsOf, State, Unchanged
from schemas.contracts.wording import rows as in_words
from schemas.contracts.wording import shown
from schemas.expressions import Expression, checked, parse
from schemas.rows import key_text
from schemas.types import Change, Row
from store.matching import matches, same


class AtTheEnd:
    """A clause that looks at the rows in the end; the calls before are nothing to it."""

    def __init__(self, clause: RowsOf | State | Answer) -> None:
        self._clause = clause

    def take(self, seen: Seen) -> None:
        """Nothing to follow."""

    def finding(self, end: End) -> Finding:
        """What the rows show."""
        match self._clause:
            case RowIs() as clause:
                return _row(clause, end)
            case Unchanged() as clause:
                return _unchanged(clause, end)
            case Absent() as clause:
                return _absent(clause, end)
            case HowMany() as clause:
                return _how_many(clause, end)
            case State() as clause:
                return _expression(parse(clause.state), {"now": end.now}, end)
            case Answer() as clause:
                if end.run is None or end.run.answer is None:
                    return vacuous("nobody reported what the agent said in the end")
                if not end.run.answer.strip():
                    return _nothing_said(end)
                return _expression(parse(clause.answer), {"now": end.now, "answer": end.run.answer}, end)
        raise AssertionError(self._clause.verb)


def meant(clause: RowsOf, end: End) -> list[Row]:
    """The rows in the end that a clause is about."""
    if clause.key is None:
        found = end.rows.query(clause.entity, clause.match)
    else:
        row = end.rows.get(clause.entity, key_text(clause.key))
        found = [row] if row is not None and matches(row, clause.match) else []
    return [row for row in found if fits(clause.where, {"row": row}, end.conditions)]


def fits(where: str | None, names: Facts, conditions: Conditions) -> bool:
    """Whether a condition over a row holds, if there is one."""
    return where is None or conditions.holds(parse(where), names)


def has_fields(row: Row, fields: Facts) -> bool:
    """Whether a row holds these values."""
    return all(same(row.get(name), value) for name, value in fields.items())


def _row(clause: RowIs, end: End) -> Finding:
    found = meant(clause, end)
    right = [row for row in found if has_fields(row, clause.fields)]
    if right:
        named = _name(clause, right[0], end)
        more = f" (and {len(right) - 1} more)" if len(right) > 1 else ""
        return held(f"{named} is there{more}", _steps(clause, right[0], end))
    failures = Failures()
    if found:
        nearest = max(found, key=lambda row: sum(same(row.get(name), value) for name, value in clause.fields.items()))
        wrong = [
            f"{name} is {shown(nearest.get(name))}, not {shown(value)}"
            for name, value in clause.fields.items()
            if not same(nearest.get(name), value)
        ]
        since = _since(clause, nearest, end)
        failures.add(f"{_name(clause, nearest, end)}: {', '.join(wrong)}{since}", *_culprits(clause, nearest, end))
    else:
        failures.add(f"there is no {in_words(clause)} in the end{_gone(clause, end)}", *_lost(clause, end))
    return _open(failures)


def _unchanged(clause: Unchanged, end: End) -> Finding:
    entity, failures, count = end.world.entities[clause.entity], Failures(), 0
    for key, before in end.first[clause.entity].items():
        if clause.key is not None and key != key_text(clause.key):
            continue
        if not matches(before, clause.match) or not fits(clause.where, {"row": before}, end.conditions):
            continue
        count += 1
        after = end.rows.get(clause.entity, key)
        if after is before:
            continue
        if after is None:
            seen, _ = end.history(clause.entity, key)[-1]
            failures.add(f"{where(seen.step)} deleted {clause.entity} {key}", seen.n)
            continue
        names = clause.fields or tuple(dict.fromkeys([*entity.properties, *before, *after]))
        changed = [name for name in names if not same(before.get(name), after.get(name))]
        if changed:
            seen = _changer(clause.entity, key, changed[0], end)
            told = ", ".join(f"{name} {shown(before.get(name))} -> {shown(after.get(name))}" for name in changed)
            failures.add(f"{where(seen.step)} changed {clause.entity} {key}: {told}", seen.n)
    if failures.count:
        return _open(failures)
    if not count:
        return vacuous(f"there was no {in_words(clause)} at the start")
    return held(f"{count} row{'s are' if count > 1 else ' is'} as at the start")


def _absent(clause: Absent, end: End) -> Finding:
    failures = Failures()
    for row in meant(clause, end):
        named = _name(clause, row, end)
        history = _history(clause, row, end)
        made = next((seen for seen, change in history if change.op == "create"), None)
        how = f", created by {where(made.step)}" if made is not None else f", since the start; {end.length}"
        failures.add(f"{named} is there{how}", *([made.n] if made is not None else end.last))
    if failures.count:
        return _open(failures)
    return held(f"there is no {in_words(clause)}")


def _how_many(clause: HowMany, end: End) -> Finding:
    found = meant(clause, end)
    count = len(found)
    is_right = (
        clause.exactly in (None, count)
        and (clause.at_least is None or count >= clause.at_least)
        and (clause.at_most is None or count <= clause.at_most)
    )
    steps = sorted({seen.n for row in found[:1000] for seen, _ in _history(clause, row, end)})
    noun = " row" if count == 1 else " rows"
    if is_right:
        return held(f"there {_are(count)} {in_words(clause, noun)}", steps)
    limits = {"exactly": clause.exactly, "at least": clause.at_least, "at most": clause.at_most}
    wanted = " and ".join(f"{word} {limit}" for word, limit in limits.items() if limit is not None)
    keys = ", ".join(key_text(row[end.world.entities[clause.entity].key]) for row in found[:5])
    failures = Failures()
    which = f" ({keys}{', …' if count > 5 else ''})" if keys else ""
    message = f"there {_are(count)} {in_words(clause, noun)}{which}, not {wanted}; {end.length}"
    failures.add(message, *(steps[:SHOWN] or end.last))
    return _open(failures)


def _nothing_said(end: End) -> Finding:
    failures = Failures()
    failures.add(f"the agent gave no answer; {end.length}", *end.last)
    return failures.finding()


def _expression(expression: Expression, names: Facts, end: End) -> Finding:
    source = expression.source.strip()
    failures = Failures()
    try:
        if end.conditions.value(expression, names):
            return held(f"`{source}` holds in the end", end.last)
        failures.add(f"`{source}` does not hold in the end{_left(expression, names, end)}; {end.length}", *end.last)
    except EvaluationError as error:
        failures.add(f"in the end there is no value of {error}; {end.length}", *end.last)
    return _open(failures)


def _left(expression: Expression, names: Facts, end: End) -> str:
    """What the left side of a comparison is."""
    if not isinstance(expression.node, ast.Compare):
        return ""
    try:
        side = checked(expression.node.left)
        return f": `{side.source}` is {shown(end.conditions.value(side, names))}"
    except EvaluationError:
        return ""


def _are(count: int) -> str:
    return f"is {count}" if count == 1 else f"are {count}"


def _open(failures: Failures) -> Finding:
    """Rows can always be changed again."""
    failures.is_settled = False
    return failures.finding()


def _key(clause: RowsOf, row: Row, end: End) -> str:
    return key_text(row[end.world.entities[clause.entity].key])


def _name(clause: RowsOf, row: Row, end: End) -> str:
    return f"{clause.entity} {_key(clause, row, end)}"


def _history(clause: RowsOf, row: Row, end: End) -> list[tuple[Seen, Change]]:
    return end.history(clause.entity, _key(clause, row, end))


def _steps(clause: RowsOf, row: Row, end: End) -> Iterator[int]:
    return (seen.n for seen, _ in _history(clause, row, end))


def _culprits(clause: RowsOf, row: Row, end: End) -> tuple[int, ...]:
    return tuple(_steps(clause, row, end))[-1:] or end.last


def _since(clause: RowsOf, row: Row, end: End) -> str:
    history = _history(clause, row, end)
    return f" since {where(history[-1][0].step)}" if history else f", as at the start; {end.length}"


def _lost(clause: RowsOf, end: End) -> tuple[int, ...]:
    history = end.history(clause.entity, key_text(clause.key)) if clause.key is not None else []
    return (history[-1][0].n,) if history else end.last


def _gone(clause: RowsOf, end: End) -> str:
    history = end.history(clause.entity, key_text(clause.key)) if clause.key is not None else []
    if history and history[-1][1].op == "delete":
        return f": {where(history[-1][0].step)} deleted it"
    return f"; {end.length}"


def _changer(entity: str, key: str, field: str, end: End) -> Seen:
    """The call that last changed a field of a row."""
    history = end.history(entity, key)
    for seen, change in reversed(history):
        before, after = change.before or {}, change.after or {}
        if not same(before.get(field), after.get(field)):
            return seen
    return history[-1][0]
