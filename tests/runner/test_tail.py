"""Whatever an agent writes, its end can be shown."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from mcp_sim.runner.tail import LINES, Tail


@given(st.lists(st.binary(max_size=50), max_size=20), st.integers(1, 100))
def test_the_end_of_all_chunks_is_kept(chunks: list[bytes], kept: int) -> None:
    split, whole = Tail(kept), Tail(kept)
    for chunk in chunks:
        split.take(chunk)
    whole.take(b"".join(chunks))
    assert split.text() == whole.text()
    assert split.taken == len(b"".join(chunks))


@given(st.binary(max_size=300))
def test_any_bytes_can_be_shown_in_xml_and_on_a_terminal(raw: bytes) -> None:
    tail = Tail()
    tail.take(raw)
    text = tail.text()
    element = ET.Element("out")
    element.text = text
    assert (ET.fromstring(ET.tostring(element)).text or "") == text
    assert "\x1b" not in text


def test_colours_and_titles_are_left_out() -> None:
    tail = Tail()
    tail.take(b"\x1b[1;31mred\x1b[0m \x1b]0;a title\x07plain\x1b[2K\r\nnext")
    assert tail.text() == "red plain\nnext"


def test_memory_is_bounded_and_so_is_what_is_shown() -> None:
    tail = Tail(kept=1000)
    for number in range(100_000):
        tail.take(b"line %d\n" % number)
    assert sum(map(len, tail._chunks)) < 1100
    assert tail.text().endswith("line 99999")
    long = Tail()
    long.take(b"\n".join([b"x" * 10_000] * 500))
    assert len(long.text().split("\n")) <= LINES
    assert max(map(len, long.text().split("\n"))) <= 500
