"""First weights that can copy: what followed this token the last time it stood here, follows again.

Two heads of the first layer write the token before into dimensions of their own, and two heads of the second find
where the token of now stood before, and write what came after. Models learn this circuit by themselves, but small ones
need millions of tokens for it, and until then nothing that they were never told can be repeated: no id, no name. All of
it is weights of an ordinary Qwen3, which training changes like any other.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from trainer.errors import TrainingError

THETA = 1e8
"""Of the rotary positions: all but a few dimensions of a head turn so slowly that they tell contents, not places."""
_HEADS = 2
"""Of a layer that belong to the circuit."""
_FAST = 3
"""Pairs of dimensions that tell the token before from its neighbours."""
_SLOW = 6
"""The first pair that turns too slowly to tell places."""
_SHARP = 2.4
_LOUD = 4.0


def prime(model: Any, seed: int) -> None:
    """Write the circuit into a new model.

    Raises:
        TrainingError: the model is too small for it.
    """
    config = model.config
    width, heads, head = config.hidden_size, config.num_attention_heads, config.head_dim
    if config.num_hidden_layers < 2 or heads < _HEADS or config.num_key_value_heads != heads or head <= 2 * _SLOW:
        raise TrainingError(
            "a model that begins as a copier needs two layers, two heads with keys of their own, and "
            f"more than {2 * _SLOW} dimensions in a head"
        )
    draw = torch.Generator().manual_seed(seed)
    basis = torch.linalg.qr(torch.randn(width, width, generator=draw))[0]
    own = min(_HEADS * head, (width - 1) // 2)
    always, now, before = basis[:, 0], basis[:, 1 : 1 + own], basis[:, 1 + own : 1 + 2 * own]
    with torch.no_grad():
        table = model.get_input_embeddings().weight
        tokens = torch.randn(table.shape[0], own, generator=draw) / math.sqrt(own)
        table.copy_(tokens @ now.T + 0.5 * always)
        _look_back(model.model.layers[0].self_attn, always, now, before, head)
        _find_again(model.model.layers[1].self_attn, now, before, head, draw)


def _look_back(attention: Any, always: Tensor, now: Tensor, before: Tensor, head: int) -> None:
    """Attend to the token before, and write it beside the token of now."""
    width, own = now.shape
    turns = [THETA ** (-pair / (head // 2)) for pair in range(_FAST)]
    for number in range(_HEADS):
        rows = slice(number * head, (number + 1) * head)
        query, key = torch.zeros(head), torch.zeros(head)
        for pair, turn in enumerate(turns):
            key[pair] = 1.0
            query[pair], query[pair + head // 2] = math.cos(turn), -math.sin(turn)
        attention.q_proj.weight[rows] = torch.outer(query, always)
        attention.k_proj.weight[rows] = torch.outer(key, always)
        part = slice(number * own // _HEADS, (number + 1) * own // _HEADS)
        count = part.stop - part.start
        attention.v_proj.weight[rows] = 0.0
        attention.v_proj.weight[rows.start : rows.start + count] = now[:, part].T
        attention.o_proj.weight[:, rows] = 0.0
        attention.o_proj.weight[:, rows.start : rows.start + count] = before[:, part] / math.sqrt(width)
    attention.q_norm.weight.fill_(_SHARP)
    attention.k_norm.weight.fill_(_SHARP)


def _find_again(attention: Any, now: Tensor, before: Tensor, head: int, draw: torch.Generator) -> None:
    """Attend to what stood after the same token, and say it."""
    width, own = now.shape
    slow = [*range(_SLOW, head // 2), *range(head // 2 + _SLOW, head)]
    for number in range(_HEADS):
        rows = slice(number * head, (number + 1) * head)
        mix = torch.linalg.qr(torch.randn(own, own, generator=draw))[0][:, : len(slow)]
        for weight, side in ((attention.q_proj.weight, now), (attention.k_proj.weight, before)):
            weight[rows] = 0.0
            weight[[rows.start + at for at in slow]] = (side @ mix).T
        part = slice(number * own // _HEADS, (number + 1) * own // _HEADS)
        count = part.stop - part.start
        attention.v_proj.weight[rows] = 0.0
        attention.v_proj.weight[rows.start : rows.start + count] = now[:, part].T
        attention.o_proj.weight[:, rows] = 0.0
        attention.o_proj.weight[:, rows.start : rows.start + count] = now[:, part] * _LOUD / math.sqrt(width)
    attention.q_norm.weight.fill_(_SHARP)
    attention.k_norm.weight.fill_(_SHARP)
