"""Records as token ids, those that are learned marked: what a server is sent, and what it should say to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.errors import TrainingError
from trainer.record import Record

DOCUMENT = "cpt-document"
"""The intent of a record that is a text, not a conversation: all of it is learned."""
IGNORED = -100
"""The label of a token that is not learned."""


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids, and as many marks: 1 for a token that is learned."""

    ids: tuple[int, ...]
    learned: tuple[int, ...]

    @property
    def labels(self) -> list[int]:
        """The ids, `IGNORED` where a token is not learned."""
        return [token if mark else IGNORED for token, mark in zip(self.ids, self.learned, strict=True)]


class Encoder:
    """Encodes the records of one run with the tokenizer of its model.

    A prompt is tokenized as a server tokenizes it, from the rendered template; what is learned begins a token of its
    own, as generation does, and its text cannot spell a control token.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._end: str = tokenizer.eos_token

    def prompt(self, messages: Sequence[dict[str, str]], *, thinking: bool = False) -> str:
        """The text that a server makes of messages whose answer is asked for."""
        return self._render(messages, add_generation_prompt=True, enable_thinking=thinking)

    def prompt_ids(self, messages: Sequence[dict[str, str]], *, thinking: bool = False) -> list[int]:
        """The same as token ids."""
        return self._ids(self.prompt(messages, thinking=thinking))

    def encode(self, record: Record, reasoning: str = "") -> list[Example]:
        """The examples of a record: one, or one for each learned turn where the template tells the past another way.

        Args:
            record: what is learned.
            reasoning: what the model is to think before its last turn; empty: it answers at once.

        Raises:
            TrainingError: the record has no learned turn, or does not fit the chat template.
        """
        if record.intent == DOCUMENT:
            return [self._document(record)]
        messages: list[dict[str, str]] = [{"role": turn.role, "content": turn.content} for turn in record.turns]
        learned = [at for at, turn in enumerate(record.turns) if turn.loss]
        if not learned:
            raise TrainingError(f"record {record.id[:12]} has no turn that is learned")
        if any(record.turns[at].role != "assistant" for at in learned):
            raise TrainingError(f"record {record.id[:12]}: only turns of the assistant can be learned")
        if reasoning:
            messages[learned[-1]]["reasoning_content"] = reasoning
        spans = [self._span(record, messages, at) for at in learned]
        whole = spans[-1][0] + spans[-1][1]
        if all(whole.startswith(before + said) for before, said in spans):
            return [self._joined(spans)]
        return [self._joined([span]) for span in spans]

    def _span(self, record: Record, messages: list[dict[str, str]], at: int) -> tuple[str, str]:
        """What stands before a learned turn, and the turn with its end, as the template writes them."""
        thinks = "reasoning_content" in messages[at]
        before = self.prompt(messages[:at], thinking=thinks)
        whole = self._render(messages[: at + 1])
        if not whole.startswith(before):
            raise TrainingError(
                f"record {record.id[:12]} does not fit the chat template of the model: the template writes turn {at} "
                "in another way after the fact than it asks for it; give the checkpoint its own template"
            )
        said = whole[len(before) :].rstrip("\n")
        if not said.endswith(self._end) or messages[at]["content"].strip() not in said:
            raise TrainingError(
                f"record {record.id[:12]} does not fit the chat template of the model: it does not end turn {at} with "
                f"'{self._end}', or changes what it says"
            )
        return before, said

    def _joined(self, spans: Sequence[tuple[str, str]]) -> Example:
        ids: list[int] = []
        learned: list[int] = []
        done = 0
        for before, said in spans:
            prompt = self._ids(before[done:])
            answer = [*self._spelled(said.removesuffix(self._end)), self._tokenizer.eos_token_id]
            ids += prompt + answer
            learned += [0] * len(prompt) + [1] * len(answer)
            done = len(before) + len(said)
        return Example(tuple(ids), tuple(learned))

    def _document(self, record: Record) -> Example:
        text = "\n\n".join(turn.content for turn in record.turns)
        ids = [*self._spelled(text), self._tokenizer.pad_token_id]
        return Example(tuple(ids), (1,) * len(ids))

    def _render(self, messages: Sequence[dict[str, str]], **options: Any) -> str:
        try:
            text: str = self._tokenizer.apply_chat_template(list(messages), tokenize=False, **options)
        except Exception as error:  # whatever the template raises
            raise TrainingError(f"the chat template refuses a conversation: {error}") from None
        return text

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _spelled(self, text: str) -> list[int]:
        """The text as tokens, in which a control token is spelled out like any other word."""
        bare = self._tokenizer.backend_tokenizer
        before = bare.encode_special_tokens
        bare.encode_special_tokens = True
        try:
            ids: list[int] = bare.encode(text, add_special_tokens=False).ids
        finally:
            bare.encode_special_tokens = before
        return ids


@dataclass(frozen=True, slots=True)
class Encoded:
    """Examples of a stage, and how many were left out because they are longer than the model reads."""

    examples: tuple[Example, ...]
    too_long: int = 0


def encode_all(encoder: Encoder, records: Iterator[tuple[Record, str]], longest: int) -> Encoded:
    """Encode records with what is thought before each, leaving out what has more than `longest` tokens."""
    kept: list[Example] = []
    too_long = 0
    for record, reasoning in records:
        for example in encoder.encode(record, reasoning):
            if len(example.ids) > longest:
                too_long += 1
            else:
                kept.append(example)
    return Encoded(tuple(kept), too_long)
