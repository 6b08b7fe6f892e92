"""Recipes that need no GPU."""

from __future__ import annotations

from trainer.checkpoint import Shape
from trainer.loop import Loop
from trainer.recipes import LENDING
from trainer.recipes.recipe import Bench, Recipe
from trainer.recipes.services import Services
from trainer.recipes.worlds import Worlds
from trainer.rl import Learning
from trainer.sft import Thinking


def debug() -> Recipe:
    """Every stage on two cores in minutes: to see that it runs, not what it can do."""
    length = 1536
    return Recipe(
        name="debug",
        about="All stages on a CPU within three minutes, with a model that learns the form of answers.",
        source=Worlds((str(LENDING),), calls=12, prompt_tokens=1500, sessions=(10, 4, 8, 2)),
        model=Shape(
            hidden=64, layers=2, heads=2, key_value_heads=1, head=32, intermediate=192, vocabulary=1024, positions=2048
        ),
        cpt=Loop(steps=60, batch=1, rate=6e-3, length=length, save_every=20, warmup=5),
        sft=Loop(steps=20, batch=1, rate=3e-3, length=length, save_every=10, warmup=2),
        thinking=Thinking(share=0.3),
        rl=Loop(steps=4, batch=4, rate=2e-4, length=length, save_every=2),
        learning=Learning(group=4, longest=48, rounds=2),
        bench=Bench(calls=8, longest=48),
    )


def cpu() -> Recipe:
    """A small model, made services, and every stage; what it came to is told in docs/training.md."""
    length = 2048
    return Recipe(
        name="cpu",
        about="A model of 0.9 million weights, asked about services it has never seen, in half an hour on two cores.",
        source=Services(services=(1200, 700, 250, 100), calls=(10, 7, 4, 8), prompt_tokens=700),
        model=Shape(
            hidden=128,
            layers=4,
            heads=4,
            key_value_heads=4,
            head=32,
            intermediate=256,
            vocabulary=2048,
            positions=4096,
            primed=True,
        ),
        cpt=Loop(steps=240, batch=1, accumulate=2, rate=8e-4, length=length, save_every=60, warmup=20, packed=False),
        sft=Loop(steps=480, batch=1, accumulate=4, rate=8e-4, length=length, save_every=100, warmup=30, packed=False),
        thinking=Thinking(share=0.1),
        rl=Loop(steps=12, batch=16, rate=2e-4, length=1280, save_every=4),
        learning=Learning(group=8, longest=128, rounds=1),
        bench=Bench(calls=160, longest=192, batch=16, drift=10),
    )
