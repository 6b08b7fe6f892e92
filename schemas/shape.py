"""Is a file shaped as its type says? Every error at its JSON Pointer, with the nearest name that is valid there."""

from __future__ import annotations

import re
import types
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, Tag, ValidationError
from pydantic.fields import FieldInfo

from schemas.document import Finding, Pointer
from schemas.effects import VERBS, Definition
from schemas.sources import Problem, Sources
from schemas.validate import nearest

T = TypeVar("T", bound=Definition)


_MUST_BE = {
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "string_type": "must be a text",
}


def shaped(kind: type[T], data: dict[str, Any], sources: Sources) -> tuple[T | None, list[Problem]]:
    """The data of a file as a value of its type, or what is wrong with it."""
    value, findings = formed(kind, data)
    return value, [sources.problem(found.at, found.message) for found in findings]


def formed(kind: type[T], data: dict[str, Any]) -> tuple[T | None, list[Finding]]:
    """The data as a value of its type, or what is wrong with it."""
    try:
        return kind.model_validate(data), []
    except ValidationError as error:
        findings = []
        for detail in error.errors(include_url=False):
            if _is_echo(detail):
                continue
            at, inside = _follow(kind, detail["loc"], data)
            findings.append(Finding(at, _explain(detail, at, inside)))
        return None, findings


def _is_echo(detail: Any) -> bool:
    """Whether a list is only too short because its entries, each told by itself, are wrong."""
    return bool(detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"])


def _explain(detail: Any, at: Pointer, inside: type[BaseModel] | None) -> str:
    match detail["type"]:
        case "extra_forbidden":
            known = _fields(inside) if inside else ()
            return f"'{at[-1]}' is not a field here{nearest(str(at[-1]), known)}"
        case "missing":
            return f"'{at[-1]}' is required"
        case "unknown_step" | "unknown_clause":
            given = detail["input"] if isinstance(detail["input"], dict) else {}
            known = list(VERBS) if "ctx" not in detail else detail["ctx"]["known"].split(", ")
            return str(detail["msg"]) + next((hint for name in given if (hint := nearest(name, known))), "")
        case "literal_error":
            allowed = re.findall(r"'([^']+)'", detail["ctx"]["expected"])
            return str(detail["msg"]) + nearest(str(detail["input"]), allowed)
        case "too_short":
            least = detail["ctx"]["min_length"]
            return f"must have at least {least} {'entry' if least == 1 else 'entries'}"
        case kind:
            return _MUST_BE.get(kind, str(detail["msg"]))


def _follow(kind: type[BaseModel], location: Pointer, data: Any) -> tuple[Pointer, type[BaseModel] | None]:
    """Pydantic's location as a pointer into the data, without union branches; and the type that its last part is in."""
    here: Any = kind
    inside: type[BaseModel] | None = None
    kept: list[str | int] = []
    for part in location:
        here = _bare(here)
        if isinstance(here, dict):
            here = here.get(str(part), Any)
            continue
        inside = here if isinstance(here, type) and issubclass(here, BaseModel) else None
        if inside is not None:
            field = next((field for name, field in _named(inside) if name == part), None)
            here = Any if field is None else field.annotation
        elif get_origin(here) in (dict, list, tuple):
            here = next((arg for arg in reversed(get_args(here)) if arg is not Ellipsis), Any)
        elif _inner(data, part) is None:
            continue  # a branch of the union that JSON values are
        data = _inner(data, part)
        kept.append(part)
    return tuple(kept), inside


def _bare(annotation: Any) -> Any:
    """A type without `Annotated` and `None`; a union of types with tags, which pydantic names, as all by tag."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        options = [option for option in get_args(annotation) if option is not type(None)]
        if len(options) == 1:
            return _bare(options[0])
        tags = [(mark.tag, option) for option in options for mark in _metadata(option) if isinstance(mark, Tag)]
        return dict(tags) or Any
    return annotation


def _metadata(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__metadata__", ())


def _inner(data: Any, part: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(part)
    return data[part] if isinstance(data, list) and isinstance(part, int) and part < len(data) else None


def _named(kind: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    found = []
    for name, field in kind.model_fields.items():
        choices = field.validation_alias
        written = choices.choices[0] if isinstance(choices, AliasChoices) else choices
        found.append((str(written or name), field))
    return found


def _fields(kind: type[BaseModel]) -> list[str]:
    return [name for name, _ in _named(kind)]
