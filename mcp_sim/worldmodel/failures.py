"""Why vLLM ended, read from its log: one sentence with the nearest fix."""

from __future__ import annotations

import re
import signal

_KNOWN = (
    (
        r"No module named '?vllm\b",
        "this Python has no vLLM: `make vllm-env` makes an environment with one for the CPU, "
        "`pip install 'mcp-sim[vllm]'` one for GPUs; name its Python with --python",
    ),
    (r"Address already in use|\[Errno 98\]", "port {port} of {host} is taken; take another with --port"),
    (
        r"World size \((?P<wanted>\d+)\) is larger than the number of available GPUs \((?P<there>\d+)\)",
        "it should be split over {wanted} GPUs, and this machine has {there}: say --gpus {there}",
    ),
    (
        r"No CUDA GPUs are available|Failed to infer device type|Found no NVIDIA driver|no CUDA-capable device",
        "vLLM sees no GPU; the preset `cpu` serves a small checkpoint without one",
    ),
    (
        r"Free memory on device (?P<device>\S+) \((?P<free>[\d.]+)/(?P<all>[\d.]+) GiB\)",
        "only {free} of {all} GiB are free on {device}: end what else uses that GPU, "
        "or add `-- --gpu-memory-utilization` and a smaller share",
    ),
    (
        r"max seq len \((?P<context>\d+)\), \((?P<needed>[\d.]+) GiB KV cache is needed.*?\((?P<left>[\d.]+) GiB\)",
        "a context of {context} tokens needs {needed} GiB and {left} are left: "
        "add `-- --max-model-len` and fewer tokens",
    ),
    (
        r"No available memory for the cache blocks",
        "the weights leave no memory for a context: take more GPUs with --gpus, or a smaller model",
    ),
    (
        r"Unsupported CPU attention configuration: head_dim=(?P<size>\d+)",
        "this build for the CPU cannot serve a model with heads of {size}: train one with heads of 32, 64 or 128, "
        "or serve it with `python -m trainer serve`",
    ),
    (
        r"CUDA out of memory|OutOfMemoryError",
        "the GPU is out of memory: take more GPUs with --gpus, add `-- --max-model-len` and fewer tokens, "
        "or take a smaller model",
    ),
    (
        r"GatedRepoError|Cannot access gated repo|401 Client Error",
        "its owner gives the model to those who ask: accept its terms on Hugging Face and set HF_TOKEN",
    ),
    (
        r"RepositoryNotFoundError|Repository Not Found|is not a local folder and is not a valid model identifier|"
        r"LocalEntryNotFoundError|OfflineModeIsEnabled|We couldn't connect to|Can't load the configuration of|"
        r"Invalid repository ID or local directory specified",
        "there is no such model, neither as a folder nor at Hugging Face, or Hugging Face cannot be reached",
    ),
    (r"unrecognized arguments: (?P<flags>.+)", "this vLLM does not know {flags}"),
    (r"API server: shutdown triggered", "another process asked it to (SIGTERM)"),
)
"""What a log holds, and what that means; the first that fits counts."""

_OURS = "error: "
"""How a command of this project begins to say what is wrong: the rest is a sentence already."""

_KILLED = {
    signal.SIGKILL: "it was killed from outside; most likely the machine ran out of memory",
    signal.SIGILL: "this processor lacks an instruction that this build of vLLM uses",
}


def explain(status: int, said: str, host: str, port: int, server: str = "vLLM") -> str:
    """One sentence on why a server ended with `status`, 128 and more for signals, after it `said` all this."""
    for pattern, sentence in _KNOWN:
        if found := re.search(pattern, said):
            return f"{server} ended: {sentence.format(host=host, port=port, **found.groupdict())}"
    for number, sentence in _KILLED.items():
        if status == 128 + number:
            return f"{server} ended: {sentence}"
    told = _last_error(said) or "it said nothing"
    if told.startswith(_OURS):
        return f"{server} ended: {told.removeprefix(_OURS)}"
    return f"{server} ended with status {status}: {told}"


def _last_error(said: str) -> str:
    """The last line that reads as an error, else the last line."""
    lines = [re.sub(r"^\(\w+ pid=\d+\)\s*", "", line).strip() for line in said.splitlines()]
    lines = [line for line in lines if line]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception|error)\b.*:", line)]
    return (errors or lines or [""])[-1][:300]
