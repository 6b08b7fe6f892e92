"""Which GPUs this machine has, without loading what would use them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path


def count_gpus() -> int | None:
    """How many NVIDIA GPUs vLLM would see; None where there are others, which are not counted here."""
    found = _listed()
    if found == 0 and Path("/dev/kfd").exists():
        return None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return found if visible is None else min(found, len([name for name in visible.split(",") if name.strip()]))


def _listed() -> int:
    try:
        command = [shutil.which("nvidia-smi") or "nvidia-smi", "-L"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603 - a list, without a shell
    except (OSError, subprocess.SubprocessError):
        return len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines())
