"""A stranger's first minutes: a clone of what is committed, `make run`, and an answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mcp.client import Client

from .program import ROOT, Program

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
PASSED_ON = ("PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""What a machine says about where packages come from."""


async def test_make_run_serves_a_fresh_clone_within_three_minutes(
    program: Program, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    if _is_taken(8000):
        pytest.skip("something else listens on port 8000")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    begun = time.monotonic()
    served = program.start(["make", "run"], clone, _bare_environment(program.home))
    async with Client(served.url) as client:
        tools = (await client.list_tools()).tools
        status = await client.call_tool("get_colony_status", {})
    taken = time.monotonic() - begun
    with capsys.disabled():
        print(f"\nmake run, from a fresh clone and a cold package cache to the first answer: {taken:.0f} s")
    assert served.url == "http://127.0.0.1:8000/mcp"
    assert len(tools) >= 20
    assert status.structured_content["colony"]["population"] == 430
    assert taken < 180


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _bare_environment(home: Path) -> dict[str, str]:
    """Python, make and a home directory; where packages come from is passed on, what was fetched before is not."""
    passed = {name: value for name, value in os.environ.items() if name.upper().startswith(PASSED_ON)}
    passed.pop("PIP_CACHE_DIR", None)
    python = Path(sys.base_prefix) / "bin"
    return {**passed, "PATH": f"{python}:/usr/local/bin:/usr/bin:/bin", "HOME": str(home)}
