"""One running effect: its names, its pending rows, its templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from mcp_sim.expressions import EvaluationError, Evaluator
from mcp_sim.responders.base import Part
from schemas.expressions import Expression, Fields, Items, Literal, Template, Value
from schemas.rows import key_text
from schemas.types import Row, View, World
from store.overlay import Overlay

MAX_TURNS = 10_000
"""How often all `for_each` of one effect may turn together."""

OMIT: Final = object()
"""What `{args.x}` renders to when the caller left x out: the entry that holds it is dropped."""


class Refusal(Exception):
    """The effect ends here: what the agent is told, and the status on the REST face."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class Wanted(Exception):
    """The effect cannot go on without a value that somebody has to make up; then it runs again from its beginning."""

    def __init__(self, place: str, name: str, schema: dict[str, Any], about: str) -> None:
        super().__init__(place)
        self.place = place
        self.part = Part(name, schema, about)


class Run:
    """The state of one effect while its steps run.

    Attributes:
        names: what expressions may use: `args`, `now` and the results of earlier steps.
        rows: the committed rows with this effect's changes laid over them.
        at: the pointer of the step that runs, for error messages.
    """

    def __init__(
        self,
        world: World,
        view: View,
        arguments: dict[str, Any],
        absent: dict[str, Any],
        imagined: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.world = world
        self.rows = Overlay(world, view)
        self.names: dict[str, Any] = {"args": {**absent, **arguments}, "now": view.now}
        self.at = ""
        self._given = arguments
        self._turns = 0
        self._imagined = imagined
        self._asked: Counter[str] = Counter()
        self._evaluator = Evaluator(self.names, self.rows)

    def value(self, expression: Expression) -> Any:
        """The value of an expression."""
        return self._evaluator.value(expression)

    def turn(self) -> None:
        """Count one more turn of a loop: an effect ends."""
        self._turns += 1
        if self._turns > MAX_TURNS:
            raise EvaluationError(f"more than {MAX_TURNS:,} turns of its loops")

    def imagined(self, name: str, schema: dict[str, Any], about: str) -> Any:
        """The value that was made up for this step, in this turn of its loops.

        Raises:
            Wanted: nobody has made it up yet.
        """
        place = f"{self.at}#{self._asked[self.at]}"
        self._asked[self.at] += 1
        if place not in self._imagined:
            raise Wanted(place, name, schema, about)
        return self._imagined[place]

    def key(self, expression: Expression) -> str:
        """The value of an expression as a key; null is the key of nothing."""
        return key_text(self.value(expression))

    def render(self, template: Template) -> Any:
        """The JSON of a template, or OMIT."""
        match template:
            case Literal(value):
                return value
            case Value(expression, True):
                if expression.argument is not None and self.names["args"].get(expression.argument) is None:
                    return None if expression.argument in self._given else OMIT
                return self.value(expression)
            case Value(expression, _):
                return self.value(expression)
            case Items(items):
                return [found for item in items if (found := self.render(item)) is not OMIT]
            case Fields(fields):
                return {name: found for name, item in fields if (found := self.render(item)) is not OMIT}
        raise AssertionError(template)

    def text(self, template: Template) -> str:
        """A template as text."""
        found = self.render(template)
        return found if isinstance(found, str) else key_text(None if found is OMIT else found)

    def existing(self, entity: str, key: str, missing: Template | None) -> Row:
        """The row with this key; the call ends with 404 when there is none."""
        row = self.rows.get(entity, key)
        if row is None:
            raise Refusal(self.text(missing) if missing else f"{_title(entity)} '{key}' not found", 404)
        return row


def _title(entity: str) -> str:
    return entity.replace("_", " ").capitalize()
