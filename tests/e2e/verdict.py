"""A run of schemathesis, a judge that knows the API from its document alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CONFIG = Path(__file__).with_name("schemathesis.toml")


def judged(document: str, folder: Path, *, seconds: int, phases: str, seed: int = 1) -> str:
    """Let every check judge the API behind an OpenAPI document; gives the report, fails if anything was found."""
    command = Path(sys.executable).with_name("schemathesis")
    options = ["--checks", "all", "--phases", phases, "--max-time", str(seconds), "--seed", str(seed)]
    run = subprocess.run(
        [command, "--no-color", "--config-file", CONFIG, "run", document, *options, "--generation-database", "none"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout
