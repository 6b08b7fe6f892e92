"""What a call of a tool does, as far as its definition tells: reads, writes, pages, and whether it may be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.effects import WRITES, Append, Create, Edit, List, Read, Update, walk
from schemas.expressions import Expression, ExpressionError, Template, expressions, parse, parse_template
from schemas.marks import MARK, ROW_MARK
from schemas.types import Tool

ACCUMULATES = (Create, Append)
READS_STATE = frozenset({"get", "find", "count", "referrers", "random_int"})
PAGE_ARGUMENTS = frozenset({"cursor", "offset", "page", "page_token", "next", "after", "starting_after", "skip"})
"""Arguments that say which page is wanted."""
PAGE_SIZES = frozenset({"limit", "per_page", "page_size", "max_results", "top"})
NEXT = ("next", "next_offset", "next_page", "next_cursor", "nextCursor", "next_page_token", "nextPageToken")
"""Fields of an answer that say where the next page begins; null or absent on the last."""


@dataclass(frozen=True, slots=True)
class Nature:
    """What a call of one tool does.

    Attributes:
        writes: whether it may change rows.
        repeats: whether a second call leaves the rows as the first did.
        reads: the entities whose rows its answer may tell of.
        changes: the entities whose rows it may change; None where nothing says which.
        pages: whether it answers page by page.
    """

    writes: bool
    repeats: bool
    reads: frozenset[str]
    changes: frozenset[str] | None
    pages: bool


def nature(tool: Tool) -> Nature:
    """What a call of this tool does."""
    said = tool.annotations
    writes = tool.writes if tool.effect is not None else said.read_only is False
    steps = [step for step in walk(tool.effect.steps) if isinstance(step, WRITES)] if tool.effect is not None else []
    derived = tool.effect is not None and all(map(leaves_alone, steps))
    return Nature(
        writes=writes,
        repeats=not writes or (derived if said.idempotent is None else said.idempotent),
        reads=frozenset(_read(tool)),
        changes=frozenset(_entity(step) for step in steps) if tool.effect is not None else None,
        pages=_pages(tool),
    )


def leaves_alone(step: Any) -> bool:
    """Whether a second run of a writing step leaves the rows as the first did: it is made from the arguments alone."""
    if isinstance(step, Update | Edit):
        made_of = expressions(parse_template(step.set))
        return all(part.names <= {"args", "now"} and READS_STATE.isdisjoint(_functions(part)) for part in made_of)
    return not isinstance(step, ACCUMULATES)


def _read(tool: Tool) -> Iterator[str]:
    """Entities whose rows stand in the answer or are looked at for it; without an effect, also those it has keys of."""
    yield from _marked(tool.output_schema, (ROW_MARK,) if tool.effect is not None else (ROW_MARK, MARK))
    if tool.effect is None:
        return
    for step in walk(tool.effect.steps):
        if isinstance(step, Read | List):
            yield _entity(step)
        for part in _expressions(step.model_dump(exclude={"steps"})):
            yield from (first for name, first, _ in part.calls if name in READS_STATE and isinstance(first, str))
    for template in (tool.effect.returns, tool.effect.text):
        for part in expressions(parse_template(template)):
            yield from (first for name, first, _ in part.calls if name in READS_STATE and isinstance(first, str))


def _expressions(value: Any) -> Iterator[Expression]:
    """Every expression in a step, bare or in a template."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _expressions(part)
    elif isinstance(value, str):
        for kind in (_bare, parse_template):
            try:
                yield from expressions(found) if isinstance(found := kind(value), Template) else [found]
            except ExpressionError:
                continue


def _bare(text: str) -> Expression:
    return parse(text)


def _entity(step: Any) -> str:
    return str(getattr(step, type(step).__name__.lower()))


def _functions(expression: Expression) -> set[str]:
    return {name for name, _, _ in expression.calls}


def _marked(schema: Any, words: tuple[str, ...]) -> Iterator[str]:
    if isinstance(schema, list):
        for part in schema:
            yield from _marked(part, words)
    elif isinstance(schema, dict):
        yield from (str(schema[word]) for word in words if word in schema)
        for part in schema.values():
            yield from _marked(part, words)


def _pages(tool: Tool) -> bool:
    properties = tool.input_schema.get("properties")
    shown = (tool.output_schema or {}).get("properties")
    asks = isinstance(properties, dict) and not PAGE_ARGUMENTS.isdisjoint(properties)
    return asks and (not isinstance(shown, dict) or any(name in shown for name in NEXT))
