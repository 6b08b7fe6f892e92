from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.worldmodel.ports import free_port
from tests.worldmodel.processes import until
from trainer.checkpoint import load
from trainer.encode import Encoder
from trainer.generate import Sampling, generate
from trainer.serving.engine import Ended, Refused
from trainer.serving.generation import Checkpoint
from trainer.serving.wanted import Wanted

CHAT: list[dict[str, Any]] = [{"role": "system", "content": "A library."}, {"role": "user", "content": "get_book B-1"}]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["id", "year", "tags"],
    "additionalProperties": False,
    "properties": {
        "id": {"enum": ["B-1", "B-2"]},
        "year": {"type": "integer", "minimum": 1900, "maximum": 2100},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 4}, "maxItems": 2},
    },
}


@pytest.fixture(scope="module")
def engine(start: Path) -> Checkpoint:
    return Checkpoint(start)


Say = Callable[..., tuple[str, Ended]]


@pytest.fixture
def say(engine: Checkpoint) -> Say:
    def say(number: int = 0, stopped: Callable[[], bool] = lambda: False, **asked: Any) -> tuple[str, Ended]:
        task = engine.prepare(Wanted.model_validate({"model": "tiny", "messages": CHAT, "max_tokens": 24, **asked}))
        heard: list[str] = []
        ended = engine.answer(task, number, heard.append, stopped)
        return "".join(heard), ended

    return say


def test_the_likeliest_answer_is_that_of_the_bench(say: Say, start: Path) -> None:
    model, tokenizer = load(start)
    [expected] = generate(model, tokenizer, [Encoder(tokenizer).prompt_ids(CHAT)], Sampling(24))
    said, ended = say(temperature=0)
    assert said == expected.text.rstrip("�")
    assert ended == Ended(24, "length")


def test_a_seed_repeats_an_answer_and_another_number_is_another_answer(say: Say) -> None:
    assert say(seed=3) == say(seed=3)
    assert len({say(seed=3, number=number)[0] for number in range(4)}) == 4


@pytest.mark.parametrize("seed", range(4))
def test_an_answer_keeps_to_its_schema_though_the_model_has_learned_nothing(say: Say, seed: int) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "book", "schema": SCHEMA}}
    said, ended = say(seed=seed, max_tokens=200, response_format=form)
    found = json.loads(said)
    assert ended.reason == "stop"
    assert found.keys() == set(SCHEMA["required"])
    assert found["id"] in ("B-1", "B-2")
    assert 1900 <= found["year"] <= 2100


def test_an_answer_ends_before_a_text_that_ends_it(say: Say) -> None:
    whole, _ = say(seed=5)
    stop = whole[8:10]
    said, ended = say(seed=5, stop=[stop, "never said"])
    assert said == whole[: whole.index(stop)]
    assert ended.reason == "stop"
    assert ended.tokens < 24


def test_an_answer_that_nobody_waits_for_ends(say: Say) -> None:
    _, ended = say(seed=5, max_tokens=1500, stopped=lambda: True)
    assert ended.tokens == 1


def test_what_does_not_fit_is_refused(engine: Checkpoint) -> None:
    def refused(**asked: Any) -> str:
        with pytest.raises(Refused) as refusal:
            engine.prepare(Wanted.model_validate({"model": "tiny", "messages": CHAT, **asked}))
        return str(refusal.value)

    assert refused(max_tokens=2048).startswith("the model's context length is 2048 tokens, and ")
    assert "context length" in refused(messages=[{"role": "user", "content": "0 " * 2048}])
    broken = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "striing"}}}
    assert refused(response_format=broken).startswith("no answer can be kept to this schema: ")
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    thinking = {"enable_thinking": True}
    assert "is kept to no schema here" in refused(response_format=form, chat_template_kwargs=thinking)


def serve(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "trainer", "serve", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ})


def test_the_command_answers_until_it_is_asked_to_end(start: Path) -> None:
    port = free_port()
    with serve(start, "--port", port) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"start answers at http://127.0.0.1:{port}\n"
            asked = {"model": "start", "messages": CHAT, "max_tokens": 1500, "stream": True, "seed": 1}
            url = f"http://127.0.0.1:{port}"
            with httpx.stream("POST", f"{url}/v1/chat/completions", json=asked, timeout=60) as answer:
                pieces = answer.iter_lines()
                assert json.loads(next(pieces).removeprefix("data: "))["choices"][0]["delta"]["content"]
            # Whoever left is not waited for: else this would come after 1,500 tokens, and so would the end.
            asked = {"model": "start", "messages": CHAT, "max_tokens": 2, "seed": 1}
            assert httpx.post(f"{url}/v1/chat/completions", json=asked, timeout=60).status_code == 200
            process.send_signal(signal.SIGTERM)
            until(lambda: process.poll() is not None)
            assert "Traceback" not in process.stdout.read()
        finally:
            process.kill()


def test_what_is_no_checkpoint_or_a_damaged_one_is_told_in_a_sentence(start: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for file in start.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes())
    (damaged / "model.safetensors").write_bytes((start / "model.safetensors").read_bytes()[:1000])
    for folder, told in (
        (tmp_path, f"error: {tmp_path} holds no checkpoint: it has no config.json"),
        (damaged, f"error: {damaged} cannot be loaded: "),
    ):
        with serve(folder, "--port", 0) as process:
            said, _ = process.communicate(timeout=120)
        assert process.returncode == 1
        assert said.startswith(told), said
        assert said.count("\n") == 1
