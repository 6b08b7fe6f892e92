"""Text to plain data: strict JSON, and YAML 1.2's core schema, both without what only looks harmless."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable
from typing import Any

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from schemas.canonical import canonical, unkept

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # PyYAML without libyaml
    from yaml import SafeLoader as _Base  # type: ignore[assignment]  # the same loader, in Python

FastLoader = _Base
"""The safe loader of PyYAML, in C where it has one."""
MAX_DEPTH = 100
MAX_VALUES = 1_000_000
"""Values of one YAML file, its aliases written out."""

_TAG = "tag:yaml.org,2002:"
_ONLY_JSON = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}|[\t\x7f-\x9f\u2028\u2029]")
"""What JSON allows and YAML does not, or takes for a line break."""


class Flaw(Exception):
    """What is wrong with a text, and on which line; 0 when nobody knows."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def read_json(text: str) -> Any:
    """The data of a JSON text.

    Raises:
        Flaw: not JSON, or more than JSON can safely carry: NaN, a name twice, a number beyond 64 bits.
    """
    try:
        data = json.loads(text, object_pairs_hook=_once, parse_float=_finite, parse_constant=_finite)
        problem = unkept(data, canonical(data))
    except json.JSONDecodeError as error:
        raise Flaw(error.lineno, f"not valid JSON: {error.msg}") from None
    except (ValueError, TypeError, RecursionError) as error:
        read_yaml(compose_json(text))  # finds the same flaw, and its line
        raise Flaw(0, f"not plain JSON: {error}") from None
    if problem is not None:
        read_yaml(compose_json(text))
        raise Flaw(0, problem)
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in the same object")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number that JSON has")
    return number


def read_yaml(root: Node | None) -> Any:
    """The data of a composed YAML text.

    Raises:
        Flaw: a tag or a number that JSON does not have, a key that is no text or stands twice.
    """
    loader: Any = _Loader("")
    try:
        return None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        raise _flaw(error) from None
    except (ValueError, KeyError) as error:
        raise Flaw(0, f"a tag that does not fit its value: {error}") from None
    finally:
        loader.dispose()


def compose_json(text: str) -> Node | None:
    """The syntax tree of a JSON text, for its lines alone.

    Raises:
        Flaw: as in `compose`.
    """
    return compose(_ONLY_JSON.sub(" ", text))


def compose(text: str) -> Node | None:
    """The syntax tree of a YAML text, or None for an empty one.

    Raises:
        Flaw: not YAML, nested too deeply, or a few aliases that stand for too many values.
    """
    loader: Any = _Loader(text)
    try:
        _check_nesting(text)
        root: Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _flaw(error) from None
    except yaml.YAMLError as error:
        raise Flaw(0, f"not valid YAML: {str(error).splitlines()[0]}") from None
    finally:
        loader.dispose()
    if root is not None and _measure(root, 1, {})[0] > MAX_VALUES:
        raise Flaw(1, f"more than {MAX_VALUES:,} values once its aliases are written out")
    return root


def _flaw(error: yaml.MarkedYAMLError) -> Flaw:
    return Flaw(error.problem_mark.line + 1 if error.problem_mark else 0, f"not valid YAML: {error.problem}")


def _check_nesting(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, _Loader):  # one event at a time: libyaml's own composer recurses until it crashes
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _too_deep(event.start_mark)


def _measure(node: Node, depth: int, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """How many values stand in a node, and how many levels, aliases written out."""
    size, height = known.get(id(node), (1, 1))
    if depth + height - 1 > MAX_DEPTH:
        raise _too_deep(node.start_mark)
    if id(node) not in known:
        for child in _children(node):
            inner = _measure(child, depth + 1, known)
            size, height = size + inner[0], max(height, inner[1] + 1)
        known[id(node)] = size, height
    return size, height


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [value for _, value in node.value]
    return node.value if isinstance(node, SequenceNode) else []


def _too_deep(mark: Any) -> Flaw:
    return Flaw(mark.line + 1, f"nested deeper than {MAX_DEPTH} levels")


class _Loader(_Base):
    """YAML 1.2's core schema, closed to other tags: `no`, `12:30` and dates are text, a key stands once."""

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise Flaw(key.start_mark.line + 1, "a key is a text, not a list or mapping")
            if not value.value and value.end_mark.index == key.end_mark.index:
                message = f"'{key.value}' is a key without a value; put a text that holds a comma or braces in quotes"
                raise Flaw(key.start_mark.line + 1, message)
            if key.value in seen:
                message = f"'{key.value}' stands twice in the same mapping; rename or remove one"
                raise Flaw(key.start_mark.line + 1, message)
            seen.add(key.value)
            key.tag = f"{_TAG}str"  # `404:` and `true:` are names here
        return super().construct_mapping(node, deep=deep)

    def construct_text(self, node: ScalarNode) -> str:
        if "\0" in node.value:
            raise Flaw(node.start_mark.line + 1, "a text cannot hold NUL characters")
        return str(node.value)

    def construct_int(self, node: ScalarNode) -> int:
        bases = {"0o": 8, "0x": 16}
        number = int(node.value, 0 if node.value[:2] in bases else 10) if len(node.value) < 100 else 2**63
        if not -(2**63) <= number < 2**63:
            raise Flaw(node.start_mark.line + 1, f"{node.value[:40]} does not fit into 64 bits")
        return number

    def construct_float(self, node: ScalarNode) -> float:
        number = float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))
        if not math.isfinite(number):
            raise Flaw(node.start_mark.line + 1, f"{node.value} is not a number that JSON has")
        return number


_Loader.yaml_constructors = {
    tag: constructor
    for tag, constructor in _Base.yaml_constructors.items()
    if tag is None or tag.removeprefix(_TAG) in {"seq", "map", "null", "bool"}
}
_Loader.add_constructor(f"{_TAG}str", _Loader.construct_text)
_Loader.add_constructor(f"{_TAG}int", _Loader.construct_int)
_Loader.add_constructor(f"{_TAG}float", _Loader.construct_float)
_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|false)$", ["t", "f"]),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
    ("float", r"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", list("-+.")),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(_pattern), _first)
