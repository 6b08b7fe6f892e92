"""Text to plain data: whatever JSON says, the loader reads; YAML follows the core schema of version 1.2."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.notation import compose, read_json, read_yaml
from tests.schemas.values import json_values


@given(json_values, st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_json_is_read_as_it_is_written(value: Any, ascii_only: bool, indent: int | str | None) -> None:
    assert read_json(json.dumps(value, ensure_ascii=ascii_only, indent=indent)) == value


@given(json_values)
def test_yaml_gives_back_what_a_yaml_writer_wrote(value: Any) -> None:
    assert read_yaml(compose(yaml.safe_dump(value, allow_unicode=True, default_style='"'))) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2030-01-01", "2030-01-01"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("+7", 7),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("5.", 5.0),
        ("true", True),
        ("True", "True"),
        ("~", None),
        ("null", None),
        ("", None),
        ("'null'", "null"),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(text: str, value: Any) -> None:
    found = read_yaml(compose(f"[{text}]" if text else "x:"))
    assert (found[0] if text else found["x"]) == value
    assert type(found[0] if text else found["x"]) is type(value)


def test_a_key_with_a_colon_and_nothing_behind_it_is_null() -> None:
    nothing = {"a": None, "b c": None, "d": {"e": None, "f": None}}
    assert read_yaml(compose("a:\nb c:\nd: {e: , f: ~}\n")) == nothing
    assert read_yaml(compose("&k k: *k\n")) == {"k": "k"}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read_yaml(compose("404: a\ntrue: b\nnull: c\n1.5: d\n")) == {
        "404": "a",
        "true": "b",
        "null": "c",
        "1.5": "d",
    }
