"""Settings of a world model: what people write, and what they are told about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mcp_sim.errors import SetupError
from mcp_sim.worldmodel.settings import Settings, read_settings

URL = "http://127.0.0.1:8801"


@pytest.mark.parametrize(
    ("given", "base"),
    [
        (URL, f"{URL}/v1"),
        (f"{URL}/", f"{URL}/v1"),
        (f"{URL}/v1", f"{URL}/v1"),
        (f"{URL}/v1/", f"{URL}/v1"),
        (f"{URL}/v1/chat/completions", f"{URL}/v1"),
        (f"{URL}/v1/models", f"{URL}/v1"),
        ("HTTPS://Host/team/v1", "https://Host/team/v1"),
        ("http://[::1]:8801", "http://[::1]:8801/v1"),
    ],
)
def test_a_url_may_end_anywhere(given: str, base: str) -> None:
    assert read_settings([given]).urls == (base,)


def test_the_same_server_counts_once() -> None:
    assert read_settings([URL, f"{URL}/v1", "http://b"]).urls == (f"{URL}/v1", "http://b/v1")


@pytest.mark.parametrize(
    "given",
    [
        "ftp://a",
        "http://",
        "http://[bad",
        "http://a:99999",
        "http://a:0",
        "http://a b",
        "http://a\n",
        "://a",
        "http:///v1",
    ],
)
def test_what_is_no_url_is_told(given: str) -> None:
    with pytest.raises(SetupError) as caught:
        read_settings([given, URL])
    assert str(caught.value) == f"'{given}' is not a URL of a server; e.g. http://127.0.0.1:8801"


def test_a_url_with_a_query_is_refused() -> None:
    with pytest.raises(SetupError, match="ends in a query"):
        read_settings(["http://a/v1?key=x"])


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(SetupError, match=r"the URL of a\.example holds a name or password") as caught:
        read_settings(["http://me:owl-7741@a.example"])
    assert "owl-7741" not in str(caught.value)


def written(folder: Path, text: str | bytes) -> str:
    path = folder / "settings.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_a_file_says_what_differs(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        f"urls: [{URL}]\nmodel: m\napi_key: |\n  sk-1\nthinking: {{write: true}}\nanswer_tokens: {{read: 9}}\n",
    )
    settings = read_settings([file])
    assert (settings.urls, settings.model, settings.api_key) == ((f"{URL}/v1",), "m", "sk-1")
    assert settings.thinking == {"read": False, "write": True}
    assert settings.answer_tokens == {"read": 9, "write": 1536}
    assert read_settings([file], "n").model == "n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("urlz: [x]\nurls: [http://a]", "urlz: there is no such setting (did you mean 'urls'?)"),
        ("urls: [a]", "urls: 'a' is not a URL of a server; e.g. http://127.0.0.1:8801"),
        ("urls: http://a", "urls: Input should be a valid tuple"),
        ("urls: [http://a]\nconcurrency: 0", "concurrency: Input should be greater than or equal to 1"),
        ("urls: [http://a]\ndeadline: .inf", "deadline: Input should be a finite number"),
        ("urls: [http://a]\ntemplate: v9", "template: there is no template 'v9'; known: v1"),
        ("urls: [http://a]\nthinking: {reed: true}", "thinking.reed.[key]: Input should be 'read' or 'write'"),
        ("urls: [http://a]\nanswer_tokens: {read: 0}", "answer_tokens.read: Input should be greater than"),
        ("urls: [http://a]\nsampling: {model: x}", "sampling: 'model' is no sampling"),
        ("urls: [http://a]\nsampling: {stream: false}", "sampling: 'stream' is no sampling"),
        ("urls: [http://a]\nsampling: {temperature: .nan}", "sampling: /temperature: NaN and Infinity are not JSON"),
        ("urls: [http://a]\napi_key: 'a b'", "api_key: a key has only letters"),
        ("urls: [http://a]\napi_key: schlüssel", "api_key: a key has only letters"),
        ("urls: [http://a]\n1: 2", "1: Keys should be strings"),
        ("model: x", " names no server; e.g. urls: [http://127.0.0.1:8801]"),
        ("urls: []", " names no server"),
        ("- a", " holds no settings; e.g. urls: [http://127.0.0.1:8801]"),
        ("", " holds no settings"),
        ("a: {", " is not YAML: "),
        (b"\xff\xfe\x00", " is not YAML: "),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(tmp_path: Path, text: str | bytes, told: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SetupError) as caught:
        read_settings([file])
    sentence = str(caught.value)
    assert sentence.startswith(file)
    assert told in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_what_is_neither_url_nor_file_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError, match=r"is neither a URL such as http://127\.0\.0\.1:8801 nor a file: "):
        read_settings([str(tmp_path / name)])


@pytest.mark.parametrize("wrong", [{"api_key": "sk-owl 7741"}, {"api_key": {"sk-owl": 7741}}])
def test_a_key_is_repeated_nowhere(wrong: dict[str, Any]) -> None:
    assert "sk-owl" not in repr(Settings(api_key="sk-owl-7741"))
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(wrong)
    assert "owl" not in str(caught.value)
