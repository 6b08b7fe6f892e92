from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.record import Record, RecordError, Turn, encode_record, identified, read_records, write_records

PLAIN = Record("", "next-observation", "v1", (Turn("user", "Tür"), Turn("assistant", "offen", True)))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
records = st.builds(
    Record,
    id=st.just(""),
    intent=texts,
    template=texts,
    turns=st.lists(st.builds(Turn, st.sampled_from(["user", "assistant"]), texts, st.booleans())).map(tuple),
    facts=st.dictionaries(texts, json_values, max_size=3),
    evidence=st.lists(texts, max_size=3).map(tuple),
).map(identified)


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
@given(given=st.lists(records, max_size=5))
def test_what_is_written_is_read_again(
    name: str, given: list[Record], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("records") / name
    assert write_records(path, given) == len(given)
    assert list(read_records(path)) == given


def test_equal_records_give_equal_files(tmp_path: Path) -> None:
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        write_records(tmp_path / name, [identified(PLAIN)] * 3)
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()


def test_an_id_follows_from_the_content_alone() -> None:
    assert identified(PLAIN) == identified(identified(PLAIN))
    other = Record("", "next-observation", "v1", (Turn("user", "Tür"), Turn("assistant", "offen", False)))
    assert identified(PLAIN).id != identified(other).id


WRONG: list[tuple[Any, str]] = [
    ("{", "not JSON"),
    ([], "not a JSON object"),
    ({}, "it has no 'id'"),
    ({"at": "x"}, "/at is no whole number"),
    ({"facts": []}, "/facts is no object"),
    ({"turns": 3}, "/turns is no list"),
    ({"turns": [{"role": "user"}]}, "/turns/0 has no text"),
    ({"turns": [{"role": "boss", "content": ""}]}, "/turns/0/role is 'boss'"),
    ({"turns": [{"role": "user", "content": "", "loss": 1}]}, "/turns/0 holds more"),
    ({"evidence": [1]}, "/evidence is no list of texts"),
    ({"turn_class": "loud"}, "/turn_class is 'loud', not one of action"),
    ({"weight": 1}, "there is no 'weight' in a record"),
]


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_a_line_that_is_no_record_is_named_with_what_is_wrong(change: Any, said: str, tmp_path: Path) -> None:
    good = encode_record(identified(PLAIN))
    bad = change.encode() if isinstance(change, str) else orjson.dumps(change)
    if isinstance(change, dict) and change:
        bad = orjson.dumps(orjson.loads(good) | change)
    path = tmp_path / "r.jsonl"
    path.write_bytes(good + b"\n" + bad + b"\n")
    with pytest.raises(RecordError) as caught:
        list(read_records(path))
    assert str(caught.value).startswith(f"{path}:2: no record: ")
    assert said in str(caught.value)


def test_a_packed_file_that_ends_early_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl.gz"
    write_records(path, [identified(PLAIN)] * 50)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(RecordError, match="the packed file is damaged here"):
        list(read_records(path))
