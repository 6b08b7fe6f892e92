"""The operations of a spec in one form, whatever its version; each becomes a tool."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mcp_sim.learn.openapi.schemas import Schema, Schemas
from mcp_sim.learn.openapi.spec import METHODS, Spec
from mcp_sim.learn.openapi.words import argument

_JSON = re.compile(r"(application|text)/([\w.+-]*\+)?json")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an operation: where it stands in the request, under which name, and its schema."""

    name: str
    place: str
    field: str
    schema: Any
    required: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        tool: the name of its tool.
        path: its path, as in the spec.
        body: the schema of the body, None if it takes none.
        status: of a success; `answer` is the schema of its body, None where it has none.
        open: whether it may take fields that are not declared.
        is_form: whether its body is a form.
        errors: the schemas of its errors by their code, `4XX` and `default` last; None where one has no body.
    """

    tool: str
    method: str
    path: str
    summary: str = ""
    description: str = ""
    arguments: tuple[Argument, ...] = ()
    body: Any = None
    status: int = 200
    answer: Any = None
    open: bool = False
    is_form: bool = False
    errors: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    deprecated: bool = field(default=False)

    @property
    def route(self) -> str:
        """The path with the names that arguments have."""
        return re.sub(r"{([^{}]*)}", lambda found: f"{{{argument(found[1])}}}", self.path)

    @property
    def parameters(self) -> list[str]:
        """The arguments in the path, in their order."""
        return [argument(name) for name in re.findall(r"{([^{}]*)}", self.path)]

    def of(self, place: str) -> dict[str, Argument]:
        """The arguments of one place, by the field there."""
        return {one.field: one for one in self.arguments if one.place == place}


def operations(spec: Spec, schemas: Schemas) -> Iterator[Operation]:
    """Every operation; names are made unique, and what cannot be used is told."""
    taken: dict[str, str] = {}
    for path, given in spec.data["paths"].items():
        item = spec.resolved(given)
        for method in METHODS:
            if method not in item:
                continue
            where = f"{method.upper()} {path}"
            if not isinstance(path, str) or not path.startswith("/") or not isinstance(item[method], dict):
                spec.tell(f"{where} is no operation; left out")
                continue
            tool = _tool(spec, item[method], method, path, taken)
            try:
                yield _operation(spec, schemas, tool, method, path, item)
            except (AttributeError, TypeError, KeyError, ValueError) as error:
                spec.tell(f"{where} cannot be read ({type(error).__name__}: {error}); left out")


def _tool(spec: Spec, given: dict[str, Any], method: str, path: str, taken: dict[str, str]) -> str:
    """The name of the tool: the operation's id, or made of method and path."""
    said = given.get("operationId")
    spelled = re.sub(r"{([^{}]*)}", r"by_\1", path)
    made = re.sub(r"[\W_]+", "_", f"{method}_{spelled}").strip("_")
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", said)[:128] if isinstance(said, str) and said else made[:128]
    if name in taken:
        spec.tell(
            f"operationId '{name}' stands for {taken[name]} and for {method.upper()} {path}; that one is '{made}'"
        )
        name = made[:120]
        while name in taken:
            name += "_2"
    taken[name] = f"{method.upper()} {path}"
    return name


def _operation(spec: Spec, schemas: Schemas, tool: str, method: str, path: str, item: dict[str, Any]) -> Operation:
    given = item[method]
    parameters: dict[tuple[str, str], dict[str, Any]] = {}
    for one in [*_list(item.get("parameters")), *_list(given.get("parameters"))]:
        resolved = spec.resolved(one)
        if isinstance(resolved.get("name"), str) or resolved.get("in") == "body":
            parameters[str(resolved.get("in")), str(resolved.get("name"))] = resolved
    body, is_required = _body(spec, given, parameters)
    arguments = _arguments(schemas, path, parameters, body, is_required)
    status, answer = _success(spec, given)
    resolved_body = schemas.resolved(body) if body is not None else {}
    return Operation(
        tool=tool,
        method=method.upper(),
        path=path,
        summary=str(given.get("summary") or ""),
        description=str(given.get("description") or ""),
        arguments=tuple(arguments),
        body=body,
        status=status,
        answer=answer,
        open=body is not None and resolved_body.get("additionalProperties") is not False,
        is_form=_is_form(spec, given, parameters),
        errors=_errors(spec, given),
        tags=tuple(str(tag) for tag in _list(given.get("tags"))),
        deprecated=given.get("deprecated") is True,
    )


def _body(spec: Spec, given: dict[str, Any], parameters: dict[tuple[str, str], dict[str, Any]]) -> tuple[Any, bool]:
    """(schema, required) of the body, from `requestBody` or from the parameters of version 2."""
    whole = next((one for (place, _), one in parameters.items() if place == "body"), None)
    if whole is not None:
        return whole.get("schema", {}), whole.get("required") is True
    form = {name: one for (place, name), one in parameters.items() if place == "formData"}
    if form:
        required = [name for name, one in form.items() if one.get("required") is True]
        return {
            "type": "object",
            "properties": {name: _schema(one) for name, one in form.items()},
            "required": required,
        }, True
    request = spec.resolved(given.get("requestBody"))
    schema = _content(spec, request.get("content"))
    return schema, request.get("required") is True


def _is_form(spec: Spec, given: dict[str, Any], parameters: dict[tuple[str, str], dict[str, Any]]) -> bool:
    content = spec.resolved(given.get("requestBody")).get("content")
    named = list(content) if isinstance(content, dict) else []
    has_fields = any(place == "formData" for place, _ in parameters)
    return has_fields or (_FORMS[0] in named and not any(map(_JSON.match, named)))


def _errors(spec: Spec, given: dict[str, Any]) -> dict[str, Any]:
    """The schemas of the errors that are declared, by their code."""
    responses = given.get("responses")
    responses = responses if isinstance(responses, dict) else {}
    codes = [code for code in map(str, responses) if re.fullmatch("4..|default", code)]
    found = {}
    for code in sorted(codes, key=lambda code: (not code.isdigit(), code != "4XX", code)):
        response = spec.resolved(responses.get(code))
        found[code] = response.get("schema") if spec.version == 2 else _content(spec, response.get("content"))
    return found


def _content(spec: Spec, content: Any) -> Any:
    """The schema of a body, JSON before anything else."""
    if not isinstance(content, dict) or not content:
        return None
    media = next((name for name in content if _JSON.match(name)), None)
    media = media or next((name for name in _FORMS if name in content), None) or next(iter(content))
    return spec.resolved(content[media]).get("schema", {})


def _arguments(
    schemas: Schemas,
    path: str,
    parameters: dict[tuple[str, str], dict[str, Any]],
    body: Any,
    is_required: bool,
) -> Iterator[Argument]:
    """Path, query and body in one row, named as `flat_arguments` names what was recorded."""
    in_path = {name: parameters.get(("path", name), {}) for name in re.findall(r"{([^{}]*)}", path)}
    for name, one in in_path.items():
        yield Argument(argument(name), "path", name, _schema(one) or {"type": "string"}, True, _said(one))
    in_query = {name: one for (place, name), one in parameters.items() if place == "query"}
    for name, one in in_query.items():
        shown = f"query_{name}" if argument(name) in map(argument, in_path) else name
        yield Argument(shown, "query", name, _schema(one), one.get("required") is True, _said(one))
    if body is None:
        return
    properties, required = schemas.fields(body)
    if not properties and schemas.types(body) - {"object"}:
        yield Argument("body", "body", "", body, is_required)
    for name, part in properties.items():
        if schemas.resolved(part).get("readOnly") is True:
            continue
        shown = f"body_{name}" if name in in_query or name in map(argument, in_path) else name
        yield Argument(shown, "body", name, part, is_required and name in required)


def _schema(parameter: dict[str, Any]) -> Schema:
    """The schema of a parameter, which in version 2 is the parameter itself."""
    if isinstance(parameter.get("schema"), dict):
        return dict(parameter["schema"])
    content = parameter.get("content")
    if isinstance(content, dict) and content:
        return {}
    words = ("type", "items", "enum", "format", "default", "minimum", "maximum", "pattern", "minLength", "maxLength")
    return {word: parameter[word] for word in words if word in parameter}


def _success(spec: Spec, given: dict[str, Any]) -> tuple[int, Any]:
    """(status, schema of the body) of the first success that is declared."""
    responses = given.get("responses")
    responses = responses if isinstance(responses, dict) else {}
    fine = sorted(code for code in map(str, responses) if re.fullmatch(r"2\d\d|2XX", code))
    code = fine[0] if fine else "default" if "default" in responses else None
    if code is None:
        return 200, None
    response = spec.resolved(responses.get(code))
    schema = response.get("schema") if spec.version == 2 else _content(spec, response.get("content"))
    return int(code) if code.isdigit() else 200, schema


def _said(parameter: dict[str, Any]) -> str:
    return str(parameter.get("description") or "")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
