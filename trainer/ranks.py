"""Several processes that train together, as torchrun or accelerate start them: what only the first of them does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from accelerate import PartialState


def processes() -> int:
    """How many train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this is the one that writes down what all came to."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def first_alone() -> Iterator[None]:
    """The first process goes through the block alone; the others follow, and find what it left."""
    if processes() == 1:
        yield
        return
    with PartialState(cpu=not torch.cuda.is_available()).main_process_first():
        yield
