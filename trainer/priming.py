"""First weights that can copy: what followed these two tokens the last time they stood here, follows again.

The heads of the first layer write the token before, and the one before that, into dimensions of their own; those of
the second find where the same two tokens stood before, and say what came after. Models learn this by themselves, but
small ones need millions of tokens for it, and until then nothing that they were never told can be repeated: no id,
no name. All of it is weights of an ordinary Qwen3, which training changes like any other.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from trainer.errors import TrainingError

THETA = 1e12
"""Of the rotary positions: all but a few dimensions of a head turn so slowly that they tell contents, not places."""
_HEADS = 4
_PAIR = 2
"""Heads that write one earlier token."""
_FAST = 3
"""Pairs of dimensions that tell a place from its neighbours."""
_SLOW = 4
"""The first pair that turns too slowly to tell places."""
_SHARP = 2.4
_LOUD = 7.0
_FIRST, _SECOND = 1.0, 0.8
"""How much the token before counts, and the one before that."""


def prime(model: Any, seed: int) -> None:
    """Write the circuit into a new model.

    Raises:
        TrainingError: the model is too small for it.
    """
    config = model.config
    width, heads, head = config.hidden_size, config.num_attention_heads, config.head_dim
    if config.num_hidden_layers < 2 or heads < _HEADS or config.num_key_value_heads != heads or head <= 2 * _SLOW:
        raise TrainingError(
            "a model that begins as a copier needs two layers, four heads with keys of their own, and "
            f"more than {2 * _SLOW} dimensions in a head"
        )
    draw = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(width, width, generator=draw))[0]
    own = min(_PAIR * head, (width - 1) // 3)
    always, now, once, twice = basis.split([1, own, own, own, width - 1 - 3 * own], dim=1)[:4]
    with torch.no_grad():
        table = model.get_input_embeddings().weight
        tokens = torch.randn(table.shape[0], own, generator=draw) / math.sqrt(own)
        table.copy_(tokens @ now.T + 0.5 * always[:, 0])
        first, second = model.model.layers[0].self_attn, model.model.layers[1].self_attn
        for back, (heads_of, before) in enumerate(((range(_PAIR), once), (range(_PAIR, 2 * _PAIR), twice)), 1):
            for number, head_at in enumerate(heads_of):
                _look_back(first, head_at, back, always[:, 0], now, before, _share(own, number, _PAIR), head)
        for number in range(_HEADS):
            _find_again(second, number, (now, once, twice), _share(own, number, _HEADS), head, draw)
        for attention in (first, second):
            attention.q_norm.weight.fill_(_SHARP)
            attention.k_norm.weight.fill_(_SHARP)


def _share(whole: int, number: int, of: int) -> slice:
    return slice(number * whole // of, (number + 1) * whole // of)


def _look_back(
    attention: Any, number: int, back: int, always: Tensor, now: Tensor, before: Tensor, part: slice, head: int
) -> None:
    """Attend to an earlier token, and write a part of it beside the token of now."""
    rows = slice(number * head, (number + 1) * head)
    query, key = torch.zeros(head), torch.zeros(head)
    for pair in range(_FAST):
        turn = back * THETA ** (-pair / (head // 2))
        key[pair] = 1.0
        query[pair], query[pair + head // 2] = math.cos(turn), -math.sin(turn)
    attention.q_proj.weight[rows] = torch.outer(query, always)
    attention.k_proj.weight[rows] = torch.outer(key, always)
    _carry(attention, rows, now[:, part], before[:, part] / math.sqrt(len(always)))


def _find_again(
    attention: Any, number: int, sides: tuple[Tensor, Tensor, Tensor], part: slice, head: int, draw: torch.Generator
) -> None:
    """Attend to what stood after the same two tokens, and say a part of it."""
    now, once, twice = sides
    rows = slice(number * head, (number + 1) * head)
    slow = [*range(_SLOW, head // 2), *range(head // 2 + _SLOW, head)]
    half = len(slow) // 2
    attention.q_proj.weight[rows] = 0.0
    attention.k_proj.weight[rows] = 0.0
    for places, (asked, kept), much in (
        (slow[:half], (now, once), _FIRST),
        (slow[half:], (once, twice), _SECOND),
    ):
        mix = torch.linalg.qr(torch.randn(now.shape[1], now.shape[1], generator=draw))[0][:, : len(places)]
        at = [rows.start + place for place in places]
        attention.q_proj.weight[at] = math.sqrt(much) * (asked @ mix).T
        attention.k_proj.weight[at] = math.sqrt(much) * (kept @ mix).T
    _carry(attention, rows, now[:, part], now[:, part] * _LOUD / math.sqrt(len(now)))


def _carry(attention: Any, rows: slice, read: Tensor, write: Tensor) -> None:
    """Let a head write what it reads into other dimensions."""
    attention.v_proj.weight[rows] = 0.0
    attention.v_proj.weight[rows.start : rows.start + read.shape[1]] = read.T
    attention.o_proj.weight[:, rows] = 0.0
    attention.o_proj.weight[:, rows.start : rows.start + read.shape[1]] = write
