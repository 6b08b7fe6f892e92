"""Whether a stage fits into memory, said before it begins."""

from __future__ import annotations

from dataclasses import dataclass

import psutil
import torch

from trainer.errors import TrainingError

_GB = 1e9
_PER_WEIGHT = 16
"""Bytes: the weight, its gradient and the two moments of Adam, each in single precision."""
_PER_ADAPTED = 2
"""Bytes of a weight that is only read, in half precision."""
_PER_HIDDEN = 18
"""Values that a layer keeps of each token for the way back, in multiples of the hidden size."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a stage holds in memory.

    Attributes:
        parameters: weights of the model.
        trained: those that are trained; with an adapter, its own.
        hidden: size of a layer.
        layers: how many.
        vocabulary: how many tokens there are.
        tokens: in a batch.
        width: bytes of an activation.
        shards: GPUs that weights, gradients and optimizer are split over.
    """

    parameters: int
    trained: int
    hidden: int
    layers: int
    vocabulary: int
    tokens: int
    width: int = 4
    shards: int = 1

    @property
    def fixed(self) -> float:
        """Bytes that it holds however small the batch is."""
        return (self.trained * _PER_WEIGHT + (self.parameters - self.trained) * _PER_ADAPTED) / self.shards

    @property
    def per_token(self) -> float:
        """Bytes for each token of a batch: activations, and logits with their gradient."""
        return self.width * self.hidden * self.layers * _PER_HIDDEN + 12.0 * self.vocabulary

    @property
    def bytes(self) -> float:
        """All of it."""
        return self.fixed + self.tokens * self.per_token


def check_gpu(recipe: str, *, wanted: bool) -> None:
    """Make sure that a recipe finds the GPU that it wants.

    Raises:
        TrainingError: there is none.
    """
    if wanted and not torch.cuda.is_available():
        raise TrainingError(f"recipe '{recipe}' needs a GPU, and there is none here; recipe 'cpu' does without")


def free_bytes() -> float:
    """Memory that is free: of the GPU if there is one, else of the machine."""
    if torch.cuda.is_available():
        return float(torch.cuda.mem_get_info()[0])
    return float(psutil.virtual_memory().available)


def check_memory(need: Need, free: float | None = None) -> None:
    """Make sure that a stage fits.

    Raises:
        TrainingError: it does not; the message names the size that does.
    """
    free = free_bytes() if free is None else free
    if need.bytes <= free:
        return
    told = f"this takes about {need.bytes / _GB:.1f} GB of memory and {free / _GB:.1f} GB are free"
    left = int((free - need.fixed) / need.per_token)
    if left >= 1:
        raise TrainingError(f"{told}: a batch of {left:,} tokens in all fits, this one has {need.tokens:,}")
    weights = int(max(free, 0) * 0.8 * need.shards / _PER_WEIGHT)
    raise TrainingError(
        f"{told}: a model of {weights / 1e6:,.0f}M trained weights fits, this one has {need.trained / 1e6:,.0f}M"
    )
