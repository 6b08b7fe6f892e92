"""What the operations on a resource do to its rows, declared as effects; everything else is made up, and says so."""

from __future__ import annotations

import keyword
import re
from typing import Any

from mcp_sim.learn.openapi.filters import condition
from mcp_sim.learn.openapi.moments import CHANGED, MADE, constants, moments
from mcp_sim.learn.openapi.needed import Needed
from mcp_sim.learn.openapi.operations import Operation
from mcp_sim.learn.openapi.resources import Resource, Shape
from mcp_sim.learn.openapi.schemas import Schema, Schemas
from mcp_sim.learn.openapi.words import argument, singular, words

_LIMITS = {("limit",), ("per", "page"), ("page", "size"), ("max", "results"), ("page", "limit"), ("count",), ("top",)}
_OFFSETS = {("offset",), ("skip",), ("start",), ("page", "offset")}
_PAGES = {("page",), ("page", "number")}
_MANY = 40
_EMPTY = {204, 205}


class Effects:
    """Writes the effects of one spec.

    Attributes:
        owners: the resources that can be created, by the path of a collection of theirs, with `{}` for parameters.
    """

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._needed = Needed(schemas)
        self.owners: dict[str, Resource] = {}

    def of(self, operation: Operation, resource: Resource, role: str, learned: Any = None) -> dict[str, Any] | None:
        """The effect of an operation that plays a role in a resource; None where it is not clear.

        `learned` is what new rows of it were seen to have in common, as a template.
        """
        shape = resource.shapes.get(operation.tool)
        key = self._key(operation)
        says_nothing = operation.answer is None or operation.status in _EMPTY
        if role == "create":
            return self._create(operation, resource, learned) if shape is not None or says_nothing else None
        if role == "list":
            return self._list(operation, resource) if shape is not None and shape.many else None
        if key is None:
            return None
        if role == "delete":
            return self._delete(operation, resource, key)
        if role == "update":
            return self._update(operation, resource, key) if shape is not None or says_nothing else None
        if shape is None or shape.many:
            return None
        above = self._above(operation, len(operation.parameters) - 1)
        steps = [*above, {"read": resource.name, "key": key, "missing": _missing(resource, operation)}]
        return {"steps": steps, "returns": self._wrapped(operation, resource, "{" + resource.name + "}")}

    def made_up(self, operation: Operation, *, bare: bool = False) -> dict[str, Any]:
        """An effect that hands the whole answer to the world model; not `bare`, the rows in its path have to be."""
        above = [] if bare else self._above(operation, len(operation.parameters))
        if operation.answer is None or operation.status in _EMPTY:
            return {"steps": above, "returns": None, "confidence": 0.6}
        step = {"imagine": "answer", "schema": self._needed.of(operation.answer), "about": operation.summary}
        return {"steps": [*above, step], "returns": "{answer}", "confidence": 0.0}

    def _create(self, operation: Operation, resource: Resource, learned: Any = None) -> dict[str, Any]:
        fields, required = self._schemas.fields(self._created(operation, resource))
        wrapper, names = self._wrapper(operation, resource)
        fixed = constants(self._schemas, fields)
        names = [name for name in names if name not in fixed]
        values: dict[str, Any] = {} if wrapper else self._given(operation, resource)
        values = {name: value for name, value in values.items() if name in fields}
        steps = self._above(operation, len(operation.parameters))
        values.update(self._parents(operation, resource, set(values) | set(names)))
        times = moments(self._schemas, fields, MADE | CHANGED)
        sure = {one.field for one in operation.arguments if one.required} | {name for name in values if name in names}
        common = learned if isinstance(learned, dict) else {}
        known = {resource.key, *common, *fixed, *times, *(name for name in values if name in sure), *names}
        rest = self._rest(resource, fields, [name for name in required if name in fields and name not in known])
        if rest is not None:
            steps.append({"imagine": "rest", "schema": rest, "about": f"the other fields of a new {resource.name}"})
            for name in rest["properties"]:
                values[name] = _or(values.get(name), f"rest[{name!r}]", rest["properties"][name])
        values.update(times)
        values.update(fixed)
        if wrapper or common:
            steps.append({"compute": {"own": values, **({"common": common} if common else {})}})
            given = [f"pick({wrapper} or own, {', '.join(map(repr, names))})"] if wrapper else []
            parts = ", ".join([*(["common"] if common else []), "own", *given])
            steps.append({"create": resource.name, "values": f"{{{'overlaid' if common else 'merge'}({parts})}}"})
        else:
            steps.append({"create": resource.name, "values": values})
        return {"steps": steps, "returns": self._wrapped(operation, resource, "{" + resource.name + "}")}

    def _update(self, operation: Operation, resource: Resource, key: str) -> dict[str, Any]:
        fields, _ = self._schemas.fields(resource.row)
        wrapper, names = self._wrapper(operation, resource)
        given: dict[str, Any] = {} if wrapper else self._given(operation, resource)
        given.pop(resource.key, None)
        given.update(
            {name: value for name, value in moments(self._schemas, fields, CHANGED).items() if name not in given}
        )
        missing = _missing(resource, operation)
        steps: list[dict[str, Any]] = [{"read": resource.name, "key": key, "missing": missing, "as": "before"}]
        changes: Any = given
        inside = [name for name in names if name != resource.key and name not in constants(self._schemas, fields)]
        if wrapper and inside:
            steps.append({"compute": {"own": given}})
            nested = [
                name for name in inside if name.isidentifier() and self._schemas.types(fields[name]) == {"object"}
            ]
            parts = [f"pick({wrapper} or own, {', '.join(map(repr, inside))})"]
            for name in nested:  # what a change leaves out of an object stays as it was
                fresh = f"{{{name!r}: merge(before.{name}, {wrapper}.{name})}}"
                parts.append(f"{fresh} if at({wrapper}, {name!r}) is not None else None")
            changes = f"{{merge(own, {', '.join(parts)})}}"
        same = {"read": resource.name, "key": key}
        steps.append({"update": resource.name, "key": key, "set": changes} if changes else same)
        return {"steps": steps, "returns": self._wrapped(operation, resource, "{" + resource.name + "}")}

    def _delete(self, operation: Operation, resource: Resource, key: str) -> dict[str, Any]:
        missing = _missing(resource, operation)
        steps: list[dict[str, Any]] = [{"read": resource.name, "key": key, "missing": missing}]
        steps.append({"delete": resource.name, "key": key})
        if operation.answer is None or operation.status in _EMPTY:
            return {"steps": steps, "returns": None}
        shape = resource.shapes.get(operation.tool)
        said = self._said_of_deletion(operation, resource)
        tells_more = said is not None and not said.keys() <= self._schemas.fields(resource.row)[0].keys()
        if shape is not None and not shape.many and not tells_more:
            return {"steps": steps, "returns": self._wrapped(operation, resource, "{" + resource.name + "}")}
        if said is not None:
            return {"steps": steps, "returns": said}
        made_up = self.made_up(operation, bare=True)
        return {"steps": [*steps, *made_up["steps"]], "returns": made_up["returns"]}

    def _said_of_deletion(self, operation: Operation, resource: Resource) -> dict[str, Any] | None:
        """What is told of a row that is gone: its key, that it is gone, and what never changes."""
        fields, required = self._schemas.fields(operation.answer)
        found: dict[str, Any] = constants(self._schemas, fields)
        own = {(resource.key,), *((*before, *resource.words, "id") for before in ((), ("deleted",)))}
        own |= {(*before, resource.words[-1], "id") for before in ((), ("deleted",))} | {("deleted", "id")}
        for name, part in fields.items():
            if name == resource.key or words(name) in own:
                found[name] = f"{{{resource.name}[{resource.key!r}]}}"
            elif self._schemas.types(part) == {"boolean"} and words(name)[-1:] in (("deleted",), ("success",), ("ok",)):
                found[name] = True
        return found if all(name in found for name in required) and found else None

    def _list(self, operation: Operation, resource: Resource) -> dict[str, Any]:
        row = self._schemas.fields(resource.row)[0]
        step: dict[str, Any] = {"list": resource.name, "as": "rows"}
        match: dict[str, Any] = {}
        where: list[str] = []
        for one in operation.arguments:
            source = _argument(one.name)
            if source is None or one.place == "body":
                continue
            spoken = words(one.field)
            is_number = self._schemas.types(one.schema) <= {"integer", "number"}
            if spoken in _LIMITS and is_number:
                step["limit"] = f"max(1, {source} or 100)"
            elif spoken in _OFFSETS and is_number:
                step["offset"] = f"max(0, {source} or 0)"
            elif (
                one.place == "query" and (kept := condition(self._schemas, one, source, resource.key, row)) is not None
            ):
                where.append(kept)
            elif one.field in row and one.place == "query" and self._is_scalar(row[one.field]):
                match[one.field] = f"{{{source}}}"
        step.update({"match": match} if match else {})
        match.update(self._parents(operation, resource, set(match)))
        if match:
            step["match"] = match
        if where:
            step["where"] = " and ".join(where)
        above = self._above(operation, len(operation.parameters))
        return {"steps": [*above, step], "returns": self._wrapped(operation, resource, "{rows['items']}")}

    def _given(self, operation: Operation, resource: Resource) -> dict[str, Any]:
        """The fields of a row that the body of a request holds."""
        row = self._schemas.fields(resource.row)[0]
        found = {}
        for name, one in operation.of("body").items():
            source = _argument(one.name)
            if name in row and source is not None and self._may_hold(row[name], one.schema):
                found[name] = f"{{{source}}}"
        return found

    def _may_hold(self, field: Any, argument: Any, depth: int = 3) -> bool:
        """Whether a field may hold what an argument brings: both are of one kind."""
        ours, theirs = self._schemas.types(field), self._schemas.types(argument)
        if not ours or not theirs or {*ours, *theirs} <= {"integer", "number"}:
            return True
        if "object" not in ours & theirs or not depth:
            return bool(ours & theirs)
        fields, given = self._schemas.fields(field)[0], self._schemas.fields(argument)[0]
        return all(self._may_hold(fields[name], given[name], depth - 1) for name in fields.keys() & given.keys())

    def _wrapper(self, operation: Operation, resource: Resource) -> tuple[str | None, list[str]]:
        """The argument that holds the row, where the body wraps it: `{"data": {"attributes": ...}}`; and its fields."""
        row = self._schemas.fields(resource.row)[0]
        direct = operation.of("body").keys() & row.keys()
        for name, one in operation.of("body").items():
            source = _argument(one.name)
            if name not in row and source is not None and self._is_row(one.schema, row, len(direct)):
                return source, [field for field in self._schemas.fields(one.schema)[0] if field in row]
        return None, []

    def _is_row(self, schema: Any, row: dict[str, Any], direct: int) -> bool:
        fields, _ = self._schemas.fields(schema)
        shared = fields.keys() & row.keys()
        return bool(shared - {"type"}) and len(shared) > direct and 2 * len(shared) >= min(len(fields), len(row))

    def _parents(self, operation: Operation, resource: Resource, given: set[str]) -> dict[str, Any]:
        """The fields of a row that the path names: `/users/{user_id}/orders` says whose order it is."""
        row = self._schemas.fields(resource.row)[0]
        parts = operation.path.strip("/").split("/")
        found: dict[str, Any] = {}
        for place, part in enumerate(parts):
            if not part.startswith("{") or (part == parts[-1] and self._is_at_item(resource, operation)):
                continue
            parameter = part.strip("{}")
            above = words(parts[place - 1]) if place else ()
            spelled = {words(parameter), (*_one(above), "id"), _one(above)}
            name = next((name for name in row if words(name) in spelled and name != resource.key), None)
            argument = next((one.name for one in operation.arguments if one.field == parameter), None)
            source = None if argument is None else _argument(argument)
            if name is not None and name not in given and source is not None and self._names(resource, name, row):
                found[name] = f"{{{source}}}"
        return found

    def _names(self, resource: Resource, name: str, row: dict[str, Any]) -> bool:
        return name in resource.references or self._is_scalar(row[name])

    def _is_at_item(self, resource: Resource, operation: Operation) -> bool:
        return _role(resource, operation) in ("read", "update", "delete")

    def _rest(self, resource: Resource, fields: dict[str, Any], names: list[str]) -> Schema | None:
        """The schema of what a new row needs besides, fields that refer to other rows apart."""
        names = [name for name in names if name not in resource.references][:_MANY]
        if not names:
            return None
        properties = {name: self._needed.of(fields[name], 1) for name in names}
        return {"type": "object", "required": names, "properties": properties}

    def _created(self, operation: Operation, resource: Resource) -> Any:
        """The schema of a row that this operation makes: of alternatives, the one that takes most of its body."""
        given = operation.of("body").keys()
        branches = self._schemas.branches(resource.row)
        return max(branches, key=lambda one: len(given & self._schemas.fields(one)[0].keys()))

    def _above(self, operation: Operation, depth: int) -> list[dict[str, Any]]:
        """The rows that the first parameters of a path name: they have to be there."""
        parts = operation.path.strip("/").split("/")
        steps: list[dict[str, Any]] = []
        for place, part in enumerate(parts):
            if not part.startswith("{") or len(steps) >= depth:
                continue
            collection = "/" + re.sub(r"{[^{}]*}", "{}", "/".join(parts[:place]))
            owner, source = self.owners.get(collection), _argument(argument(part.strip("{}")))
            if owner is not None and source is not None:
                title = owner.name.replace("_", " ").capitalize()
                missing = f"{title} '{{{source}}}' not found"
                steps.append({"read": owner.name, "key": source, "missing": missing, "as": f"above_{len(steps) + 1}"})
        return steps

    def _wrapped(self, operation: Operation, resource: Resource, value: Any) -> Any:
        """The value in the envelope that the answer declares, with the constants and counts that stand beside it."""
        shape = resource.shapes.get(operation.tool)
        if operation.answer is None or operation.status in _EMPTY:
            return None
        value = self._told(resource, shape, value)
        if shape is None or not shape.path:
            return value
        (name,) = shape.path
        if shape.many and _role(resource, operation) != "list":
            return {name: [value]}
        fields, required = self._schemas.fields(operation.answer)
        beside: dict[str, Any] = constants(self._schemas, fields)
        for other in fields:
            spoken = set(words(other))
            if (
                shape.many
                and spoken & {"total", "count"}
                and self._schemas.types(fields[other]) <= {"integer", "number"}
            ):
                beside[other] = "{rows.total}"
            elif shape.many and spoken == {"has", "more"}:
                beside[other] = "{rows['next'] is not None}"
            elif other in required and self._schemas.types(fields[other]) == {"string"} and other not in beside:
                beside[other] = _address(operation) if spoken & {"url", "href", "path", "self"} else ""
        beside.pop(name, None)
        return {name: value, **beside}

    def _told(self, resource: Resource, shape: Shape | None, value: Any) -> Any:
        """The row, or the part of it that an answer declares which tells less than the whole."""
        whole = self._schemas.fields(resource.row)[0]
        declared = whole if shape is None else self._schemas.fields(shape.row)[0]
        names = [name for name in declared if name in whole]
        if resource.key not in names or len(names) == len(whole) or value != f"{{{resource.name}}}":
            return value
        return f"{{pick({resource.name}, {', '.join(map(repr, names))})}}"

    def _is_scalar(self, schema: Any) -> bool:
        kinds = self._schemas.types(schema)
        return bool(kinds) and kinds <= {"string", "integer", "number", "boolean"}

    def _key(self, operation: Operation) -> str | None:
        parameters = operation.parameters
        return _argument(parameters[-1]) if parameters else None


def _role(resource: Resource, operation: Operation) -> str:
    return resource.roles.get(operation.tool) or resource.adopted.get(operation.tool, "")


def _argument(name: str) -> str | None:
    """The expression for an argument; None where its name is none that expressions know."""
    return f"args.{name}" if name.isidentifier() and not keyword.iskeyword(name) and name[0] != "_" else None


def _address(operation: Operation) -> str:
    """The path of a request, as a template."""
    return re.sub(r"{(\w+)}", r"{args.\1}", operation.route)


def _or(given: str | None, rest: str, schema: Schema) -> str:
    """What was given, else what was made up; an object that was given keeps what it leaves out of it."""
    if given is None:
        return f"{{{rest}}}"
    source = given.strip("{}")
    if schema.get("type") == "object":
        return f"{{merge({rest}, {source})}}"
    return f"{{{rest} if {source} is None else {source}}}"


def _missing(resource: Resource, operation: Operation) -> str:
    title = resource.name.replace("_", " ").capitalize()
    return f"{title} '{{args.{operation.parameters[-1]}}}' not found"


def _one(above: tuple[str, ...]) -> tuple[str, ...]:
    return (*above[:-1], singular(above[-1])) if above else ()
