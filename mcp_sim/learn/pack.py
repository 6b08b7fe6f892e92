"""What was learned, as a pack in the house's own form."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from typing import Any

from mcp_sim.learn.changes import MADE
from mcp_sim.learn.declared import Entry
from mcp_sim.learn.learner import Lesson
from mcp_sim.learn.scope import Loop, Scope
from mcp_sim.learn.sources import literal
from mcp_sim.learn.tables import Table
from schemas.expressions import expressions, parse_template

_BARE = re.compile(r"[A-Za-z]\w*")


def pack_of(
    name: str,
    tables: Mapping[str, Table],
    entities: Mapping[str, dict[str, Any]],
    lessons: Iterable[Lesson],
    tools: Mapping[str, Entry],
    confidence: Mapping[str, float],
) -> dict[str, Any]:
    """The pack: entities, tools and seed rows.

    Args:
        entities: as they stand in it.
        tools: all of them; the effects that were learned are put in.
        confidence: of each lesson.
    """
    entries = {tool: entry.made_up for tool, entry in tools.items()}
    for lesson in lessons:
        effect = effect_of(lesson)
        if effect is not None:
            learned = {**effect, "confidence": confidence[lesson.tool]}
            entries[lesson.tool] = {**tools[lesson.tool].declared, "effect": learned}
    return {
        "name": name,
        "description": "Learned; report.html tells what is known, how well, and what is missing.",
        "entities": dict(entities),
        "tools": entries,
        "seed": {table.name: list(table.rows.values()) for table in tables.values()},
    }


def effect_of(lesson: Lesson) -> dict[str, Any] | None:
    """The effect of a tool, or None where its answer is not known."""
    if lesson.answer is None:
        return None
    steps = _Steps(lesson.scope)
    for guard in lesson.guards:
        steps.need(guard.negated, *_parts(guard.error))
        steps.add({"require": guard.negated, "error": guard.error, "status": _status(guard.condition)})
    for change in lesson.changes:
        steps.need(change.binding.name, *(found.source for found in change.sets.values()))
        if change.chosen is not None:
            steps.need(change.chosen[0], change.chosen[1].source)
    for make in lesson.makes:
        steps.need(*(found.source for found in make.values.values()))
    for drop in lesson.drops:
        steps.need(drop.key)
    steps.need(lesson.answer.source)
    answer = lesson.answer.source
    for make in lesson.makes:
        values = {name: template(found.source) for name, found in make.values.items()}
        steps.add({"create": make.table, "values": values, "as": MADE})
    for change in sorted(lesson.changes, key=lambda change: change.shown):
        if change.sets or change.chosen:
            sets: Any = {name: template(found.source) for name, found in change.sets.items()}
            if change.chosen is not None:
                sets = f"{{ {{{change.chosen[0]}: {change.chosen[1].source}}} }}"
            key = f"{change.binding.name}.{change.key}"
            name = change.binding.name if change.shown else "_"
            steps.add({"update": change.binding.table, "key": key, "set": sets, "as": name})
    for drop in lesson.drops:
        steps.add({"delete": drop.table, "key": drop.key})
    return {"steps": steps.pruned(answer), "text" if lesson.is_text else "returns": template(answer)}


def _parts(text: str) -> list[str]:
    """The expressions in a text."""
    found = []
    for expression in expressions(parse_template(text)):
        node = expression.node
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        found += [ast.unparse(p.value if isinstance(p, ast.FormattedValue) else p) for p in parts]
    return found


def _status(condition: str) -> int:
    if re.fullmatch(r"\w+ is None", condition):
        return 404
    return 400 if condition.startswith(("args.", "not args.", "not (args.")) else 409


class _Steps:
    """The steps of one effect; a name is given just before it is first used."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._bindings = {b.name: b for b in scope.bindings}
        self._named: set[str] = set()
        self.steps: list[dict[str, Any]] = []

    def add(self, step: dict[str, Any]) -> None:
        """One more step."""
        self.steps.append(step)

    def need(self, *sources: str) -> None:
        """Name everything that these expressions speak of."""
        for source in sources:
            for name in _free_names(source):
                if name in self._named:
                    continue
                if name in self._bindings:
                    self._named.add(name)
                    self._bind(name)
                elif name in self._scope.loops:
                    self._named.add(name)
                    self._loop(self._scope.loops[name])

    def _bind(self, name: str) -> None:
        source = self._bindings[name].source
        self.need(source)
        tree = ast.parse(source, mode="eval").body
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "get":
            entity, key = tree.args
            shown = ast.get_source_segment(source, key) or ast.unparse(key)
            self.add({"read": ast.literal_eval(entity), "key": shown, "as": name, "optional": True})
        else:
            self.add({"compute": {name: template(source)}})

    def _loop(self, loop: Loop) -> None:
        self.need(loop.source)
        self.add({"compute": {loop.name: template(loop.source)}})
        for binding in loop.scope.bindings:
            self.need(binding.source)
            record = f"merge(m, {{{literal(binding.name)}: {binding.source}}})"
            self.add({"compute": {loop.name: template(f"[{record} for m in {loop.name}]")}, "_part": binding.name})

    def pruned(self, answer: str) -> list[dict[str, Any]]:
        """The steps without the parts of records, and the names, that nothing uses."""
        kept: list[dict[str, Any]] = []
        words = set(_BARE.findall(answer))
        for step in reversed(self.steps):
            part = step.get("_part")
            named = part if part is not None else _only_name(step)
            if named is not None and named not in words:
                continue
            shown = {name: value for name, value in step.items() if name != "_part"}
            kept.append(shown)
            words |= set(_BARE.findall(repr(_without_name(shown, part))))
        return kept[::-1]


def _without_name(step: dict[str, Any], part: str | None) -> Any:
    """What a step uses: of a part of a record, all but its own name."""
    if part is None:
        return {"compute": list(step["compute"].values())} if "compute" in step else {**step, "as": ""}
    return repr(step["compute"]).replace(f'"{part}"', "")


def _only_name(step: dict[str, Any]) -> str | None:
    """The name that a step is there for alone."""
    if "compute" in step:
        return str(next(iter(step["compute"])))
    return str(step["as"]) if "read" in step else None


def _free_names(source: str) -> list[str]:
    tree = ast.parse(source, mode="eval")
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    functions = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    names = (n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in functions)
    return list(dict.fromkeys(n.id for n in names if n.id not in stored))


def template(source: str) -> Any:
    """An expression as a template: constants as they are, objects and lists of templates, else `{expression}`."""
    return _template(ast.parse(source, mode="eval").body, source)


def _template(node: ast.expr, source: str) -> Any:
    match node:
        case ast.Constant(value=str(text)):
            return _braced(text)
        case ast.Constant(value=value):
            return value
        case ast.Dict(keys=keys, values=values) if all(isinstance(key, ast.Constant) for key in keys):
            names = [key.value for key in keys if isinstance(key, ast.Constant)]
            return {name: _template(v, source) for name, v in zip(names, values, strict=True)}
        case ast.List(elts=items):
            return [_template(item, source) for item in items]
        case ast.JoinedStr() | ast.Call(func=ast.Name(id="join"), args=[ast.List(), ast.Constant()]):
            return _text(node, source)
    return _whole(node, source)


def _text(node: ast.expr, source: str) -> str:
    """A text with parts, as a template."""
    match node:
        case ast.Constant(value=str(text)):
            return _braced(text)
        case ast.JoinedStr(values=parts):
            return "".join(_text(part, source) for part in parts)
        case ast.FormattedValue(value=value, format_spec=ast.JoinedStr() as form):
            return (
                f"{{{ast.unparse(value)}:{''.join(str(p.value) for p in form.values if isinstance(p, ast.Constant))}}}"
            )
        case ast.FormattedValue(value=value):
            return _in_braces(ast.unparse(value))
        case ast.Call(func=ast.Name(id="join"), args=[ast.List(elts=items), ast.Constant(value=str(between))]):
            return _braced(between).join(_text(item, source) for item in items)
    return _whole(node, source)


def _whole(node: ast.expr, source: str) -> str:
    return _in_braces(ast.get_source_segment(source, node) or ast.unparse(node))


def _in_braces(text: str) -> str:
    return f"{{{text}}}" if not text.startswith("{") else f"{{ {text} }}"


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
