from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worldmodel.ports import free_port
from trainer.checkpoint import load
from trainer.run import MANIFEST, STAGES

SCRIPT = """
import sys
from pathlib import Path
from tests.trainer.training.test_run import TINY
from trainer.run import run
print("wrote", len(run(TINY, Path(sys.argv[1]))))
"""


@pytest.mark.slow
def test_two_processes_train_together_and_one_of_them_writes_down_what_comes_of_it(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    together = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(free_port())]
    command = [sys.executable, *together, str(script), str(tmp_path / "run")]
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        command, cwd=root, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    written = sorted(int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("wrote"))
    assert len(written) == 2
    assert written[0] == 0 < written[1], "one of them has the manifest, the other has nothing to tell"
    assert (tmp_path / "run" / MANIFEST).is_file()
    for stage in STAGES:
        load(tmp_path / "run" / stage / "model")
