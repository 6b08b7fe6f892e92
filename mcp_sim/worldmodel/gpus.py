"""Which GPUs this machine has, without loading what would use them."""

from __future__ import annotations

import os
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
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines())
