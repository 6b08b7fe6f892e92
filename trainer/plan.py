"""What a recipe will hold in memory, and how it is started; said before anything is computed or fetched."""

from __future__ import annotations

from trainer.checkpoint import Shape
from trainer.loop import Loop
from trainer.memory import Need
from trainer.recipes.large import ROLLOUTS
from trainer.recipes.recipe import Recipe

_KNOWN = {
    "Qwen/Qwen3-8B": (8_190_735_360, 4096, 36, 151_936, 2_727_936),
    "Qwen/Qwen-AgentWorld-35B-A3B": (35_000_000_000, 2048, 40, 248_320, 1_200_000),
}
"""Weights, hidden size, layers, vocabulary, and weights of adapters of rank 1, of models that recipes take."""


def needs(recipe: Recipe) -> dict[str, Need]:
    """What each stage holds on one GPU; nothing is known of a checkpoint of one's own before it is loaded."""
    if isinstance(recipe.model, str) and recipe.model not in _KNOWN:
        return {}
    return {name: _need(recipe.model, loop) for name, loop in stages(recipe).items()}


def stages(recipe: Recipe) -> dict[str, Loop]:
    """How each stage trains."""
    return {"cpt": recipe.cpt, "sft": recipe.sft, "rl": recipe.rl}


def commands(recipe: Recipe, out: str) -> list[str]:
    """What starts it, machine by machine."""
    run = f"-m trainer run --recipe {recipe.name} --out {out}"
    shards = max(loop.shards for loop in stages(recipe).values())
    if shards == 1:
        return [f"python {run}"]
    answers = '--weight-transfer-config \'{"backend":"nccl"}\' --logprobs-mode processed_logprobs'
    together = f"torchrun --nnodes {shards // 8} --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HEAD:29500"
    return [
        f"on the machine that answers:  vllm serve {recipe.model} --host 0.0.0.0 --port 8000 {answers}",
        f"on each that trains:          {ROLLOUTS}=http://ANSWERS:8000 {together} {run}",
    ]


def _need(model: Shape | str, loop: Loop) -> Need:
    if isinstance(model, Shape):
        parameters, hidden, layers, vocabulary = model.parameters, model.hidden, model.layers, model.vocabulary
        trained = parameters
    else:
        parameters, hidden, layers, vocabulary, adapted = _KNOWN[model]
        trained = loop.lora * adapted if loop.lora else parameters
    return Need(
        parameters=parameters,
        trained=trained,
        hidden=hidden,
        layers=1 if loop.recompute else layers,
        vocabulary=vocabulary,
        tokens=loop.batch * loop.length,
        width=2 if loop.bf16 else 4,
        shards=loop.shards,
    )
