"""Environments apart, for what nobody else needs, without a GPU: `python -m tests.apart vllm|trl FOLDER`.

torch comes from PyTorch's CPU index, or from where pip is told to look for links. vLLM's CPU build drags in CUDA builds
that break it; uv can leave those out, pip cannot. uv does not read pip's settings, so what pip is told on this machine is
handed over.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
"""What pip calls a setting, and the variable in which uv reads it."""


@dataclass(frozen=True)
class Apart:
    """What is in an environment: in words, as arguments of the installer, and what is imported to prove it."""

    told: str
    files: tuple[str | Path, ...]
    imports: str


VLLM = Apart(
    "vLLM for the CPU and what it needs, about 2 GB",
    ("-r", HERE / "vllm" / "requirements.txt", "--excludes", HERE / "vllm" / "excludes.txt"),
    "torch, transformers, vllm, xgrammar",
)
TRL = Apart(
    "TRL, and torch for the CPU, about 1.5 GB",
    ("-r", HERE / "env" / "trl" / "requirements.txt", "-e", f"{HERE.parent}[train]"),
    "mcp_sim.env, torch, trl",
)


def main(apart: Apart, folder: Path) -> None:
    """Make or complete the environment in `folder`; exits with the status of the step that failed."""
    print(f"Installing {apart.told} in all.", flush=True)
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    _run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "uv>=0.9"])
    settings = {SETTINGS[name]: value for name, value in _pip_settings(python).items() if name in SETTINGS}
    if "UV_FIND_LINKS" not in {*settings, *os.environ}:
        settings["UV_TORCH_BACKEND"] = "cpu"
    # pip takes the best version of all indexes, uv by default that of the first.
    settings |= {"UV_INDEX_STRATEGY": "unsafe-best-match", "VIRTUAL_ENV": str(folder.resolve())}
    install = [python, "-m", "uv", "pip", "install", "-q", "--compile-bytecode"]
    _run([*install, *apart.files], {**settings, **os.environ})
    _run([python, "-c", f"import {apart.imports}"], {**os.environ, "VLLM_NO_USAGE_STATS": "1"})


def _pip_settings(python: Path) -> dict[str, str]:
    """Names and values of pip's settings, of files and environment; a list is one text, separated by spaces."""
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True).stdout
    settings = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        settings[name.rpartition(".")[2]] = " ".join(str(ast.literal_eval(value)).split())
    return settings


def _run(command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    if status := subprocess.run(command, env=environment, check=False).returncode:
        sys.exit(status)


if __name__ == "__main__":
    main({"vllm": VLLM, "trl": TRL}[sys.argv[1]], Path(sys.argv[2]))
