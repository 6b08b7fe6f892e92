"""A checkpoint that answers on a CPU: transformers generates, llguidance keeps an answer to its schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import torch
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer
from tokenizers.decoders import DecodeStream
from transformers import LogitsProcessor, StoppingCriteria
from transformers.generation.streamers import BaseStreamer

from trainer import checkpoint
from trainer.encode import Encoder
from trainer.serving.engine import Ended, Refused, Task
from trainer.serving.wanted import Wanted

_SETTINGS = {"whitespace_flexible": False}
"""A small model that may write spaces writes them without an end."""


class Checkpoint:
    """The model of a folder; it answers one request at a time.

    Attributes:
        context: tokens of question and answer together.
        version: of the weights: another one answers otherwise.
    """

    def __init__(self, folder: Path) -> None:
        """Load it.

        Raises:
            TrainingError: the folder holds no checkpoint, or a damaged one.
        """
        self._model, self._tokenizer = checkpoint.load(folder)
        self._model.eval()
        self._model.config.use_cache = True
        self._words = from_tokenizer(self._tokenizer, n_vocab=self._model.config.vocab_size)
        self._encoder = Encoder(self._tokenizer)
        self.context: int = self._model.config.max_position_embeddings
        self.version = checkpoint.weights_hash(folder)[:16]

    def prepare(self, wanted: Wanted) -> Task:
        """What is to be done.

        Raises:
            Refused: it cannot be done.
        """
        thinks = wanted.chat_template_kwargs.enable_thinking
        prompt = self._encoder.prompt_ids(wanted.chat, thinking=thinks)
        longest = wanted.longest or self.context - len(prompt)
        if not prompt or longest < 1 or len(prompt) + longest > self.context:
            raise Refused(
                f"the model's context length is {self.context} tokens, and {len(prompt)} of the messages and "
                f"{max(longest, 1)} of the answer are more"
            )
        if wanted.schema_of_answer is not None:
            if thinks:
                raise Refused("an answer that is thought through is kept to no schema here; leave one of them out")
            self._grammar(wanted.schema_of_answer)
        return Task(wanted, tuple(prompt), longest)

    def answer(self, task: Task, number: int, hear: Callable[[str], None], stopped: Callable[[], bool]) -> Ended:
        """Say one answer, piece by piece; `number` counts the answers to one request."""
        wanted = task.wanted
        torch.manual_seed(torch.seed() if wanted.seed is None else wanted.seed + number)
        heard = _Hearing(self._tokenizer, hear, wanted.stops)
        with torch.inference_mode():
            self._model.generate(
                input_ids=torch.tensor([task.prompt]),
                attention_mask=torch.ones(1, len(task.prompt), dtype=torch.long),
                max_new_tokens=task.longest,
                eos_token_id=self._tokenizer.eos_token_id,
                pad_token_id=self._tokenizer.pad_token_id,
                streamer=heard,
                stopping_criteria=[_Stopped(stopped)],
                tokenizer=self._tokenizer,
                stop_strings=wanted.stops or None,
                logits_processor=self._forms(wanted),
                **_sampling(wanted),
            )
        cut = heard.tokens == task.longest and heard.last != self._tokenizer.eos_token_id
        return Ended(heard.tokens, "length" if cut else "stop")

    def _forms(self, wanted: Wanted) -> list[LogitsProcessor]:
        return [] if wanted.schema_of_answer is None else [_Form(self._grammar(wanted.schema_of_answer))]

    def _grammar(self, schema: dict[str, Any]) -> LLMatcher:
        text = LLMatcher.grammar_from_json_schema(orjson.dumps(schema).decode(), overrides=_SETTINGS)
        matcher = LLMatcher(self._words, text, log_level=0)
        if matcher.is_error():
            raise Refused(f"no answer can be kept to this schema: {' '.join(matcher.get_error().split())[:300]}")
        return matcher


def _sampling(wanted: Wanted) -> dict[str, Any]:
    if not wanted.temperature:
        return {"do_sample": False}
    return {"do_sample": True, "temperature": wanted.temperature, "top_p": wanted.top_p, "top_k": wanted.top_k}


class _Hearing(BaseStreamer):
    """Hands on each token as text; with texts that end the answer, all of it at its end."""

    def __init__(self, tokenizer: Any, hear: Callable[[str], None], stops: Sequence[str]) -> None:
        self._words, self._hear, self._stops = tokenizer.backend_tokenizer, hear, stops
        self._decoded = DecodeStream(skip_special_tokens=True)
        self._kept = ""
        self._asked = False
        self.tokens = 0
        self.last = -1

    def put(self, value: Any) -> None:
        """Take the question, and then each token of the answer."""
        if not self._asked:
            self._asked = True
            return
        self.last = int(value.item())
        self.tokens += 1
        text = self._decoded.step(self._words, self.last) or ""
        if self._stops:
            self._kept += text
        elif text:
            self._hear(text)

    def end(self) -> None:
        """Hand on what was kept, up to the first text that ends it."""
        at = [found for stop in self._stops if (found := self._kept.find(stop)) >= 0]
        if self._kept:
            self._hear(self._kept[: min(at, default=None)])


class _Stopped(StoppingCriteria):
    """Ends an answer that nobody waits for."""

    def __init__(self, stopped: Callable[[], bool]) -> None:
        self._stopped = stopped

    def __call__(self, ids: Any, _: Any, **__: Any) -> Any:
        return torch.full((ids.shape[0],), self._stopped(), dtype=torch.bool)


class _Form(LogitsProcessor):
    """Leaves only the tokens with which an answer can still fit."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher
        self._begun = False

    def __call__(self, ids: Any, scores: Any) -> Any:
        if self._begun:
            self._matcher.consume_token(int(ids[0, -1]))
        self._begun = True
        allowed = torch.frombuffer(bytearray(self._matcher.compute_logit_bias()), dtype=torch.uint8)
        return scores.masked_fill(allowed[: scores.shape[-1]] == 0, float("-inf"))
