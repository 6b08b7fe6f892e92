"""Rows are recognised in the answers that show them."""

from __future__ import annotations

from mcp_sim.learn.history import History
from mcp_sim.learn.memory import Rows
from mcp_sim.learn.tables import POSITION, Table


def test_the_place_of_a_row_is_no_field_that_an_answer_has_to_show() -> None:
    shown = {"order_id": "O1", **{f"always_{n}": n for n in range(6)}}
    row = {POSITION: 1, **shown, **{f"seldom_{n}": n for n in range(7)}}
    tables = {"orders": Table("orders", "order_id", {"O1": row})}

    assert list(History(tables).seen(shown, {}, Rows(tables))) == [("orders", "O1", shown)]
