"""The README says what happens: its commands are run, its paths are looked up."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def _commands() -> list[tuple[str, str]]:
    """Every `$ command` of the console blocks with the lines that follow it."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output.strip()))
    return found


def _timeless(printed: str) -> list[str]:
    """The lines of an output, without how long it took."""
    return [re.sub(r"\bin \d+\.\d s$", "in a while", line.rstrip()) for line in printed.splitlines()]


def test_every_command_of_the_readme_prints_what_the_readme_shows(tmp_path: Path) -> None:
    ours = [(command, output) for command, output in _commands() if command.startswith("mcp-sim ")]
    assert len(ours) >= 6
    environment = {**os.environ, "MCP_SIM_DB": str(tmp_path / "readme.db"), "COLUMNS": "120", "NO_COLOR": "1"}
    environment["PYTHONPATH"] = str(ROOT)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    for command, output in ours:
        done = subprocess.run(
            [sys.executable, "-m", "mcp_sim", *shlex.split(command)[1:]],
            capture_output=True, text=True, cwd=tmp_path, env=environment, check=False,
        )  # fmt: skip
        printed = done.stdout.strip() or done.stderr.strip()
        assert _timeless(printed) == _timeless(output), command


@pytest.mark.parametrize("target", re.findall(r"`?make ([a-z-]+)", README))
def test_every_make_target_of_the_readme_is_there(target: str) -> None:
    done = subprocess.run(["make", "-n", target, "JOBS=1"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr


def test_every_path_of_the_tree_is_there() -> None:
    tree = README.partition("## Where things are")[2].partition("```\n")[2].partition("\n```")[0]
    folder = ROOT
    for line in tree.splitlines()[1:]:
        inside = line.startswith(("├", "└"))
        name = line.lstrip("├└─ ").split()[0]
        folder = folder if inside else ROOT / name
        assert (folder / name if inside else folder).exists(), line


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
