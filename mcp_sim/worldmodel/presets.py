"""World models that are known to serve well: where they come from, what they need, how vLLM is told to serve them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mcp_sim.errors import SetupError
from schemas.validate import nearest

XGRAMMAR = '{"backend":"xgrammar","disable_any_whitespace":true}'

EVERYWHERE = (
    "--enable-prefix-caching",
    "--enable-prompt-tokens-details",
    "--stream-interval",
    "8",
    "--structured-outputs-config",
    XGRAMMAR,
)
"""A prompt begins as the one before it, what that saved is told, an answer keeps to its schema and comes in pieces of
eight tokens, because each piece costs both sides."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn, where a request does not say."""

    temperature: float
    top_p: float
    top_k: int


@dataclass(frozen=True, slots=True)
class Preset:
    """One way to serve one model.

    Attributes:
        model: its Hugging Face id; None where a folder with a checkpoint has to be named.
        gpus: over which it is split; 0 serves on the CPU.
        memory: GB that every GPU has to have, or the machine where there is none.
        context: tokens of prompt and answer together; None leaves it to the checkpoint.
        thinking: whether it thinks unless a request says otherwise; None where it cannot.
        flags: further arguments for vLLM.
        environment: variables for it.
        entry: the module that is vLLM's server, and what comes between it and the model.
    """

    name: str
    model: str | None
    description: str
    gpus: int
    memory: int
    context: int | None
    sampling: Sampling
    thinking: bool | None = None
    flags: tuple[str, ...] = EVERYWHERE
    environment: Mapping[str, str] = field(default_factory=dict)
    entry: tuple[str, str] = ("vllm.entrypoints.cli.main", "serve")


def find_preset(name: str) -> Preset:
    """The preset of this name.

    Raises:
        SetupError: there is none; the message names the nearest.
    """
    if preset := PRESETS.get(name):
        return preset
    raise SetupError(f"no preset '{name}'{nearest(name, PRESETS)}: give one of {', '.join(PRESETS)}")


def _agentworld(gpus: int, memory: int, context: int) -> Preset:
    over = f" over {gpus} GPUs" if gpus > 1 else ""
    return Preset(
        name=f"agentworld-35b-tp{gpus}" if gpus > 1 else "agentworld-35b",
        model="Qwen/Qwen-AgentWorld-35B-A3B",
        description=f"The world model that was trained as one, 3 of 35 billion parameters active{over}.",
        gpus=gpus,
        memory=memory,
        context=context,
        sampling=Sampling(0.6, 0.95, 20),
        thinking=False,
        flags=(*EVERYWHERE, "--reasoning-parser", "qwen3", "--language-model-only", "--trust-remote-code"),
    )


def _instruct(size: str, description: str, memory: int, context: int) -> Preset:
    return Preset(
        name=f"qwen3-{size.lower()}",
        model=f"Qwen/Qwen3-{size}-Instruct-2507",
        description=description,
        gpus=1,
        memory=memory,
        context=context,
        sampling=Sampling(0.7, 0.8, 20),
    )


_TABLE = (
    _agentworld(1, memory=96, context=131072),
    _agentworld(2, memory=48, context=262144),
    _agentworld(4, memory=32, context=262144),
    Preset(
        name="qwen3-0.6b",
        model="Qwen/Qwen3-0.6B",
        description="The smallest that follows instructions at all: to try things out on any GPU.",
        gpus=1,
        memory=8,
        context=32768,
        sampling=Sampling(0.7, 0.8, 20),
        thinking=False,
        flags=(*EVERYWHERE, "--reasoning-parser", "qwen3"),
    ),
    _instruct("4B", "A general model for one small GPU.", memory=24, context=65536),
    _instruct("30B-A3B", "A general model, 3 of 30 billion parameters active.", memory=80, context=65536),
    Preset(
        name="local",
        model=None,
        description="A checkpoint of your own, from a folder, on a GPU.",
        gpus=1,
        memory=8,
        context=None,
        sampling=Sampling(0.6, 0.95, 20),
    ),
    Preset(
        name="cpu",
        model=None,
        description="A small checkpoint of your own, from a folder, without a GPU: for tests and for trying.",
        gpus=0,
        memory=4,
        context=8192,
        sampling=Sampling(0.6, 0.95, 20),
        # Other ways to start, or to save time or memory, crash this build: bfloat16, compiling, chunked prefill.
        flags=(
            *EVERYWHERE,
            *("--dtype", "float32"),
            "--enforce-eager",
            *("--max-num-batched-tokens", "8192"),
            "--no-enable-chunked-prefill",
            "--enable-lora",
            *("--max-lora-rank", "16"),
            *("--max-loras", "4"),
        ),
        environment={
            "DO_NOT_TRACK": "1",
            "HF_HUB_OFFLINE": "1",
            "TORCH_COMPILE_DISABLE": "1",
            "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_NO_USAGE_STATS": "1",
        },
        entry=("vllm.entrypoints.openai.api_server", "--model"),
    ),
)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _TABLE})
"""Every preset by its name."""
