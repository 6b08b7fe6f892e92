"""What later calls of one run tell of earlier ones."""

from __future__ import annotations

from collections.abc import Container

from mcp_sim.learn.evidence import Missing
from mcp_sim.learn.example import Example
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.tables import Row


def changed(before: Rows, after: Rows) -> set[tuple[str, str]]:
    """The rows that are not the same ones."""
    return {
        (table, key)
        for table, rows in after.changed.items()
        for key, row in rows.items()
        if rows is not before.changed.get(table) and before.get(table, key) is not row
    }


class Hindsight:
    """Goes along one run, and tells its calls what became of rows.

    Args:
        absence: how answers say that a row is not there.
        makers: the tools that show a row not known before nearly every time.
    """

    def __init__(self, absence: Missing, makers: Container[str]) -> None:
        self._absence = absence
        self._makers = makers
        self._writers: list[Example] = []
        self._expected: dict[tuple[str, str], Example] = {}
        self._naming: dict[tuple[str, str], tuple[Example, str]] = {}

    def notice(self, example: Example, rows: Rows) -> None:
        """Tell the calls that made them of rows that an answer shows for the first time; `rows` are those after it."""
        writes = example.call.kind != "read"
        for table, key in changed(example.rows, rows):
            if example.rows.get(table, key) is None and rows.get(table, key) is not None:
                self._expected[table, key] = example
        for table, key, shown in example.seen:
            maker = self._expected.pop((table, key), None)
            if maker is None and rows.get(table, key) is None:
                maker = self._maker(table, shown, example)
            if maker is not None:
                maker.made.append((table, key, shown))
        if writes:
            self._writers.append(example)

    def look_for(self, example: Example) -> None:
        """Tell the last call that named a row whether it was missed thereafter."""
        missed = self._absence.says_so(example.call)
        if example.call.is_error and not missed:
            return
        for table, key, argument in self._absence.named(example.call):
            last = self._naming.get((table, key))
            if last is not None and last[0] is not example:
                last[0].missed.setdefault((table, key, last[1]), missed)
            if not missed and example.call.kind != "read":
                self._naming[table, key] = (example, argument)

    def _maker(self, table: str, shown: Row, example: Example) -> Example | None:
        """The call that most probably made a row that `example` is the first to show."""
        if example.call.kind == "write":
            return example
        earlier = self._silent(table, shown)
        if example.call.kind == "read":
            return None if earlier is None else earlier[1]
        own = _given_of(example, shown)
        if earlier is not None and (earlier[0] > own or (earlier[0] == own and example.call.tool not in self._makers)):
            return earlier[1]
        return example

    def _silent(self, table: str, shown: Row) -> tuple[int, Example] | None:
        """The earlier call that showed no row and was given most of what this one holds, and how much that is."""
        best: tuple[int, Example] | None = None
        for example in self._writers:
            score = _given_of(example, shown)
            if (
                not example.seen
                and not any(t == table for t, _, _ in example.made)
                and (best is None or score >= best[0])
            ):
                best = (score, example)
        return best


def _given_of(example: Example, shown: Row) -> int:
    """How many of the values that a row holds a call was given."""
    held = {str(v).lower() for v in shown.values() if isinstance(v, str | int) and v != ""}
    return len(held & {str(v).lower() for v in example.call.arguments.values() if isinstance(v, str | int) and v != ""})
