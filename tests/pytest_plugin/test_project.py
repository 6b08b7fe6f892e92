"""The plugin in a project of its own: what it collects, what it says, what it costs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent

import pytest

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parent.parent.parent
REFUND = "shop/refund-a-damaged-order"


MARKS = {
    "world='shop'": ["shop"],
    "world='shop', profiles=['flaky', 'calm'], seeds=range(2)": ["shop-flaky-0", "shop-flaky-1", "shop-calm-0", "shop-calm-1"],
    f"contract='{REFUND}', profiles='calm'": ["refund-a-damaged-order-calm"],
    f"contract=['{REFUND}', 'shop/sell-a-cart'], seeds=7": ["refund-a-damaged-order-7", "sell-a-cart-7"],
    "world='shop', profiles=[None, 'calm']": ["shop", "shop-calm"],
}  # fmt: skip
"""Marks, and the sandboxes that they ask for."""

_PARTS = "it takes world, contract, profiles, seeds, each by name"
BAD_MARKS = {
    "world='shopp'": "no world 'shopp' (did you mean 'shop'?)*",
    "world='shop', profiles=['flakey']": "no profile 'flakey' (did you mean 'flaky'?)*",
    "contract='shop/sell-a-car'": "no contract 'shop/sell-a-car' (did you mean 'shop/sell-a-cart'?)*",
    "": "give the mark either a world or a contract, which names its world",
    f"world='shop', contract='{REFUND}'": "give the mark either a world or a contract, which names its world",
    "world='shop', profiles=[]": "contract, profiles and seeds of the mark may be left out, but not be empty",
    "world='shop', seeds=[-1]": "a seed is a number from 0 to 2[*][*]53, not -1",
    "world='shop', seeds=True": "a seed is a number from 0 to 2[*][*]53, not True",
    "world='shop', seed=3": f"sandbox(world, seed) is not how the mark is written; {_PARTS}",
    "'shop'": f"sandbox('shop') is not how the mark is written; {_PARTS}",
}


class Project:
    """An empty project with the plugin and no other."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        pytester.makeini("[pytest]\naddopts = --strict-markers -p no:cacheprovider\nfilterwarnings = error\n")

    def run(self, tests: str, *arguments: str) -> pytest.RunResult:
        """What pytest says of a file of tests."""
        self._pytester.makepyfile(test_agent=f"import pytest\n{dedent(tests)}")
        return self._pytester.runpytest_inprocess("-p", "mcp_sim.pytest_plugin", *arguments)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Project(pytester)


def written(marks: Iterable[str]) -> str:
    tests = (f"@pytest.mark.sandbox({mark})\ndef test_{n}(sandbox):\n    pass\n" for n, mark in enumerate(marks))
    return "\n".join(tests)


def test_a_test_runs_once_for_each_world_profile_and_seed_of_its_mark(project: Project) -> None:
    found = project.run(written(MARKS), "--collect-only", "-q", "--no-header")
    expected = [f"test_agent.py::test_{n}[[]{name}]" for n, names in enumerate(MARKS.values()) for name in names]
    found.stdout.fnmatch_lines([*expected, "", f"{len(expected)} tests collected*"], consecutive=True)


def test_a_mark_that_cannot_be_used_is_told_in_a_sentence(project: Project) -> None:
    found = project.run(written(BAD_MARKS))
    found.assert_outcomes(errors=len(BAD_MARKS))
    told = [line for n, told in enumerate(BAD_MARKS.values()) for line in (f"*ERROR at setup of test_{n}*", told)]
    found.stdout.fnmatch_lines([*told, "*short test summary*"], consecutive=True)


def test_a_sandbox_without_a_mark_says_how_to_write_one(project: Project) -> None:
    found = project.run("def test_it(sandbox):\n    pass\n")
    found.stdout.fnmatch_lines(['say which world: @pytest.mark.sandbox(world="shop"), or contract=*'])


def test_a_mark_of_a_module_is_for_all_its_tests_and_that_of_a_test_goes_before_it(project: Project) -> None:
    tests = """
        pytestmark = pytest.mark.sandbox(world="shop", seeds=[1])

        def test_a(sandbox):
            assert sandbox.name == "shop-1"

        @pytest.mark.sandbox(world="helpdesk")
        def test_b(sandbox):
            assert sandbox.name == "helpdesk"
        """
    project.run(tests).assert_outcomes(passed=2)


def test_a_broken_contract_fails_the_test_without_the_code_of_the_plugin(project: Project) -> None:
    tests = f"""
        @pytest.mark.sandbox(contract="{REFUND}")
        def test_it(sandbox):
            sandbox.call("refund_order", order_id="ORD-00005", reason="damaged")
            sandbox.judge().check()
        """
    found = project.run(tests)
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines([
        ">*sandbox.judge().check()",
        f"E*AssertionError: refund-a-damaged-order: 4 of 12 clauses of {REFUND} are broken",
        "E*broken: looks before it pays (precedence)",
        "E*step 1 (refund_order) comes without get_order or get_order_history before it*",
        "E*the steps that decide it",
        'E*step 1  refund_order(order_id="ORD-00005", reason="damaged")  ->  {"id":"REF-00004"*',
    ])  # fmt: skip
    assert "box.py" not in found.stdout.str()


def test_a_project_with_a_sandbox_of_its_own_keeps_it(project: Project) -> None:
    tests = """
        @pytest.fixture
        def sandbox():
            return "mine"

        def test_it(sandbox):
            assert sandbox == "mine"
        """
    project.run(tests).assert_outcomes(passed=1)


def test_the_example_of_the_documentation_passes_with_a_careful_agent(project: Project) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "pytest.md").read_text(), re.DOTALL)
    agent = f"""
        from tests.agents.careful import JOBS
        from tests.agents.over_http import OverHttp

        def my_agent(instruction, mcp_server):
            assert "Fenna Visser" in instruction
            tools = OverHttp(mcp_server)
            JOBS["{REFUND}"](tools)
            tools.close()
        """
    project.run(dedent(agent) + example).assert_outcomes(passed=10)


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_project_without_sandboxes_loads_nothing_but_the_plugin_itself() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import mcp_sim.pytest_plugin; "
        "print(sorted(set(sys.modules) - before))"
    )
    assert python(code) == "['mcp_sim', 'mcp_sim.pytest_plugin']"


_TEST = f"""
import pytest
from mcp.client import Client
import asyncio

@pytest.mark.sandbox(contract="{REFUND}", profiles=["calm", "flaky"], seeds=range(2))
def test_it(sandbox):
    async def agent():
        async with Client(sandbox.url) as client:
            await client.call_tool("refund_order", {{"order_id": "ORD-00005", "reason": "damaged"}})
    asyncio.run(agent())
    sandbox.judge().check()

@pytest.mark.sandbox(world="helpdesk")
def test_that_passes(sandbox):
    assert sandbox.call("get_ticket", id="TKT-00015").status == 200
"""


@pytest.mark.slow
def test_an_empty_project_that_installs_only_mcp_sim_has_the_sandbox(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, check=True, cwd=ROOT, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    inside = tmp_path / "venv" / "bin" / "python"
    install = [str(inside), "-m", "pip", "install", "-q", "--disable-pip-version-check", str(wheel), "pytest>=9,<10"]
    subprocess.run(install, check=True)
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "test_agent.py").write_text(_TEST)
    command = [str(inside), "-m", "pytest", "-q", "-W", "error", "--strict-markers"]
    done = subprocess.run(command, cwd=tmp_path / "project", capture_output=True, text=True, check=False)
    assert "4 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert f"4 of 12 clauses of {REFUND} are broken" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
