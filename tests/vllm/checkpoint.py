"""Make a small Qwen3 checkpoint: `python tests/vllm/checkpoint.py LESSONS.jsonl FOLDER [--seconds 60] [--steps N]`.

Run by a Python that has torch and transformers. A line of the lessons is `{"messages": [{"role", "content"}, ...]}`;
the model, of 1.5 million parameters, learns the form of the assistant's turns, hardly their facts. Everything follows
from the lessons and the seed, except how many steps fit into the seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

Messages = list[dict[str, str]]
Lesson = tuple[list[int], list[int]]
"""Tokens, and a 1 for each that the assistant says."""

POSITIONS = 8192
VOCABULARY = 4096
END, START, STOP = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
WORDS = r"\p{N}|[^\r\n\p{L}\p{N}]?\p{L}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
"""What is never merged across; every digit stands alone, so that numbers can be copied and counted."""

TEMPLATE = """\
{%- for message in messages %}
    {%- if message.role == 'assistant' %}
        {{- '<|im_start|>assistant\\n' }}
        {%- generation %}{{- message.content + '<|im_end|>' }}{% endgeneration %}
        {{- '\\n' }}
    {%- elif message.role in ('system', 'user') %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- else %}
        {{- raise_exception('no role ' + message.role + ': system, user or assistant') }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}"""

LENGTH = 512
"""Tokens of a lesson that are trained on; of a longer one the last. Further back the model never looks, so that it
is as good at the end of a long prompt as it was in training."""

BATCH = 1024
"""Tokens of a training step, padding included."""

ASIDE = 0.3
"""What a token counts that the assistant does not say: prompts hold the like of what it should."""

RATE = 4e-3
"""Highest learning rate."""


def main() -> None:
    """Read the lessons, train, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lessons", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60, help="of training; 0 leaves the weights random")
    parser.add_argument("--steps", type=int, default=10**6, help="after which training ends, if there is time left")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    lessons = [json.loads(line)["messages"] for line in arguments.lessons.read_text().splitlines() if line.strip()]
    tokenizer = make_tokenizer(lessons)
    torch.manual_seed(arguments.seed)
    model = make_model(tokenizer)
    if arguments.seconds > 0:
        encoded = [encode(tokenizer, messages) for messages in lessons]
        train(model, encoded, arguments.seconds, arguments.steps, arguments.seed)
    model.save_pretrained(arguments.folder)
    tokenizer.save_pretrained(arguments.folder)
    print(f"{model.num_parameters() / 1e6:.2f}M parameters in {arguments.folder}")


def make_tokenizer(lessons: list[Messages]) -> PreTrainedTokenizerFast:
    """Byte-level BPE, learned from the lessons: any text survives the way there and back."""
    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bare.decoder = decoders.ByteLevel()
    special = [END, START, STOP]
    thoughts = ["<think>", "</think>"]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(thoughts),
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bare.train_from_iterator((message["content"] for messages in lessons for message in messages), trainer)
    bare.add_tokens(thoughts)
    return PreTrainedTokenizerFast(
        tokenizer_object=bare,
        eos_token=STOP,
        pad_token=END,
        additional_special_tokens=[START],
        chat_template=TEMPLATE,
        model_max_length=POSITIONS,
        clean_up_tokenization_spaces=False,
    )


def make_model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """Random weights in the shape of Qwen3."""
    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=VOCABULARY,
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=5,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=32,
            max_position_embeddings=POSITIONS,
            use_sliding_window=True,
            sliding_window=LENGTH,
            max_window_layers=0,
            tie_word_embeddings=True,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=None,
            dtype="float32",
        )
    )
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def encode(tokenizer: PreTrainedTokenizerFast, messages: Messages) -> Lesson:
    """The end of a conversation as a lesson."""
    encoded: Any = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
    return encoded["input_ids"][-LENGTH:], encoded["assistant_masks"][-LENGTH:]


def train(model: Qwen3ForCausalLM, lessons: list[Lesson], seconds: float, steps: int, seed: int) -> None:
    """Next-token loss until the time is up or the steps are done."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01, betas=(0.9, 0.98))
    model.train()
    began = time.monotonic()
    told = 0.0
    for step, batch in enumerate(batches(lessons, random.Random(seed))):
        passed = max((time.monotonic() - began) / seconds, step / steps)
        if passed >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = RATE * min((step + 1) / 20, 0.02 + 0.98 * (1 + math.cos(math.pi * passed)) / 2)
        loss = loss_of(model, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if passed - told >= 0.1:
            told = passed
            print(f"{passed:4.0%}  step {step}  loss {loss.item():.3f}", flush=True)
    model.eval()


def loss_of(model: Qwen3ForCausalLM, batch: list[Lesson]) -> torch.Tensor:
    """Weighted mean cross entropy; what pads the right end is behind every token that counts, so it needs no mask."""
    longest = max(len(tokens) for tokens, _ in batch)
    tokens = torch.zeros(len(batch), longest, dtype=torch.long)
    weights = torch.zeros(len(batch), longest)
    for row, (ids, said) in enumerate(batch):
        tokens[row, : len(ids)] = torch.tensor(ids)
        weights[row, : len(ids)] = ASIDE + (1 - ASIDE) * torch.tensor(said)
    hidden = model.model(input_ids=tokens, use_cache=False).last_hidden_state[:, :-1]
    counts, weights = weights[:, 1:] > 0, weights[:, 1:]
    losses = torch.nn.functional.cross_entropy(model.lm_head(hidden[counts]), tokens[:, 1:][counts], reduction="none")
    return (losses * weights[counts]).sum() / weights.sum()


def batches(lessons: list[Lesson], order: random.Random) -> Iterator[list[Lesson]]:
    """Batches of lessons of like length, in random order, for ever."""
    ordered = sorted(lessons, key=lambda lesson: len(lesson[0]))
    groups: list[list[Lesson]] = [[]]
    for lesson in ordered:
        if groups[-1] and (len(groups[-1]) + 1) * len(lesson[0]) > BATCH:
            groups.append([])
        groups[-1].append(lesson)
    while True:
        order.shuffle(groups)
        yield from groups


if __name__ == "__main__":
    main()
