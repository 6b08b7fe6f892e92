"""Changes that an answer does not show: rows made, set or deleted behind a text such as "done"."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.history import Example
from mcp_sim.learn.language import UNDEFINED, value
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.sources import attribute, literal
from mcp_sim.learn.tables import POSITION, Row, Table, singular
from schemas.rows import key_text

_VERBS = {
    "create": {
        "create",
        "add",
        "new",
        "insert",
        "register",
        "schedule",
        "post",
        "send",
        "submit",
        "open",
        "make",
        "write",
    },
    "delete": {"delete", "remove", "drop", "discard", "erase", "destroy", "purge"},
    "update": {"update", "modify", "change", "set", "edit", "move", "rename", "assign", "reassign", "mark", "patch"},
}


@dataclass
class Silent:
    """A change that no answer shows.

    Attributes:
        kind: `create`, `update` or `delete`.
        table: the table.
        key: of `create`, the key of the new row; else the argument that names the row; both as expressions.
        sets: the fields, as expressions; empty for `delete`.
        dynamic: the arguments that name a field and its value, where the call says which.
        support: the answers that agree, and how many there were.
    """

    kind: str
    table: str
    key: str
    sets: dict[str, str] = field(default_factory=dict)
    dynamic: tuple[str, str] | None = None
    support: tuple[int, int] = (0, 0)

    def apply(self, rows: Rows, arguments: Row) -> Rows:
        """The rows after it."""
        names = {"args": _Lenient(arguments), "rows": rows}
        key = value(self.key, names)
        if key is UNDEFINED or key is None:
            return rows
        before = rows.get(self.table, key)
        if self.kind == "delete":
            return rows if before is None else rows.put(self.table, key_text(key), None)
        sets = {name: value(source, names) for name, source in self.sets.items()}
        if self.dynamic is not None:
            sets[str(value(self.dynamic[0], names))] = value(self.dynamic[1], names)
        sets = {name: None if v is UNDEFINED else v for name, v in sets.items()}
        if self.kind == "create":
            return rows.put(self.table, key_text(key), sets)
        if before is None:
            return rows
        given = {n: v for n, v in sets.items() if v is not None}
        return rows.put(self.table, key_text(key), {**before, **given})


class _Lenient(dict[str, Any]):
    """Arguments, null where they are missing, as effects see them."""

    def __missing__(self, name: str) -> Any:
        return None


def learn_silent(tool: str, examples: list[Example], tables: dict[str, Table]) -> Silent | None:
    """What a tool changes without showing it, as far as its arguments and its name tell."""
    fine = [e for e in examples if not e.call.is_error]
    if not fine or any(e.seen for e in fine) or Counter(e.call.kind for e in fine)["read"] > 0.5 * len(fine):
        return None
    words = set(re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", tool).lower()))
    names = list(dict.fromkeys(n for e in fine for n in e.call.arguments))
    for table in tables.values():
        made = _creates(table, fine, names, words)
        if made is not None:
            return made
    for table in tables.values():
        key = next((n for n in names if _is_key(n, table, fine)), None)
        if key is None:
            continue
        source = attribute("args", key)
        if words & _VERBS["delete"]:
            return Silent("delete", table.name, source, support=(len(fine), len(fine)))
        if words & _VERBS["update"]:
            rest = [n for n in names if n != key]
            fields = set(table.fields)
            chooser = next((n for n in rest if _share([e.call.arguments.get(n) for e in fine], fields) >= 0.8), None)
            if chooser is not None:
                other = next((n for n in rest if n != chooser), None)
                if other is not None:
                    return Silent(
                        "update", table.name, source, dynamic=(attribute("args", chooser), attribute("args", other)),
                        support=(len(fine), len(fine)),
                    )  # fmt: skip
            sets = {n: attribute("args", n) for n in rest if n in fields}
            if sets:
                return Silent("update", table.name, source, sets, support=(len(fine), len(fine)))
    return None


def _share(values: list[Any], known: set[str]) -> float:
    given = [v for v in values if isinstance(v, str)]
    return sum(v in known for v in given) / len(given) if given else 0.0


def _is_key(name: str, table: Table, examples: list[Example]) -> bool:
    if not table.own_key:
        return False
    values = [v for e in examples if isinstance(v := e.call.arguments.get(name), str | int)]
    hits = sum(e.rows.get(table.name, e.call.arguments.get(name)) is not None for e in examples)
    words = name.lower()
    alike = words == table.key.lower() or singular(table.name) in words
    return bool(values) and (hits >= 0.5 * len(values) or (alike and hits > 0)) and (alike or hits > 1)


def _creates(table: Table, fine: list[Example], names: list[str], words: set[str]) -> Silent | None:
    fields = [f for f in table.fields if f not in (table.key, POSITION)]
    shared = [n for n in names if n in fields]
    if not table.own_key or len(shared) < 0.6 * len(fields) or not words & _VERBS["create"]:
        return None
    best: tuple[int, str] | None = None
    for source in new_keys(table):
        hits = 0
        for example in fine:
            made = value(source, {"args": example.call.arguments, "rows": example.rows})
            hits += made is not UNDEFINED and key_text(made) in str(example.answer)
        if best is None or hits > best[0]:
            best = (hits, source)
    if best is None or best[0] < 0.4 * len(fine):
        return None
    sets = {table.key: best[1], **{n: attribute("args", n) for n in fields if n in shared}}
    if POSITION in table.fields:
        sets[POSITION] = f"max([r.{POSITION} for r in find({literal(table.name)})]) + 1"
    return Silent("create", table.name, best[1], sets, support=(best[0], len(fine)))


def new_keys(table: Table) -> list[str]:
    """Expressions for the key of the next row: the largest and one, or the count, written as the keys are."""
    keys = [row[table.key] for row in table.rows.values()]
    rows = f"find({literal(table.name)})"
    if all(isinstance(k, int) for k in keys):
        return [f"max([r.{table.key} for r in {rows}]) + 1", f"len({rows}) + 1", f"len({rows})"]
    texts = [k for k in keys if isinstance(k, str)]
    found = [re.fullmatch(r"(.*?)(\d+)", k) for k in texts]
    if not texts or not all(found):
        return []
    heads = {m.group(1) for m in found if m}
    if len(heads) != 1:
        return []
    head = heads.pop()
    widths = {len(m.group(2)) for m in found if m}
    digits = f"int(r.{table.key}[{len(head)}:])" if head else f"int(r.{table.key})"
    numbers = [f"max([{digits} for r in {rows}]) + 1", f"len({rows})", f"len({rows}) + 1"]
    shown = [f"pad({n}, {max(widths)})" if len(widths) == 1 else f"str({n})" for n in numbers]
    return [f"{literal(head)} + {s}" if head else s for s in shown]
