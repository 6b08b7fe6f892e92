"""What one tool does, learned from its recorded calls."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.guards import Guard, Unexplained, learn_guards
from mcp_sim.learn.history import Example
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.queries import query
from mcp_sim.learn.scope import Binding, Scope, discover
from mcp_sim.learn.search import Found, Search
from mcp_sim.learn.silent import Silent, learn_silent
from mcp_sim.learn.tables import Table
from mcp_sim.learn.texts import text_of
from store.matching import same

_NEARLY = 0.9
"""The share of examples that an expression has to explain where none explains them all."""


@dataclass
class Change:
    """What a tool does to one row.

    Attributes:
        binding: the row, by its name in the scope.
        key: the field that identifies it.
        sets: an expression for every field that changes.
        undecided: fields that change, for which no expression was found, and how often.
        shown: whether the answers of the tool show the row; else it was seen later on.
    """

    binding: Binding
    key: str
    sets: dict[str, Found] = field(default_factory=dict)
    undecided: dict[str, int] = field(default_factory=dict)
    shown: bool = True


@dataclass
class Lesson:
    """What was learned of one tool.

    Attributes:
        calls: the examples that were looked at; `errors` of them failed.
        answer: the expression of the answer; None where none was found.
        is_text: whether the answers are texts, now and then at least; a text may hold JSON.
        silent: a change that no answer shows.
    """

    tool: str
    calls: int
    errors: int
    scope: Scope
    guards: list[Guard] = field(default_factory=list)
    unexplained: list[Unexplained] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    answer: Found | None = None
    is_text: bool = False
    silent: Silent | None = None
    fields: dict[str, set[str]] = field(default_factory=dict)

    @property
    def explained(self) -> int:
        """How many of the examples the lesson gets right."""
        shares = [found.share for change in self.changes if change.shown for found in change.sets.values()]
        fine = self.calls - self.errors
        right = 0 if self.answer is None else round(self.answer.share * fine * min(shares, default=1.0))
        if any(change.undecided and change.shown for change in self.changes):
            right = 0
        return min(right + sum(guard.support for guard in self.guards), self.calls)

    def facts(self) -> dict[str, Any]:
        """What is known, for people."""
        return {
            "calls": self.calls,
            "errors": self.errors,
            "explained": self.explained,
            "answer": None if self.answer is None else _told(self.answer),
            "guards": [
                {"when": g.condition, "error": g.error, "support": g.support, "of": g.total, "wrong": g.wrong}
                for g in self.guards
            ],
            "changes": [
                {"row": change.binding.name, "field": name, "shown": change.shown, **_told(found)}
                for change in self.changes
                for name, found in change.sets.items()
            ],
            "silent": None if self.silent is None else f"{self.silent.kind} {self.silent.table}",
            "undecided": {
                f"{change.binding.name}.{name}": times
                for change in self.changes
                for name, times in change.undecided.items()
            },
            "unexplained": {one.text: len(one.examples) for one in self.unexplained},
        }


def _told(found: Found) -> dict[str, Any]:
    return {"expression": found.source, "support": found.hits, "of": found.total, "rivals": found.rivals}


class Learner:
    """Learns tools over the same tables."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self.tables = tables

    def learn(self, tool: str, examples: list[Example]) -> Lesson:
        """What a tool does."""
        sure = [i for i, e in enumerate(examples) if not e.call.is_error]
        texts = [e.call.text for e in examples]
        scope = discover(self.tables, [dict(e.names) for e in examples], sure, texts)
        lesson = Lesson(tool, len(examples), len(examples) - len(sure), scope)
        search = Search(scope, self.tables)
        errors = {i: e.call.text.strip() for i, e in enumerate(examples) if e.call.is_error}
        if errors:
            lesson.guards, lesson.unexplained, sure = learn_guards(search, errors, sure)
        if not sure:
            lesson.answer = None
            return lesson
        lesson.silent = learn_silent(tool, examples, self.tables)
        afters = self._shown(scope, examples, sure)
        for name, rows in afters.items():
            change = self._change(search, name, rows, shown=True)
            if change is not None:
                lesson.changes.append(change)
        if lesson.silent is None and _writes(examples):
            lesson.changes += self._hidden(search, examples, sure, set(afters))
        lesson.is_text = any(isinstance(examples[i].answer, str) for i in sure)
        later = self._later(scope, {c.binding.name: afters[c.binding.name] for c in lesson.changes if c.shown})
        lesson.answer = self._answer(later, lesson.silent, examples, sure)
        return lesson

    def _shown(self, scope: Scope, examples: list[Example], sure: list[int]) -> dict[str, list[Any]]:
        """The rows that the answers show, as they are after the call, by the name of the row."""
        found: dict[str, list[Any]] = {}
        for binding in scope.bindings:
            if binding.table is None:
                continue
            key = self.tables[binding.table].key
            after: list[Any] = [UNDEFINED] * len(examples)
            for i in sure:
                row = scope.examples[i].get(binding.name)
                if not isinstance(row, dict):
                    continue
                shown = examples[i].seen
                part = next((s for t, _, s in shown if t == binding.table and s.get(key) == row.get(key)), None)
                if part is not None:
                    after[i] = {**row, **part}
            seen = [i for i in sure if after[i] is not UNDEFINED]
            changed = [i for i in seen if not same(after[i], scope.examples[i][binding.name])]
            if changed and (len(changed) >= 0.5 * len(seen) or _writes(examples)):
                found[binding.name] = after
        return found

    def _hidden(self, search: Search, examples: list[Example], sure: list[int], shown: set[str]) -> list[Change]:
        """Changes of rows that the answers do not show, but later ones do."""
        changes = []
        for binding in search.scope.bindings:
            if binding.table is None or binding.name in shown:
                continue
            key = self.tables[binding.table].key
            after: list[Any] = [UNDEFINED] * len(examples)
            for i in sure:
                row = search.scope.examples[i].get(binding.name)
                later = None if row is None else examples[i].later.get((binding.table, str(row[key])))
                if row is not None and later is not None:
                    after[i] = {**row, **later}
            change = self._change(search, binding.name, after, shown=False)
            if change is not None:
                changes.append(change)
        return changes

    def _change(self, search: Search, name: str, after: list[Any], shown: bool) -> Change | None:
        scope = search.scope
        binding = next(b for b in scope.bindings if b.name == name)
        seen = [i for i, row in enumerate(after) if row is not UNDEFINED]
        befores = scope.column(name)
        fields = Counter(
            f for i in seen for f, v in after[i].items() if f not in befores[i] or not same(befores[i][f], v)
        )
        change = Change(binding, self.tables[binding.table or ""].key, shown=shown)
        for f, times in fields.items():
            if not shown and times < 2:
                continue
            target = [UNDEFINED if a is UNDEFINED else a.get(f, UNDEFINED) for a in after]
            found = search.value(target, seen) or search.value(target, seen, least=_NEARLY)
            if found is not None:
                change.sets[f] = found
            elif times >= max(2, 0.02 * len(seen)):
                change.undecided[f] = times
        return change if change.sets or change.undecided else None

    def _answer(self, scope: Scope, silent: Silent | None, examples: list[Example], sure: list[int]) -> Found | None:
        search = Search(scope, self.tables)
        target: list[Any] = [UNDEFINED] * len(examples)
        if not _writes(examples):
            known = [i for i in sure if not examples[i].is_stale]
            sure = known if len(known) >= 0.3 * len(sure) else sure
        for i in sure:
            target[i] = examples[i].answer
        return (
            _made_key(search, silent, target, sure)
            or search.value(target, sure, depth=0, least=0.95)
            or query(scope, self.tables, target, sure)
            or _text(search, target, sure)
            or search.value(target, sure, least=0.95)
            or search.value(target, sure, least=_NEARLY)
        )

    def _later(self, scope: Scope, afters: dict[str, list[Any]]) -> Scope:
        """The scope after the changes."""
        if not afters:
            return scope
        names = [dict(n) for n in scope.examples]
        for name, rows in afters.items():
            for n, row in zip(names, rows, strict=True):
                if row is not UNDEFINED:
                    n[name] = row
        return Scope(names, scope.sure, scope.bindings, scope.loops)


def _writes(examples: list[Example]) -> bool:
    """Whether the recordings say that a tool writes."""
    kinds = Counter(e.call.kind for e in examples)
    return kinds["write"] > 0.5 * len(examples)


def _made_key(search: Search, silent: Silent | None, target: list[Any], sure: list[int]) -> Found | None:
    """The key of the row that the call made, where it is the answer."""
    if silent is None or silent.kind != "create":
        return None
    values = search.scope.column(silent.key)
    hits = sum(values[i] == target[i] for i in sure)
    return Found(silent.key, hits, len(sure)) if hits >= 0.8 * len(sure) else None


def _text(search: Search, target: list[Any], sure: list[int]) -> Found | None:
    """A text with parts that arguments and rows give, or what a text of numbers comes to."""
    texts = {i: target[i] for i in sure if isinstance(target[i], str)}
    if len(texts) < len(sure):
        return None
    for atom in search.atoms:
        if atom.kind == "text":
            source = f"str(calculate({atom.source}))"
            values = search.scope.column(source)
            hits = sum(values[i] == target[i] for i in sure)
            if hits >= 0.95 * len(sure):
                return Found(source, hits, len(sure))
    return text_of(search, texts)
