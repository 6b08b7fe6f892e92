"""What a run of the bench looks like: as JSON, as text, and as a page that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from mcp_sim.bench import Result
from mcp_sim.bench.html import html
from mcp_sim.bench.text import text
from schemas.types import World
from tests.bench.conftest import Recording, book


@pytest.fixture
def result(recording: Recording, twin: Callable[..., World]) -> Result:
    recording.add("get_book", book("B-1", "Dune"), isbn="B-1", kind="read")
    recording.add("get_book", book("B-2", "<script>alert(1)</script>\x07"), isbn="B-2", kind="read")
    recording.add("lend", book("B-1", "Dune", "Bo"), isbn="B-1", to="Ada", kind="write")
    recording.add("burn", "gone \ud800", is_error=True)
    return recording.on(twin(), trained_on=[])


def test_the_summary_has_the_agreed_form(result: Result) -> None:
    found = result.summary()

    assert found["world"] == "library"
    for mode in ("teacher_forced", "closed_loop"):
        part = found[mode]
        assert {"exact", "leaf_f1", "status", "error_text", "declined", "calls", "by_tool"} <= part.keys()
        for name in ("reads", "writes", "successful_writes", "changed_reads", "unseen_arguments"):
            assert part[name]["calls"] <= part["calls"]
        shares = [part[name] for name in ("exact", "leaf_f1", "status", "error_text", "declined")]
        assert all(0 <= share <= 1 for share in shares)
        assert set(part["by_tool"]) == {"get_book", "lend", "burn"}
    assert found["teacher_forced"]["exact"] == 1 / 4
    assert found["teacher_forced"]["declined"] == 1 / 4


def test_the_table_fits_a_terminal(result: Result) -> None:
    out = StringIO()
    text(result, Console(file=out, width=80))
    shown = out.getvalue()

    assert max(map(len, shown.splitlines())) <= 80
    line = next(line for line in shown.splitlines() if line.startswith(" all"))
    assert line.split() == ["all", "4", "25.0%", "5–70", "83.3%", "75.0%", "0.0%", "1"]
    assert "Rows of real answers merged into the twin: 2" in shown


def test_the_page_shows_both_sides_and_marks_what_differs(result: Result) -> None:
    page = html(result)

    assert re.search(r'<span class="differs">\s*&#34;lent_to&#34;: &#34;Bo&#34;', page)
    assert re.search(r'<span class="differs">\s*&#34;lent_to&#34;: &#34;Ada&#34;', page)
    assert "<span>  &#34;isbn&#34;: &#34;B-1&#34;,</span>" in page
    assert "It declined" in page


def test_the_page_runs_nothing_of_what_it_shows_and_loads_nothing(result: Result) -> None:
    page = html(result)

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\u0007" in page
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "default-src 'none'" in page
    page.encode()


def test_a_perfect_twin_has_a_page_too(recording: Recording, twin: Callable[..., World]) -> None:
    recording.add("get_book", book("B-1", "Dune"), isbn="B-1")

    assert "Nothing: every answer is exact." in html(recording.on(twin()))
