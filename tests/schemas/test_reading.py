"""Files that are not YAML or JSON, or only look harmless: each is refused in one sentence with file and line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.schemas.faults import sentence

START = "name: x\nentities: {}\n"


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "pack.yaml:1: a pack or world is a mapping, this file holds nothing"),
        ("# only a comment\n", "pack.yaml:1: a pack or world is a mapping, this file holds nothing"),
        ("- a\n- b\n", "pack.yaml:1: a pack or world is a mapping, this file holds a list"),
        ("hello", "pack.yaml:1: a pack or world is a mapping, this file holds a text"),
        ("7", "pack.yaml:1: a pack or world is a mapping, this file holds a single value"),
        (START + "name: y\n", "pack.yaml:3: 'name' stands twice in the same mapping; rename or remove one"),
        (START + "seed: {1: a, '1': b}\n", "pack.yaml:3: '1' stands twice in the same mapping; rename or remove one"),
        (START + "? [a, b]\n: 1\n", "pack.yaml:3: a key is a text, not a list or mapping"),
        (
            START + "seed: {a: [{title: True, or false}]}\n",
            "pack.yaml:3: 'or false' is a key without a value; put a text that holds a comma or braces in quotes",
        ),
        (
            START + "tools:\n  t: {effect: {returns: {args.id}}}\n",
            "pack.yaml:4: 'args.id' is a key without a value; put a text that holds a comma or braces in quotes",
        ),
        (START + "title: [\n", "pack.yaml:4: not valid YAML: did not find expected node content"),
        (START + "\ttitle: x\n", "pack.yaml:3: not valid YAML: found character that cannot start any token"),
        (START + "title: *nowhere\n", "pack.yaml:3: not valid YAML: found undefined alias"),
        (START + "---\nname: y\n", "pack.yaml:3: not valid YAML: but found another document"),
        (START + "seed: {a: [{n: .nan}]}\n", "pack.yaml:3: .nan is not a number that JSON has"),
        (START + "seed: {a: [{n: -.inf}]}\n", "pack.yaml:3: -.inf is not a number that JSON has"),
        (START + "seed: {a: [{n: 1e999}]}\n", "pack.yaml:3: 1e999 is not a number that JSON has"),
        (START + f"seed: {2**63}\n", f"pack.yaml:3: {2**63} does not fit into 64 bits"),
        (START + 'title: "a\\0b"\n', "pack.yaml:3: a text cannot hold NUL characters"),
        (START + "seed: &s {a: [*s]}\n", "pack.yaml:3: nested deeper than 100 levels"),
        (START + "title: " + "[" * 100_000, "pack.yaml:3: nested deeper than 100 levels"),
        (START + "title: " + "[" * 300 + "]" * 300, "pack.yaml:3: nested deeper than 100 levels"),
        (bomb(9), "pack.yaml:1: more than 1,000,000 values once its aliases are written out"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_and_why(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(text)
    started = time.perf_counter()
    assert sentence(path) == expected
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize("tag", ["!!set {a, b}", "!!binary aGk=", "!!timestamp 2030-01-01", "!!python/name:os.system"])
def test_a_tag_that_json_does_not_have_is_refused(tmp_path: Path, tag: str) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(f"{START}seed: {tag}\n")
    assert sentence(path).startswith("pack.yaml:3: not valid YAML: could not determine a constructor for the tag")


@pytest.mark.parametrize("tag", ["!!int two", "!!float two", "!!bool maybe"])
def test_a_tag_that_does_not_fit_its_value_is_refused(tmp_path: Path, tag: str) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(f"{START}seed: {tag}\n")
    assert sentence(path).startswith("pack.yaml: a tag that does not fit its value")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{\n"name" "x"}', "pack.json:2: not valid JSON: Expecting ':' delimiter"),
        ('{\n"name": NaN}', "pack.json: not plain JSON: NaN is not a number that JSON has"),
        ('{\n"n": 1e999}', "pack.json:2: 1e999 is not a number that JSON has"),
        ('{\n"n": 1,\n\t"n": 2}', "pack.json:3: 'n' stands twice in the same mapping; rename or remove one"),
        (f'{{"n":\n {2**64}}}', f"pack.json:2: {2**64} does not fit into 64 bits"),
        (f'{{"n":\n {2**63}}}', f"pack.json:2: {2**63} does not fit into 64 bits"),
        ('{"n":\n "a\\u0000b"}', "pack.json:2: a text cannot hold NUL characters"),
        ('{"n": "\\ud800"}', "pack.json: not plain JSON: str is not valid UTF-8: surrogates not allowed"),
        ('{"n": ' + "[" * 100_000 + "]" * 100_000 + "}", "pack.json:1: nested deeper than 100 levels"),
    ],
)
def test_json_is_read_strictly(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "pack.json"
    path.write_text(text)
    assert sentence(path) == expected


def test_a_file_that_is_not_utf_8_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    path.write_bytes(b"name: caf\xe9\n")
    assert sentence(path) == "pack.yaml: not UTF-8 at byte 9"


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    path.write_bytes(b"\xef\xbb\xbf- a\n")
    assert sentence(path).endswith("this file holds a list")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    with path.open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    assert sentence(path) == "pack.yaml: larger than 64 MiB"
