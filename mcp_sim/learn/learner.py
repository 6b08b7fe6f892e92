"""What one tool does, learned from its recorded calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mcp_sim.fidelity import same_text
from mcp_sim.learn.changes import Change, Changes, Drop, Make
from mcp_sim.learn.changing import NEARLY, learn_changes, may_write, writes
from mcp_sim.learn.example import Example
from mcp_sim.learn.guards import Guard, Unexplained, learn_guards
from mcp_sim.learn.language import UNDEFINED
from mcp_sim.learn.queries import lines, query
from mcp_sim.learn.scope import Scope, discover
from mcp_sim.learn.search import Found, Search
from mcp_sim.learn.search.pieces import in_forms, pieced
from mcp_sim.learn.search.texts import text_of
from mcp_sim.learn.tables import Table

FOUND = "found"
"""The name of the rows that a query gives."""
_LISTED = 5
"""Lists that are wanted at least where errors may say that a list is empty."""
_FRESH = 0.3
"""The share of examples that have to be left where those are set aside before which something unseen happened."""


@dataclass
class Lesson:
    """What was learned of one tool.

    Attributes:
        calls: the examples that were looked at; `errors` of them failed.
        answer: the expression of the answer; None where none was found.
        is_text: whether the answers are texts, now and then at least; a text may hold JSON.
        makes: the rows that it makes; `drops` are those that it takes away.
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
    makes: list[Make] = field(default_factory=list)
    drops: list[Drop] = field(default_factory=list)
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


class Learner:
    """Learns tools over the same tables."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self.tables = tables

    def changes(self, tool: str, examples: list[Example]) -> Changes:
        """What a tool does to rows, whatever it answers."""
        search, sure = self._search(examples)
        return learn_changes(tool, search, examples, sure, self.tables)[0]

    def learn(self, tool: str, examples: list[Example]) -> Lesson:
        """What a tool does."""
        search, sure = self._search(examples)
        lesson = Lesson(tool, len(examples), len(examples) - len(sure), search.scope)
        errors = {i: e.call.text.strip() for i, e in enumerate(examples) if e.call.is_error}
        if errors:
            self._name_listed(search, examples, sure)
            lesson.guards, lesson.unexplained, sure = learn_guards(search, errors, sure)
        if not sure:
            return lesson
        found, later = learn_changes(tool, search, examples, sure, self.tables)
        lesson.makes, lesson.changes, lesson.drops = found.makes, found.changes, found.drops
        lesson.is_text = any(isinstance(examples[i].answer, str) for i in sure)
        lesson.answer = self._answer(later, examples, sure)
        return lesson

    def _search(self, examples: list[Example]) -> tuple[Search, list[int]]:
        sure = [i for i, e in enumerate(examples) if not e.call.is_error]
        texts = [e.call.text for e in examples]
        return Search(discover(self.tables, [dict(e.names) for e in examples], sure, texts), self.tables), sure

    def _name_listed(self, search: Search, examples: list[Example], sure: list[int]) -> None:
        """Name the rows that answers list: some services call it an error when there are none."""
        known = [i for i in sure if not examples[i].is_stale and not examples[i].is_unsure]
        answers: list[Any] = [UNDEFINED] * len(examples)
        for i in known:
            answers[i] = examples[i].answer
        if len(known) > _LISTED and all(isinstance(answers[i], list) and answers[i] for i in known):
            found = query(search.scope, self.tables, answers, known)
            if found is not None:
                search.name(FOUND, found.source)

    def _wrapped(self, scope: Scope, target: list[Any], sure: list[int]) -> Found | None:
        """An object with a list of rows in one of its fields."""
        if len(sure) < 3 or not all(isinstance(target[i], dict) and len(target[i]) <= 8 for i in sure):
            return None
        for name in target[sure[0]]:
            inner = [v.get(name, UNDEFINED) if isinstance(v, dict) else UNDEFINED for v in target]
            if not all(isinstance(inner[i], list) for i in sure) or not any(inner[i] for i in sure):
                continue
            found = query(scope, self.tables, inner, sure)
            if found is not None:
                search = Search(scope, self.tables)
                search.name(FOUND, found.source)
                whole = search.value(target, sure, least=0.95)
                if whole is not None:
                    return whole
        return None

    def _answer(self, scope: Scope, examples: list[Example], sure: list[int]) -> Found | None:
        search = Search(scope, self.tables)
        known = set(sure)
        target: list[Any] = [e.answer if i in known else UNDEFINED for i, e in enumerate(examples)]
        fresh = [i for i in sure if not examples[i].is_stale]
        if not may_write(examples) and len(fresh) >= _FRESH * len(sure):
            found = self._explained(search, target, fresh)
        else:
            found = self._explained(search, target, sure)
        undisturbed = [i for i in fresh if not examples[i].is_unsure]
        if found is None and _FRESH * len(sure) <= len(undisturbed) < len(sure) and not writes(examples):
            found = self._explained(search, target, undisturbed)
        return found

    def _explained(self, search: Search, target: list[Any], sure: list[int]) -> Found | None:
        known = set(sure)
        target = [value if i in known else UNDEFINED for i, value in enumerate(target)]
        return (
            search.value(target, sure, depth=0, least=0.95)
            or query(search.scope, self.tables, target, sure)
            or self._wrapped(search.scope, target, sure)
            or _text(search, target, sure)
            or lines(search.scope, self.tables, target, sure)
            or search.value(target, sure, least=0.95)
            or search.value(target, sure, least=NEARLY)
        )


def _text(search: Search, target: list[Any], sure: list[int]) -> Found | None:
    """A text with parts that arguments and rows give, or what a text of numbers comes to."""
    texts = {i: target[i] for i in sure if isinstance(target[i], str)}
    if len(texts) < len(sure):
        return None
    for atom in search.atoms:
        if atom.kind == "text":
            source = f"str(calculate({atom.source}))"
            values = search.scope.column(source)
            hits = sum(isinstance(values[i], str) and same_text(values[i], target[i]) for i in sure)
            if hits >= 0.95 * len(sure):
                return Found(source, hits, len(sure))
    return text_of(search, texts) or pieced(search, texts, 0.95) or in_forms(search, texts, 0.95)
