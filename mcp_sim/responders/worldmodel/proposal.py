"""From what a world model said to a Draft: SQL names the rows, the model fills them."""

from __future__ import annotations

from typing import Any

from mcp_sim.responders.base import answer, refusal
from mcp_sim.worldmodel.parse import Said, Unreadable
from schemas.marks import ROW_MARK, at_pointer
from schemas.rows import is_key, key_text
from schemas.types import Observation, Row, StateDelta, Tool, View, World
from store.overlay import Overlay, Restricted

Proposal = tuple[Observation, StateDelta, tuple[str, ...]]


class Proposals:
    """Turns the answers for one tool into observations and deltas."""

    def __init__(self, tool: Tool, world: World, *, writes: bool) -> None:
        self._tool = tool
        self._world = world
        self._writes = writes

    def read(self, said: Said, view: View) -> Proposal:
        """The observation with every marked row as the database holds it, the delta, and notes on what was put right.

        Raises:
            Unreadable: the proposed changes are not changes.
        """
        if said.is_error:
            return refusal(said.observation, 400), StateDelta(), ()
        if self._tool.output_schema is None and isinstance(said.observation, str):
            return Observation(said.observation), self._delta(said.changes or [], view)[0].delta(), ()
        if not self._writes:
            content, notes = self._as_held(said.observation, view)
            return answer(content), StateDelta(), notes
        changes = said.changes if said.changes is not None else self._inferred(said.observation, view)
        after, minted = self._delta(changes, view)
        content = _renamed(said.observation, minted)
        notes = tuple(
            f"{entity} '{placeholder}' became '{key_text(key)}'" for (entity, placeholder), key in minted.items()
        )
        return answer(content), after.delta(), notes

    def _delta(self, changes: list[Any], view: View) -> tuple[Overlay, dict[tuple[str, str], Any]]:
        after = Overlay(self._world, view)
        minted: dict[tuple[str, str], Any] = {}
        read = [self._change(change) for change in changes]
        for op, entity, row in read:
            given = key_text(row.get(self._world.entities[entity].key))
            if op == "create" and (entity, given) not in minted:
                minted[entity, given] = view.new_id(entity)
        for op, entity, given_row in read:
            definition = self._world.entities[entity]
            row = self._renamed_row(entity, given_row, minted)
            key = key_text(row.get(definition.key))
            before = after.get(entity, key)
            if op == "delete":
                if before is None:
                    raise Unreadable(f"it deletes {entity} '{key}', which does not exist")
                try:
                    after.delete(entity, key)
                except Restricted as error:
                    raise Unreadable(f"it breaks a rule: {error}") from None
            elif op == "update":
                if before is None:
                    raise Unreadable(f"it updates {entity} '{key}', which does not exist")
                after.put(entity, {**before, **row})
            else:
                after.put(entity, {**definition.blank, **row})
        return after, minted

    def _change(self, change: Any) -> tuple[str, str, Row]:
        if not isinstance(change, dict) or not isinstance(change.get("row"), dict):
            raise Unreadable("each change has 'op', 'entity' and 'row'")
        op, entity, row = change.get("op"), change.get("entity"), change["row"]
        if op not in ("create", "update", "delete"):
            raise Unreadable(f"'{op}' is no change; create, update or delete is")
        if not isinstance(entity, str) or entity not in self._world.entities:
            raise Unreadable(f"there is no entity '{entity}'; known: {', '.join(self._world.entities)}")
        if not is_key(row.get(self._world.entities[entity].key)):
            raise Unreadable(f"a change of {entity} lacks '{self._world.entities[entity].key}' in its row")
        return op, entity, row

    def _renamed_row(self, entity: str, row: Row, minted: dict[tuple[str, str], Any]) -> Row:
        """The row with the minted keys, its own and those that it refers to, in place of placeholders."""
        definition = self._world.entities[entity]
        own = (entity, key_text(row[definition.key]))
        row = {**row, definition.key: minted.get(own, row[definition.key])}
        for path, reference in definition.references.items():
            names = {given: key for (to, given), key in minted.items() if to == reference.to}
            if names:
                row = _at_path(row, path.split("."), names)
        return row

    def _inferred(self, content: Any, view: View) -> list[dict[str, Any]]:
        """The changes that an observation implies: each whole row that it shows is as the call left it."""
        found = []
        for entity, row in shown_rows(self._tool.output_schema, content):
            definition = self._world.entities[entity]
            key = row.get(definition.key)
            if not is_key(key):
                continue
            fields = {name: part for name, part in row.items() if name in definition.properties}
            op = "update" if view.exists(entity, key_text(key)) else "create"
            found.append({"op": op, "entity": entity, "row": fields})
        return found

    def _as_held(self, content: Any, view: View) -> tuple[Any, tuple[str, ...]]:
        """The observation of a query, each row that it shows with the fields that the database holds."""
        notes = []
        for entity, row in shown_rows(self._tool.output_schema, content):
            key = row.get(self._world.entities[entity].key)
            held = view.get(entity, key_text(key)) if is_key(key) else None
            if held is not None:
                wrong = sorted(name for name in row.keys() & held.keys() if row[name] != held[name])
                if wrong:
                    row.update({name: held[name] for name in wrong})
                    notes.append(f"{entity} '{key_text(key)}': {', '.join(wrong)} as the database holds")
        return content, tuple(notes)


def shown_rows(schema: Any, content: Any, root: Any = None) -> list[tuple[str, Row]]:
    """The objects of an observation that its schema marks as whole rows, as (entity, object)."""
    root = schema if root is None else root
    if not isinstance(schema, dict):
        return []
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        return shown_rows(at_pointer(root, reference[1:]), content, root)
    found: list[tuple[str, Row]] = []
    if isinstance(content, dict):
        if ROW_MARK in schema:
            found.append((str(schema[ROW_MARK]), content))
        for name, part in (schema.get("properties") or {}).items():
            if name in content:
                found += shown_rows(part, content[name], root)
    elif isinstance(content, list):
        for item in content:
            found += shown_rows(schema.get("items"), item, root)
    for word in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(word, ()):
            found += shown_rows(part, content, root)
    return list({id(row): (entity, row) for entity, row in found}.values())


def _at_path(value: Any, names: list[str], keys: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_at_path(part, names, keys) for part in value]
    if not names:
        return keys.get(key_text(value), value) if is_key(value) else value
    if isinstance(value, dict) and names[0] in value:
        return {**value, names[0]: _at_path(value[names[0]], names[1:], keys)}
    return value


def _renamed(content: Any, minted: dict[tuple[str, str], Any]) -> Any:
    """The observation with the minted keys in place of the placeholders, wherever a value is just that."""
    names = {given: key for (_, given), key in minted.items()}
    if not names:
        return content
    if isinstance(content, dict):
        return {name: _renamed(part, minted) for name, part in content.items()}
    if isinstance(content, list):
        return [_renamed(part, minted) for part in content]
    return names.get(content, content) if isinstance(content, str) else content
