"""What a tool's definition tells about its calls: which rows it touches, where its lists are, what bounds a page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas.effects import WRITES, Create, ForEach, Imagine, List, walk
from schemas.expressions import Expression, Fields, Items, Template, Value, parse, parse_template
from schemas.marks import MARK, ROW_MARK, at_pointer
from schemas.types import Tool, World

Path = tuple[str, ...]
EACH = "*"
"""Stands in a path for every item of a list."""


class NotHere(Exception):
    """A tool does not have what was looked for; the message says why, and goes on after its name."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in the answers of a tool.

    Attributes:
        path: where it is.
        item: the JSON Schema of an item, as far as it is known.
        entity: whose rows its items are, if they are rows.
        total: where the answer says how many there are, if it does.
        is_inner: whether it is a field of a row; such a list is found by its path alone.
    """

    path: Path
    item: dict[str, Any]
    entity: str | None
    total: Path | None = None
    is_inner: bool = False


@dataclass(frozen=True, slots=True)
class Paging:
    """How a tool is asked for a page.

    Attributes:
        listing: the list.
        argument: what bounds a page.
        is_counted: whether the place of a page is counted in pages, so that all have to have the same size.
    """

    listing: Listing
    argument: str
    is_counted: bool


def entities_of(tool: Tool) -> frozenset[str]:
    """The entities whose rows a tool reads or writes, as its effect or else its schemas say."""
    if tool.effect is None:
        return frozenset(_marked(tool.output_schema, ROW_MARK) | _marked(tool.input_schema, MARK))
    verbs = ("read", "list", "create", "update", "delete", "link", "unlink", "append", "edit")
    named = (getattr(step, verb, None) for step in walk(tool.effect.steps) for verb in verbs)
    return frozenset(name for name in named if isinstance(name, str)) | _marked(tool.output_schema, ROW_MARK)


def is_writing(tool: Tool) -> bool | None:
    """Whether a tool changes rows; None where nothing says so."""
    if tool.effect is not None:
        return tool.writes
    return None if tool.annotations.read_only is None else not tool.annotations.read_only


def check_repeatable(tool: Tool, world: World) -> None:
    """Make sure that a call can be answered twice: its effect decides alone, changes nothing and makes nothing up.

    Raises:
        NotHere: it cannot.
    """
    effect = tool.effect
    if effect is None or tool.answered_by not in (None, "effect"):
        raise NotHere("is not answered by a declared effect")
    if tool.answered_by is None and effect.confidence < world.trust:
        raise NotHere("has an effect that the world does not trust")
    if tool.writes:
        raise NotHere("changes rows")
    if any(isinstance(step, Imagine) for step in walk(effect.steps)):
        raise NotHere("has its answer made up")


def listing(tool: Tool, path: str | None = None) -> Listing:
    """The list in the answers of a tool: the one at a path, or its only one.

    Raises:
        NotHere: there is none, or more than one.
    """
    found = list(_listings(tool))
    if path is not None:
        named = tuple(path.split(".")) if path else ()
        chosen = next((one for one in found if one.path == named), None)
        if chosen is None:
            known = ", ".join(".".join(one.path) or "the answer itself" for one in found)
            raise NotHere(f"has no list '{path}' in its answer; there is {known or 'none'}")
        return chosen
    outer = [one for one in found if not one.is_inner]
    of_rows = [one for one in outer if one.total is not None] or [one for one in outer if one.entity] or outer
    if not of_rows:
        raise NotHere("has no list in its answer, as far as its effect and its output schema tell")
    if len(of_rows) > 1:
        raise NotHere(f"has the lists {', '.join('.'.join(one.path) for one in of_rows)} in its answer; name one")
    return of_rows[0]


def paging(tool: Tool, world: World) -> Paging:
    """What bounds the pages of a tool.

    Raises:
        NotHere: it has none, or narrowing them would lose items.
    """
    check_repeatable(tool, world)
    assert tool.effect is not None
    steps = [step for step in walk(tool.effect.steps) if isinstance(step, List)]
    if len(steps) != 1 or steps[0] not in tool.effect.steps:
        raise NotHere("does not have exactly one `list` step that always runs")
    step = steps[0]
    shown = _shown_lists(tool, {_name(step): step})
    if len(shown) != 1:
        raise NotHere("does not show its list once in its answer")
    if step.limit is None:
        raise NotHere("has a list without a limit")
    argument = _bound(parse(step.limit))
    if argument is None:
        raise NotHere(f"bounds its pages by `{step.limit}`, which is more than one argument and its default")
    offset = parse(step.offset) if step.offset is not None else None
    is_counted = offset is not None and ("args", argument) in offset.fields
    if step.cursor is None and offset is None:
        raise NotHere("has a limit, but neither cursor nor offset to go on with")
    if not _tells_next(tool, _name(step)) and (offset is None or shown[0].total is None):
        raise NotHere("says neither how many items there are nor where they go on, so a smaller page would hide some")
    return Paging(shown[0], argument, is_counted)


def batch(tool: Tool, argument: str | None = None) -> str:
    """The list argument whose entries the effect of a tool works through one by one.

    Raises:
        NotHere: there is none, or the entries make up one whole.
    """
    if tool.effect is None:
        raise NotHere("declares no effect, so nothing says how it works through a list")
    found: list[str] = []
    for step in tool.effect.steps:
        name = _looped(step) if isinstance(step, ForEach) else None
        if name is not None and isinstance(step, ForEach) and any(isinstance(s, WRITES) for s in walk(step.steps)):
            found.append(name)
        elif isinstance(step, Create) or (isinstance(step, ForEach) and _creates(step)):
            raise NotHere("makes one thing out of all entries, so none of them can fail alone")
    if argument is not None and argument not in found:
        raise NotHere(f"does not work through an argument '{argument}'" + (f"; through {found}" if found else ""))
    if not found:
        raise NotHere("does not work through a list argument entry by entry")
    if argument is None and len(found) > 1:
        raise NotHere(f"works through {' and '.join(found)}; name one as `argument`")
    return argument or found[0]


def texts(tool: Tool) -> list[tuple[Path, int | None]]:
    """Where free text stands in the answers of a tool, and how long it may be.

    Raises:
        NotHere: nowhere, as far as is known.
    """
    if tool.effect is not None and tool.effect.is_text:
        return [((), None)]
    if tool.output_schema is None:
        raise NotHere("has no output schema, so nothing says which of its fields are free text")
    found = [(path, part.get("maxLength")) for path, part in contents(tool) if _is_free_text(part)]
    if not found:
        raise NotHere("has no free text in its answer")
    return found


def contents(tool: Tool) -> list[tuple[Path, dict[str, Any]]]:
    """The fields in the answers of a tool that hold a value and no id: those of rows, or where it shows none, all.

    What the effect says about the list itself, such as where it goes on, is no content.
    """
    schema = tool.output_schema or {}
    rows = {path for path, part in leaves(schema, inner=True) if _row(part)}
    about = _about_lists(tool)
    found = [
        (path, part)
        for path, part in leaves(schema)
        if path and path[-1] != EACH and path not in about and MARK not in part
    ]
    of_rows = [(path, part) for path, part in found if any(path[:depth] in rows for depth in range(len(path)))]
    return of_rows or found


def fields(tool: Tool) -> dict[str, dict[str, Any]]:
    """The fields of the objects in the answers of a tool, by name, each with its JSON Schema.

    Raises:
        NotHere: its output schema does not tell.
    """
    found: dict[str, dict[str, Any]] = {}
    for path, part in leaves(tool.output_schema or {}, inner=True):
        if path and path[-1] != EACH:
            found.setdefault(path[-1], part)
    if not found:
        raise NotHere("has no output schema that names its fields")
    return found


def leaves(schema: dict[str, Any], *, inner: bool = False) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The parts of what a schema describes, each with its path; objects and lists themselves if `inner`."""
    yield from _leaves(schema, schema, (), inner, 0)


def _leaves(part: Any, root: dict[str, Any], at: Path, inner: bool, depth: int) -> Iterator[tuple[Path, Any]]:
    if not isinstance(part, dict) or depth > 12:
        return
    part = _resolved(part, root)
    properties = part.get("properties")
    items = part.get("items")
    branches = [branch for word in ("anyOf", "oneOf", "allOf") for branch in part.get(word, ())]
    is_inner = isinstance(properties, dict) or isinstance(items, dict) or bool(branches)
    if inner or not is_inner:
        yield at, part
    for name, field in properties.items() if isinstance(properties, dict) else ():
        yield from _leaves(field, root, (*at, name), inner, depth + 1)
    yield from _leaves(items, root, (*at, EACH), inner, depth + 1)
    for branch in branches:
        yield from _leaves(branch, root, at, inner, depth + 1)


def _resolved(part: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    reference = part.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#"):
        return part
    target = at_pointer(root, reference[1:])
    return {**(target if isinstance(target, dict) else {}), **{k: v for k, v in part.items() if k != "$ref"}}


def _is_free_text(part: dict[str, Any]) -> bool:
    kind = part.get("type")
    is_text = kind == "string" or (isinstance(kind, list) and "string" in kind)
    return is_text and not part.keys() & {"enum", "const", "format", "pattern", MARK}


def _marked(schema: Any, mark: str) -> set[str]:
    """The entities that a schema names by a mark, anywhere in it."""
    if isinstance(schema, list):
        return set().union(*(_marked(part, mark) for part in schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    own = {schema[mark]} if isinstance(schema.get(mark), str) else set()
    return own.union(*(_marked(part, mark) for part in schema.values()))


def _listings(tool: Tool) -> Iterator[Listing]:
    """The lists that the effect shows, then those that the output schema alone tells of."""
    seen: set[Path] = set()
    if tool.effect is not None:
        steps = {_name(step): step for step in tool.effect.steps if isinstance(step, List)}
        for shown in _shown_lists(tool, steps):
            seen.add(shown.path)
            yield shown
    schema = tool.output_schema or {}
    parts = list(leaves(schema, inner=True))
    rows = {path for path, part in parts if _row(part)}
    for path, part in parts:
        items = part.get("items")
        if EACH in path or path in seen or not isinstance(items, dict):
            continue
        seen.add(path)
        item = _resolved(items, schema)
        if path == () or isinstance(item.get("properties"), dict):
            yield Listing(path, item, _row(item), is_inner=any(path[:depth] in rows for depth in range(len(path))))


def _shown_lists(tool: Tool, steps: dict[str, List]) -> list[Listing]:
    assert tool.effect is not None
    if tool.effect.is_text or not steps:
        return []
    found: list[tuple[Path, str]] = []
    totals: dict[str, Path] = {}
    for path, expression in _values(parse_template(tool.effect.returns), ()):
        name, part = _part_of(expression, steps)
        if name is not None and part is None:
            found.append(((*path, "items"), name))
            totals[name] = (*path, "total")
        elif name is not None and part == "items":
            found.append((path, name))
        elif name is not None and part == "total":
            totals[name] = path
    return [Listing(path, item := _item_at(tool, path), _row(item), totals.get(name)) for path, name in found]


def _item_at(tool: Tool, path: Path) -> dict[str, Any]:
    schema = tool.output_schema or {}
    return next((part for at, part in leaves(schema, inner=True) if at == (*path, EACH)), {})


def _about_lists(tool: Tool) -> set[Path]:
    """Where the effect shows how many items there are, and where they go on."""
    if tool.effect is None:
        return set()
    steps = {_name(step): step for step in walk(tool.effect.steps) if isinstance(step, List)}
    found: set[Path] = set()
    for path, expression in _values(parse_template(tool.effect.returns), ()):
        name, part = _part_of(expression, steps)
        if name is not None and part is None:
            found |= {(*path, "total"), (*path, "next")}
        elif part in ("total", "next") or any(field in ("total", "next") for _, field in expression.fields):
            found.add(path)
    return found


def _row(item: dict[str, Any]) -> str | None:
    entity = item.get(ROW_MARK)
    return entity if isinstance(entity, str) else None


def _name(step: List) -> str:
    return step.as_ or f"{step.list}s"


def _values(template: Template, at: Path) -> Iterator[tuple[Path, Expression]]:
    match template:
        case Value(expression, True):
            yield at, expression
        case Fields(parts):
            for name, part in parts:
                yield from _values(part, (*at, name))
        case Items(items):
            for index, part in enumerate(items):
                yield from _values(part, (*at, str(index)))


def _part_of(expression: Expression, steps: dict[str, List]) -> tuple[str | None, str | None]:
    """(`found`, `items`) for `found.items`, or for one value per item of it; (`found`, None) for `found`."""
    node: ast.expr = expression.node
    if isinstance(node, ast.ListComp) and len(node.generators) == 1 and not node.generators[0].ifs:
        node = node.generators[0].iter
        if not isinstance(node, ast.Attribute) or node.attr != "items":
            return None, None
    if isinstance(node, ast.Name) and node.id in steps:
        return node.id, None
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in steps:
        return node.value.id, node.attr
    return None, None


def _tells_next(tool: Tool, name: str) -> bool:
    """Whether the answer shows the `next` of a list, alone or with the whole list."""
    assert tool.effect is not None
    whole = {name: List(list="")}
    values = [value for _, value in _values(parse_template(tool.effect.returns), ())]
    return any((name, "next") in value.fields or _part_of(value, whole) == (name, None) for value in values)


def _bound(expression: Expression) -> str | None:
    """The argument of `args.x`, `args.x or 20`, `min(args.x or 20, 50)`: what it is set to is never exceeded."""
    arguments = {field for name, field in expression.fields if name == "args"}
    if len(arguments) != 1 or expression.names != {"args"} or any(call != "min" for call, _, _ in expression.calls):
        return None
    kinds = (ast.Attribute, ast.Name, ast.Load, ast.Constant, ast.BoolOp, ast.Or, ast.Call)
    if not all(isinstance(part, kinds) for part in ast.walk(expression.node)) or not _is_first(expression.node):
        return None
    return arguments.pop()


def _is_first(node: ast.expr) -> bool:
    """Whether the argument is what counts wherever it is given."""
    match node:
        case ast.Attribute():
            return True
        case ast.BoolOp(values=[first, *_]):
            return _is_first(first)
        case ast.Call(args=arguments):
            return any(_is_first(argument) for argument in arguments)
    return False


def _looped(step: ForEach) -> str | None:
    expression = parse(step.for_each)
    node = expression.node
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and isinstance(node.values[0], ast.Attribute):
        node = node.values[0]
    is_argument = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "args"
    return node.attr if is_argument and isinstance(node, ast.Attribute) else None


def _creates(step: ForEach) -> bool:
    return any(isinstance(inner, Create) for inner in walk(step.steps))
