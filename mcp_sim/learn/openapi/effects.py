"""What the operations on a resource do to its rows, declared as effects; everything else is made up, and says so."""

from __future__ import annotations

import keyword
import re
from typing import Any

from mcp_sim.learn.openapi.operations import Operation
from mcp_sim.learn.openapi.resources import Resource, Shape
from mcp_sim.learn.openapi.schemas import Schema, Schemas
from mcp_sim.learn.openapi.words import singular, words

_LIMITS = {("limit",), ("per", "page"), ("page", "size"), ("max", "results"), ("page", "limit"), ("count",), ("top",)}
_OFFSETS = {("offset",), ("skip",), ("start",), ("page", "offset")}
_PAGES = {("page",), ("page", "number")}
_MADE = {"created", "create", "creation", "date_created"}
_CHANGED = {"updated", "modified", "changed", "update"}
_MANY = 40
_EMPTY = {204, 205}


class Effects:
    """Writes the effects of one spec."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def of(self, operation: Operation, resource: Resource, role: str) -> dict[str, Any] | None:
        """The effect of an operation that plays a role in a resource; None where it is not clear."""
        shape = resource.shapes.get(operation.tool)
        key = self._key(operation)
        says_nothing = operation.answer is None or operation.status in _EMPTY
        if role == "create":
            return self._create(operation, resource) if shape is not None or says_nothing else None
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
        steps = [{"read": resource.name, "key": key, "missing": _missing(resource, operation)}]
        return {"steps": steps, "returns": self._wrapped(operation, resource, "{" + resource.name + "}")}

    def made_up(self, operation: Operation) -> dict[str, Any]:
        """An effect that hands the whole answer to the world model."""
        if operation.answer is None or operation.status in _EMPTY:
            return {"returns": None, "confidence": 0.6}
        step = {"imagine": "answer", "schema": self._schemas.plain(operation.answer), "about": operation.summary}
        return {"steps": [step], "returns": "{answer}", "confidence": 0.0}

    def _create(self, operation: Operation, resource: Resource) -> dict[str, Any]:
        fields, _ = self._schemas.fields(resource.row)
        wrapper, names = self._wrapper(operation, resource)
        names = [name for name in names if name not in self._constants(fields)]
        values, steps = {} if wrapper else self._given(operation, resource), []
        values.update(self._parents(operation, resource, set(values) | set(names)))
        rest = self._rest(resource, set(values) | set(names))
        if rest is not None:
            steps.append({"imagine": "rest", "schema": rest, "about": f"the other fields of a new {resource.name}"})
            values.update({name: f"{{rest[{name!r}]}}" for name in rest["properties"]})
        values.update(self._moments(fields, _MADE | _CHANGED))
        values.update(self._constants(fields))
        if wrapper:
            steps.append({"compute": {"own": values}})
            given = f"pick({wrapper} or own, {', '.join(map(repr, names))})"
            steps.append({"create": resource.name, "values": f"{{merge(own, {given})}}"})
        else:
            steps.append({"create": resource.name, "values": values})
        return {"steps": steps, "returns": self._wrapped(operation, resource, "{" + resource.name + "}")}

    def _update(self, operation: Operation, resource: Resource, key: str) -> dict[str, Any]:
        fields, _ = self._schemas.fields(resource.row)
        wrapper, names = self._wrapper(operation, resource)
        given: dict[str, Any] = {} if wrapper else self._given(operation, resource)
        given.pop(resource.key, None)
        given.update({name: value for name, value in self._moments(fields, _CHANGED).items() if name not in given})
        missing = _missing(resource, operation)
        steps: list[dict[str, Any]] = [{"read": resource.name, "key": key, "missing": missing, "as": "before"}]
        changes: Any = given
        inside = [name for name in names if name != resource.key and name not in self._constants(fields)]
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
        if shape is not None and not shape.many:
            return {"steps": steps, "returns": self._wrapped(operation, resource, "{" + resource.name + "}")}
        said = self._said_of_deletion(operation, resource)
        if said is not None:
            return {"steps": steps, "returns": said}
        made_up = self.made_up(operation)
        return {"steps": [*steps, *made_up["steps"]], "returns": made_up["returns"]}

    def _said_of_deletion(self, operation: Operation, resource: Resource) -> dict[str, Any] | None:
        """What is told of a row that is gone: its key, that it is gone, and what never changes."""
        fields, required = self._schemas.fields(operation.answer)
        found: dict[str, Any] = self._constants(fields)
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
            elif one.field in row and one.place == "query" and self._is_scalar(row[one.field]):
                match[one.field] = f"{{{source}}}"
        step.update({"match": match} if match else {})
        match.update(self._parents(operation, resource, set(match)))
        if match:
            step["match"] = match
        return {"steps": [step], "returns": self._wrapped(operation, resource, "{rows['items']}")}

    def _given(self, operation: Operation, resource: Resource) -> dict[str, Any]:
        """The fields of a row that the body of a request holds."""
        row = self._schemas.fields(resource.row)[0]
        found = {name: _argument(one.name) for name, one in operation.of("body").items() if name in row}
        return {name: f"{{{source}}}" for name, source in found.items() if source is not None}

    def _wrapper(self, operation: Operation, resource: Resource) -> tuple[str | None, list[str]]:
        """The argument that holds the row, where the body wraps it: `{"data": {"attributes": ...}}`; and its fields."""
        row = self._schemas.fields(resource.row)[0]
        for name, one in operation.of("body").items():
            source = _argument(one.name)
            if name not in row and source is not None and self._is_row(one.schema, row):
                return source, [field for field in self._schemas.fields(one.schema)[0] if field in row]
        return None, []

    def _is_row(self, schema: Any, row: dict[str, Any]) -> bool:
        fields, _ = self._schemas.fields(schema)
        shared = fields.keys() & row.keys()
        return bool(shared - {"type"}) and 2 * len(shared) >= min(len(fields), len(row))

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
            if name is not None and name not in given and source is not None and self._is_scalar(row[name]):
                found[name] = f"{{{source}}}"
        return found

    def _is_at_item(self, resource: Resource, operation: Operation) -> bool:
        return _role(resource, operation) in ("read", "update", "delete")

    def _rest(self, resource: Resource, given: set[str]) -> Schema | None:
        """The schema of what a new row needs besides: required fields that nothing else decides."""
        fields, required = self._schemas.fields(resource.row)
        moments, constants = self._moments(fields, _MADE | _CHANGED), self._constants(fields)
        names = [
            name
            for name in required
            if name in fields
            and name not in given
            and name not in moments
            and name not in constants
            and name != resource.key
            and self._is_scalar(fields[name])
        ][:_MANY]
        if not names:
            return None
        properties = {name: self._schemas.plain(fields[name]) for name in names}
        return {"type": "object", "required": names, "properties": properties}

    def _moments(self, fields: dict[str, Any], about: set[str]) -> dict[str, str]:
        found = {}
        for name, part in fields.items():
            told = self._schemas.resolved(part)
            if set(words(name)) & about and told.get("format") == "date-time":
                found[name] = "{now}"
        return found

    def _constants(self, fields: dict[str, Any]) -> dict[str, Any]:
        """What a field always holds: the only value that its schema allows."""
        found = {}
        for name, part in fields.items():
            schema = self._schemas.resolved(part)
            options = schema.get("enum")
            if "const" in schema:
                found[name] = schema["const"]
            elif isinstance(options, list) and len(options) == 1:
                found[name] = options[0]
        return {name: _literal(value) for name, value in found.items()}

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
        beside: dict[str, Any] = self._constants(fields)
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


def _literal(value: Any) -> Any:
    """A constant that a template takes as it is."""
    return value.replace("{", "{{").replace("}", "}}") if isinstance(value, str) else value


def _missing(resource: Resource, operation: Operation) -> str:
    title = resource.name.replace("_", " ").capitalize()
    return f"{title} '{{args.{operation.parameters[-1]}}}' not found"


def _one(above: tuple[str, ...]) -> tuple[str, ...]:
    return (*above[:-1], singular(above[-1])) if above else ()
