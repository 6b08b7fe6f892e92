"""Reading what a world model said: whatever stands around the observation, and whatever the observation holds."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_sim.worldmodel.parse import Said, Unreadable, parse
from mcp_sim.worldmodel.wire import MARKER

TAG, END_TAG = "<predicted_observation>", "</predicted_observation>"
MARKUP = ("<think>", "</think>", TAG, END_TAG, MARKER, "```", "```json")
SYNTAX = ("{", "}", "[", "]", '"', "'", ":", ",", "\\", "\n", " ", "null", "1", '{"a": 1}', "[1]", "{the}", "[x")

characters = st.characters(exclude_categories=("Cs",), exclude_characters="\0")
texts = st.lists(st.sampled_from((*MARKUP, *SYNTAX)) | st.text(characters, max_size=4), max_size=10).map("".join)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(texts, parts, max_size=3),
    max_leaves=8,
).filter(lambda value: not (isinstance(value, dict) and set(value) == {"error"}))
compounds = values.filter(lambda value: isinstance(value, dict | list))
written = st.sampled_from([json.dumps, lambda value: json.dumps(value, indent=2, ensure_ascii=False)])
thoughts = texts.filter(lambda text: "</think>" not in text)
LAYERS = {
    "marker": f"{MARKER}\n%s",
    "tags in lines of their own": f"{TAG}\n%s\n{END_TAG}",
    "tags": f"{TAG}%s{END_TAG}",
    "fence with a language": "```json\n%s\n```",
    "fence": "```\n%s\n```  ",
    "space": "\n\n  %s\n",
}
layers = st.lists(st.sampled_from(list(LAYERS)), max_size=4, unique_by=lambda name: name[:4])


def wrapped(text: str, layers: list[str]) -> str:
    for layer in layers:
        text = LAYERS[layer].replace("%s", text)
    return text


def read(text: str) -> Any:
    said = parse(text, data=True, writes=False)
    assert said == Said(said.observation)
    return said.observation


@given(values, written, layers)
@example({"a": f"{TAG}1{END_TAG}"}, json.dumps, [])
@example({"a": "<think>1</think>2"}, json.dumps, [])
@example("```json\n1\n```", json.dumps, [])
def test_a_value_is_read_through_whatever_stands_around_it(value: Any, write: Any, layers: list[str]) -> None:
    assert read(wrapped(write(value), layers)) == value


@given(values, written, layers, thoughts)
@example([0], json.dumps, [], '{"a": 1}')
@example(0, json.dumps, [], f"{TAG}1{END_TAG}")
@example({"a": "</think>"}, json.dumps, [], "{the} [1] <think> ```json\n[2]\n```")
def test_what_is_thought_is_no_answer(value: Any, write: Any, layers: list[str], thought: str) -> None:
    assert read(f"<think>{thought}</think>{wrapped(write(value), layers)}") == value


@given(compounds, written, layers, thoughts)
def test_thinking_that_a_template_opened_is_no_answer(value: Any, write: Any, layers: list[str], thought: str) -> None:
    assert read(f"The agent {thought}.\n</think>\n{wrapped(write(value), layers)}") == value


@pytest.mark.parametrize(
    "said",
    [
        'Here it is:\n{"a": [1, "</think> {"]}\nI hope that it helps [you].',
        'A draft: [1]. The {final} one: {"a": [1, "</think> {"]}.',
        f'{TAG}[1]{END_TAG} No, rather {TAG}{{"a": [1, "</think> {{"]}}{END_TAG}.',
        f'I had [3] ideas. {TAG}```json\n{{"a": [1, "</think> {{"]}}\n```{END_TAG}',
        '<think>I write </think> at the end, after {"b": 1}.</think>{"a": [1, "</think> {"]}',
        'It may be {"b": wrong}\n</think>{"a": [1, "</think> {"]}',
        '{"b": 1} or {"b": 2, "c": 3, "d": 4}?\n</think>{"a": [1, "</think> {"]}',
        f'{MARKER}\n<think>hm</think>\n{{"a": [1, "</think> {{"]}}',
        'Sure!\n```json\n{"a": [1, "</think> {"]}\n```\nThat is all.',
    ],
)
def test_data_is_found_in_talk(said: str) -> None:
    assert read(said) == {"a": [1, "</think> {"]}


@pytest.mark.parametrize(
    "said",
    [
        '{"a": {"b": 1}, "c": "cut',
        'Here it is: {"a": {"b": 1}, "c": [1, 2',
        '{"a": "x</think>[1]',
        f'{{"a": "{TAG}1{END_TAG}", "c": cut',
        "{'a': [1, 2]}",
        "{a: [1, 2]}",
        '{"a": NaN, "b": [1]}',
        f"{TAG}NaN{END_TAG}",
        "See [the] list.",
        "no JSON",
        '{"a": ' + "9" * 5000,
    ],
)
def test_a_part_of_broken_data_is_no_answer(said: str) -> None:
    with pytest.raises(Unreadable, match="it is not JSON"):
        read(said)


@pytest.mark.parametrize("said", ["", " \n", "<think>", '<think>{"a": 1}', "<think>hm</think>", "<think></think>\n"])
@pytest.mark.parametrize("data", [True, False])
def test_nothing_is_said_to_be_empty(said: str, data: bool) -> None:
    with pytest.raises(Unreadable, match="it is empty"):
        parse(said, data=data, writes=False)


@given(texts.map(str.strip).filter(bool), thoughts)
@example("Once there was a star, and <think> was its name.", "")
@example(f"Say {TAG}x{END_TAG} aloud, and {MARKER} and ```code```.", "```")
def test_words_stay_as_they_are(words: str, thought: str) -> None:
    plain = f"Words: {words}"
    if "</think>" in plain and "<think>" not in plain.partition("</think>")[0]:
        plain = f"<think> {words}"  # else its beginning is taken for thinking
    if not plain.startswith("<think>") and f"\n{TAG}" not in plain:
        assert parse(plain, data=False, writes=False) == Said(plain)
    if f"\n{TAG}" not in plain and not plain.startswith("<think>"):
        assert parse(f"<think>{thought}</think>\n{plain}", data=False, writes=False) == Said(plain)


@pytest.mark.parametrize(
    "said",
    [
        f"{MARKER}\nA tale.",
        f"{TAG}\nA tale.\n{END_TAG}",
        f"Here is the tale:\n{TAG}A tale.{END_TAG}\nI hope that it pleases.",
        f"{TAG}A draft.{END_TAG}\n{TAG}A tale.{END_TAG}",
        "```text\nA tale.\n```",
        "<think>About what? </think>A tale.",
        "**What** about?\n</think>\n\nA tale.",
        '"What" about?</think>A tale.',
    ],
)
def test_what_stands_around_words_is_taken_off(said: str) -> None:
    assert parse(said, data=False, writes=False) == Said("A tale.")


def test_words_between_two_blocks_of_code_stay() -> None:
    said = "```\na\n```\nand\n```\nb\n```"
    assert parse(said, data=False, writes=False) == Said(said)


@given(texts.filter(bool), layers, st.booleans(), st.booleans())
def test_an_error_of_the_service_is_told_by_its_text(told: str, layers: list[str], data: bool, writes: bool) -> None:
    said = wrapped(json.dumps({"error": told}), layers)
    assert parse(said, data=data, writes=writes) == Said(told, is_error=True)


@given(values, st.lists(values, max_size=2), layers, st.booleans())
def test_proposed_changes_come_with_the_observation(
    value: Any, changes: list[Any], layers: list[str], data: bool
) -> None:
    said = wrapped(json.dumps({"observation": value, "changes": changes}), layers)
    assert parse(said, data=data, writes=True) == Said(value, changes=changes)


@pytest.mark.parametrize("said", ['{"a": ["\\u0000"]}', '{"\\u0000": 1}', "[18446744073709551615]"])
def test_what_no_database_keeps_is_unreadable(said: str) -> None:
    with pytest.raises(Unreadable, match=r"it cannot be kept: (/|a name)"):
        read(said)


def test_changes_that_are_no_list_are_unreadable() -> None:
    with pytest.raises(Unreadable, match="'changes' is no list"):
        parse('{"observation": 1, "changes": {}}', data=True, writes=True)


anything = st.text(max_size=40) | st.lists(st.sampled_from((*MARKUP, *SYNTAX)), max_size=30).map("".join)


@given(anything, st.booleans(), st.booleans())
@example("\ud800", True, False)
@example("\ud800", False, False)
@example('"\ud800"</think>[1]', True, True)
def test_any_text_is_read_or_unreadable(said: str, data: bool, writes: bool) -> None:
    try:
        parse(said, data=data, writes=writes)
    except Unreadable:
        return


@pytest.mark.parametrize(
    "piece",
    [
        *MARKUP,
        *SYNTAX,
        f"\n{TAG}",
        "\n```\n",
        "a</think>",
        f"{TAG}[",
        f"{TAG}\n",
        "[</think>",
        '["</think>',
        "{ ",
        "[[x",
    ],
)
def test_a_flood_is_read_in_time(piece: str) -> None:
    flood = piece * (200_000 // len(piece))
    started = time.process_time()
    for data in (True, False):
        for said in (flood, f"talk {flood}", f"<think>{flood}</think>{flood}"):
            try:
                parse(said, data=data, writes=False)
            except Unreadable:
                continue
    assert time.process_time() - started < 3
