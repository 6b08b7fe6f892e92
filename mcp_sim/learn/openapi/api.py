"""A spec as tools, entities and effects, each inferred item with what speaks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp_sim.learn.openapi.effects import Effects
from mcp_sim.learn.openapi.operations import Operation, operations
from mcp_sim.learn.openapi.references import Found, References
from mcp_sim.learn.openapi.resources import Resource, resources
from mcp_sim.learn.openapi.routes import route
from mcp_sim.learn.openapi.schemas import Schema, Schemas
from mcp_sim.learn.openapi.spec import Spec, read_spec
from schemas.check import check_pack
from schemas.rows import schema_at
from schemas.types import Pack
from store.traces.importers import Operation as Named

_SURE = {"create": 0.85, "read": 0.95, "list": 0.85, "update": 0.85, "delete": 0.9}
_ADOPTED = 0.6
_SEEN = 0.7
"""The confidence from which on a reference is enforced."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for an inferred item.

    Attributes:
        item: its pointer into the pack, e.g. `/entities/order/references/user_id`.
        confidence: from 0 to 1.
        why: one clause.
    """

    item: str
    confidence: float
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What the spec makes of one operation.

    Attributes:
        entity: that it is about, and its `role` there.
        path: the names that lead to the rows of an answer, None where there are none; `many` of them.
        parameters: the arguments in the path.
        wording: of its errors, as declared.
        rewrite: gives the effect of a tool that creates, from what its new rows have in common.
    """

    entity: str | None
    role: str
    path: tuple[str, ...] | None
    many: bool
    parameters: tuple[str, ...]
    wording: Any
    rewrite: Callable[[Any], dict[str, Any] | None]


NOT_PLANNED = Plan(None, "", None, False, (), None, lambda _: None)
"""Of an operation that no spec declares."""


@dataclass(slots=True)
class Api:
    """What a spec says, as parts of a pack.

    Attributes:
        entities, tools: as they stand in a pack.
        evidence: of every inferred item, those that were not put into the pack included.
        undecided: the tools whose answer is made up.
        requests: method, path and tool of every operation, to name recorded requests.
        told: what could not be used.
        plans: what the spec makes of every tool.
    """

    title: str
    description: str
    entities: dict[str, dict[str, Any]] = field(default_factory=dict)
    tools: dict[str, dict[str, Any]] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    requests: list[Named] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    plans: dict[str, Plan] = field(default_factory=dict)

    def parameters(self, tool: str) -> tuple[str, ...]:
        """The arguments of a tool that stand in its path."""
        return self.plans[tool].parameters

    def rewritten(self, tool: str, learned: Any) -> dict[str, Any] | None:
        """The effect of a tool that creates rows with this in common."""
        return self.plans[tool].rewrite(learned)

    def pack(self, name: str) -> dict[str, Any]:
        """A pack of these parts, as it stands in a file."""
        return {
            "name": name,
            "title": self.title,
            "description": self.description[:1000],
            "entities": self.entities,
            "tools": self.tools,
        }

    def note(self, item: str, confidence: float, why: str) -> None:
        """Keep what speaks for an item, or against it."""
        self.evidence.append(Evidence(item, confidence, why))


def learn_openapi(path: Path, tell: Callable[[str], None] = lambda _: None) -> Api:
    """What the spec in a file says.

    Raises:
        OSError: the file is not there or cannot be read.
        SpecError: it is no OpenAPI document.
    """
    told: list[str] = []

    def heard(message: str) -> None:
        told.append(message)
        tell(message)

    return _Reader(read_spec(path, heard)).api(told)


class _Reader:
    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._schemas = Schemas(spec)
        self._effects = Effects(self._schemas)
        self._operations = list(operations(spec, self._schemas))
        self._resources = resources(self._operations, self._schemas)
        info = spec.data.get("info")
        info = info if isinstance(info, dict) else {}
        self._effects.owners = {
            collection: resource
            for resource in self._resources
            for collection in resource.collections
            if "create" in resource.roles.values()
        }
        self._api = Api(str(info.get("title") or ""), str(info.get("description") or ""))

    def api(self, told: list[str]) -> Api:
        """Everything put together; what turns out not to hold is made up instead, and told."""
        references = References(self._resources, self._schemas)
        creatable = {one.name for one in self._resources if "create" in one.roles.values()}
        for resource in self._resources:
            found = dict(references.of_row(resource))
            resource.references = {
                path: one.to
                for path, one in found.items()
                if one.confidence >= _SEEN and one.to in creatable and "." not in path
            }
            self._entity(resource, found, creatable)
        roles = {tool: resource for resource in self._resources for tool in (*resource.adopted, *resource.roles)}
        for operation in self._operations:
            self._tool(operation, roles.get(operation.tool))
        self._settle()
        self._api.told = told
        return self._api

    def _entity(self, resource: Resource, found: dict[str, Found], creatable: set[str]) -> None:
        at = f"/entities/{resource.name}"
        self._api.note(at, resource.confidence, "; ".join(resource.why))
        row = self._row(resource)
        kept: dict[str, dict[str, str]] = {}
        for path, reference in found.items():
            target = schema_at(row, path)
            self._api.note(f"{at}/references/{path}", reference.confidence, f"{reference.why}: {reference.to}")
            if target is None or reference.confidence < _SEEN or reference.to not in creatable:
                continue
            _put(row, path, self._kind(reference.to))
            kept[path] = {"to": reference.to, "on_delete": "set-null"}
        described = self._schemas.resolved(resource.row).get("description")
        self._api.entities[resource.name] = {
            "description": str(described or "")[:600],
            "key": resource.key,
            "schema": row,
            "references": kept,
        }

    def _kind(self, entity: str) -> Schema:
        kind = next(one.kind for one in self._resources if one.name == entity)
        return {"type": [kind, "null"]}

    def _row(self, resource: Resource) -> Schema:
        """The schema of a row: the form of each field; only the key has to be there."""
        row = self._schemas.form({"type": "object", "properties": self._schemas.fields(resource.row)[0]})
        properties = {name: part for name, part in row.get("properties", {}).items() if _can_be_field(name)}
        properties[resource.key] = {"type": resource.kind}
        return {"type": "object", "required": [resource.key], "properties": properties}

    def _tool(self, operation: Operation, resource: Resource | None) -> None:
        role = "" if resource is None else resource.roles.get(operation.tool) or resource.adopted[operation.tool]
        effect = self._effects.of(operation, resource, role) if resource is not None else None
        at = f"/tools/{operation.tool}/effect"
        what = f"{operation.method} {operation.path}"
        if effect is not None and resource is not None:
            is_plain = operation.tool in resource.roles
            effect["confidence"] = _SURE[role] if is_plain else _ADOPTED
            why = f"{role} of {resource.name}" if is_plain else f"it answers with {resource.name}: {role}"
            self._api.note(at, effect["confidence"], f"{what}: {why}")
        else:
            effect = self._effects.made_up(operation)
            if effect["confidence"]:
                self._api.note(at, effect["confidence"], f"{what} answers with nothing; what it changes is not known")
            else:
                self._undecided(operation.tool, f"{what} is no plain operation on one resource")
        http = route(self._schemas, operation)
        output = {"type": "null"} if operation.answer is None else self._schemas.relaxed(operation.answer)
        reads = operation.method == "GET"
        self._api.tools[operation.tool] = {
            "title": operation.summary[:200] or None,
            "description": (operation.description or operation.summary)[:2000],
            "input": self._input(operation),
            "output": output,
            "annotations": {"read_only": reads, "destructive": operation.method == "DELETE"},
            "effect": {**effect, "http": http},
        }
        self._api.requests.append(Named(operation.method, operation.path, operation.tool))
        shape = None if resource is None else resource.shapes.get(operation.tool)

        def rewrite(learned: Any) -> dict[str, Any] | None:
            return None if resource is None else self._effects.of(operation, resource, role, learned)

        self._api.plans[operation.tool] = Plan(
            entity=None if resource is None else resource.name,
            role=role,
            path=None if shape is None else shape.path,
            many=shape is not None and shape.many,
            parameters=tuple(operation.parameters),
            wording=http.get("error"),
            rewrite=rewrite,
        )

    def _input(self, operation: Operation) -> Schema:
        properties: dict[str, Schema] = {}
        for one in operation.arguments:
            schema = self._schemas.plain(one.schema)
            described = one.description[:600] or schema.get("description")
            properties[one.name] = {**schema, **({"description": described} if described else {})}
        required = [one.name for one in operation.arguments if one.required]
        closed = {} if operation.open else {"additionalProperties": False}
        return {"type": "object", **closed, "required": required, "properties": properties}

    def _settle(self) -> None:
        """Check it as a pack; a reference or an effect that does not hold is left out."""
        for _ in range(3):
            pack = Pack.model_validate(self._api.pack("draft"))
            findings = check_pack(pack)
            if not findings:
                return
            for finding in findings:
                self._leave_out(finding.at, finding.message)

    def _leave_out(self, at: tuple[str | int, ...], message: str) -> None:
        kind, name, *rest = map(str, at)
        if kind == "entities" and rest[:1] == ["references"]:
            self._api.entities[name]["references"].pop(rest[1], None)
        elif kind == "entities":
            self._drop(name)
        elif rest[:2] == ["effect", "http"]:
            self._api.tools[name]["effect"].pop("http", None)
        elif rest[:1] == ["input"]:
            self._api.tools.pop(name, None)
        else:
            operation = next(one for one in self._operations if one.tool == name)
            http = self._api.tools[name]["effect"].get("http")
            made_up = self._effects.made_up(operation, bare=True)
            self._api.tools[name]["effect"] = {**made_up, **({"http": http} if http else {})}
            self._undecided(name, message)
        self._spec.tell(f"/{'/'.join(map(str, at))}: {message}; left out")

    def _drop(self, entity: str) -> None:
        """Leave out an entity and all that speaks of it."""
        self._api.entities.pop(entity, None)
        for other in self._api.entities.values():
            other["references"] = {path: one for path, one in other["references"].items() if one["to"] != entity}
        resource = next((one for one in self._resources if one.name == entity), None)
        for tool in resource.roles if resource is not None else ():
            operation = next(one for one in self._operations if one.tool == tool)
            http = self._api.tools[tool]["effect"].get("http")
            self._api.tools[tool]["effect"] = {
                **self._effects.made_up(operation, bare=True),
                **({"http": http} if http else {}),
            }
            self._undecided(tool, f"{entity} is no entity")

    def _undecided(self, tool: str, why: str) -> None:
        if tool not in self._api.undecided:
            self._api.undecided.append(tool)
        self._api.note(f"/tools/{tool}/effect", 0.0, why)


def _can_be_field(name: str) -> bool:
    return bool(name) and name.isprintable() and name[:1] not in "!=?" and not set(name) & set('"\\.')


def _put(row: Schema, path: str, schema: Schema) -> None:
    """Replace what stands at a path, lists stepped into, by a plain schema of keys."""
    part: Any = row
    *parents, last = path.split(".")
    for name in parents:
        part = part["properties"][name]
        while isinstance(part.get("items"), dict):
            part = part["items"]
    target = part["properties"][last]
    if isinstance(target.get("items"), dict) or "array" in str(target.get("type")):
        part["properties"][last] = {"type": ["array", "null"], "items": schema}
    else:
        part["properties"][last] = schema
