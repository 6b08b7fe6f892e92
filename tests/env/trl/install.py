"""Make the environment that trains with TRL on a CPU: `python tests/env/trl/install.py FOLDER`.

torch comes from PyTorch's CPU index, or from where pip is told to look for links; uv does not read pip's settings, so
what pip is told on this machine is handed over.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
"""What pip calls a setting, and the variable in which uv reads it."""


def main(folder: Path) -> None:
    """Make or complete the environment in `folder`; exits with the status of the step that failed."""
    print("Installing TRL, and torch for the CPU, about 1.5 GB in all.", flush=True)
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
    _run([*install, "-r", HERE / "requirements.txt", "-e", ROOT], {**settings, **os.environ})
    _run([python, "-c", "import mcp_sim.env, torch, trl"])


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
    main(Path(sys.argv[1]))
