"""Recipes that need GPUs. None of them has been run: no GPU was at hand when they were written."""

from __future__ import annotations

import os
from dataclasses import replace

from schemas.load import shipped_worlds
from trainer.checkpoint import Shape
from trainer.loop import Loop
from trainer.recipes.recipe import Bench, Recipe
from trainer.recipes.worlds import Worlds
from trainer.rejection import Rejection
from trainer.rl import Learning
from trainer.sft import Thinking

ROLLOUTS = "MCP_SIM_ROLLOUTS"
"""The variable with the URL of the vLLM server that answers for the recipe of many machines."""


def h200() -> Recipe:
    """A world model of 48 MB from nothing, in 15 minutes on one GPU."""
    loop = Loop(steps=1600, batch=64, rate=3e-3, length=2048, save_every=200, warmup=100, bf16=True)
    return Recipe(
        name="h200",
        about="A model of 12 million weights that plays the shipped worlds, in about 15 minutes on one GPU.",
        source=Worlds(tuple(shipped_worlds()), calls=25, prompt_tokens=1800, sessions=(400, 100, 150, 20)),
        model=Shape(
            hidden=384,
            layers=6,
            heads=6,
            key_value_heads=2,
            head=64,
            intermediate=1152,
            vocabulary=4096,
            positions=4096,
        ),
        cpt=loop,
        sft=replace(loop, steps=500, rate=8e-4, warmup=20, save_every=100),
        thinking=Thinking(share=0.3),
        rl=replace(loop, steps=200, rate=2e-5, warmup=0, save_every=40),
        learning=Learning(group=8, longest=192, rounds=4),
        bench=Bench(calls=200, longest=192, batch=64),
        gpu=True,
    )


def qwen3_8b_lora() -> Recipe:
    """Adapters for a general model, on one GPU of 80 GB."""
    loop = Loop(
        steps=2000, batch=2, rate=1e-4, length=8192, save_every=100, warmup=50, accumulate=8, bf16=True, recompute=True,
        lora=32,
    )  # fmt: skip
    return Recipe(
        name="qwen3-8b-lora",
        about="Qwen3-8B with adapters of rank 32, on one GPU.",
        source=Worlds(
            tuple(shipped_worlds()), calls=40, prompt_tokens=6000, sessions=(400, 100, 150, 20), documents=False
        ),
        model="Qwen/Qwen3-8B",
        cpt=loop,
        sft=replace(loop, steps=600, rate=5e-5, warmup=20),
        thinking=Thinking(share=0.5, rejection=Rejection(rollouts=3, threshold=0.9)),
        rl=replace(loop, steps=400, rate=1e-5, warmup=0),
        learning=Learning(group=8, longest=1024, rounds=4, vllm="colocate"),
        bench=Bench(calls=300, longest=1024, batch=16),
        gpu=True,
    )


def agentworld_35b_lora() -> Recipe:
    """Adapters for the model that was trained as a world model, on one GPU of 141 GB."""
    found = qwen3_8b_lora()
    return replace(
        found,
        name="agentworld-35b-lora",
        about="Qwen-AgentWorld-35B-A3B with adapters of rank 16, on one GPU of 141 GB.",
        model="Qwen/Qwen-AgentWorld-35B-A3B",
        cpt=replace(found.cpt, batch=1, accumulate=16, rate=5e-5, lora=16),
        sft=replace(found.sft, batch=1, accumulate=16, rate=3e-5, lora=16),
        rl=replace(found.rl, batch=1, accumulate=16, rate=5e-6, lora=16),
        # The weights fill the GPU: a vLLM beside them would need them once more.
        learning=replace(found.learning, vllm=""),
    )


def multi_node() -> Recipe:
    """All weights of a general model, split over two machines of eight GPUs; a third machine answers in rl."""
    loop = Loop(
        steps=2000, batch=1, rate=1e-5, length=8192, save_every=100, warmup=50, bf16=True, recompute=True, shards=16
    )
    return Recipe(
        name="multi-node",
        about="Qwen3-8B, all weights, over 16 GPUs of two machines, with a vLLM server for the answers of rl.",
        source=Worlds(
            tuple(shipped_worlds()), calls=40, prompt_tokens=6000, sessions=(2000, 400, 600, 20), documents=False
        ),
        model="Qwen/Qwen3-8B",
        cpt=loop,
        sft=replace(loop, steps=600, rate=5e-6, warmup=20),
        thinking=Thinking(share=0.5),
        rl=replace(loop, steps=400, rate=1e-6, warmup=0, accumulate=2),
        learning=Learning(group=8, longest=1024, rounds=4, vllm=os.environ.get(ROLLOUTS, "http://127.0.0.1:8000")),
        bench=Bench(calls=300, longest=1024, batch=16),
        gpu=True,
    )
