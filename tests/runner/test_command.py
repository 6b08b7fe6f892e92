"""`mcp-sim test` as a person or a CI job runs it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import orjson
import pytest

from tests.cli.conftest import run as run  # noqa: PLC0414 - a fixture
from tests.cli.running import Run
from tests.runner.conftest import DRACO, ROOT, Processes, command

CAREFUL, CARELESS = "tests.agents.over_mcp:careful", "tests.agents.over_mcp:careless"
LIGHT = "tests.agents.over_http:careful"


@pytest.mark.parametrize("agent", [LIGHT, pytest.param(CAREFUL, marks=pytest.mark.slow)])
def test_a_careful_agent_passes_every_shipped_contract(agent: str, run: Run) -> None:
    done = run("test", "all", "--agent", agent)
    assert done.status == 0, done.out
    assert "10 passed of 10 cases" in done.out
    assert done.err.count("passed") == 10
    assert "[10/10] passed" in done.err


def test_a_careless_agent_fails_them_and_every_report_is_written(run: Run, tmp_path: Path) -> None:
    junit, sarif, page = (tmp_path / name for name in ("out.xml", "out.sarif", "out.html"))
    done = run("test", "helpdesk", "--agent", CARELESS, "--junit", junit, "--sarif", sarif, "--html", page)
    assert done.status == 1, done.err
    assert "3 failed of 3 cases" in done.out
    assert ET.parse(junit).getroot().get("failures") == "3"
    assert orjson.loads(sarif.read_bytes())["version"] == "2.1.0"
    assert page.read_text().startswith("<!doctype html>")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full is a device of Linux")
def test_a_report_that_finds_no_room_is_named_and_all_else_is_told(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "out.html"
    done = run("test", DRACO, "--agent", "no-such-program", "--junit", "/dev/full", "--html", page)
    assert done.status == 2
    assert "the report /dev/full cannot be written: No space left on device" in done.err
    assert "1 without a fair trial of 1 case" in done.out
    assert page.read_text().startswith("<!doctype html>")


@pytest.mark.slow
def test_a_hundred_cases_side_by_side_take_less_than_a_minute(run: Run, processes: Processes) -> None:
    agent = f"{sys.executable} -m tests.agents.over_http tests.agents.careful"
    began = time.monotonic()
    done = run("test", "all", "--seeds", "10", "--jobs", "100", "--agent", agent)
    assert "100 passed of 100 cases" in done.out
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "agent", ["tests.agents.careful", pytest.param("tests.agents.careless", marks=pytest.mark.slow)]
)
def test_the_reference_agents_run_as_commands(agent: str, run: Run, processes: Processes) -> None:
    done = run("test", "shop/refund-a-damaged-order", "--profile", "flaky", "--agent", f"{sys.executable} -m {agent}")
    assert done.status == (0 if agent.endswith("careful") else 1), done.out
    assert "shop/refund-a-damaged-order · flaky · seed" in done.err


def test_no_fair_trial_is_exit_status_2(run: Run) -> None:
    done = run("test", DRACO, "--agent", "no-such-agent")
    assert done.status == 2
    assert "error  harbour/build-the-draco · as declared · seed 0 (0 calls" in done.err
    assert "The agent did not start: there is no command 'no-such-agent'." in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shop/sel-a-cart"], "did you mean 'shop/sell-a-cart'"),
        ([DRACO, "--profile", "flakey"], "did you mean 'flaky'"),
        ([DRACO, "--seeds", "many"], "--seeds 'many': say how many, such as 5, or which, such as 3,7 or 10-19"),
        ([DRACO, "--seeds", "2", "--k", "3"], "--k 3 needs at least 3 seeds"),
        ([DRACO, "--client", "claude-desktop"], "takes no URL; take another client"),
        ([DRACO, "--junit", "/no/such/folder/out.xml"], "cannot be written: there is no folder /no/such/folder"),
        ([DRACO, "--html", "/"], "the report / cannot be written: it is a folder"),
        ([DRACO, "--agent", "tests.agents.over_mcp:carefull"], "did you mean 'careful'"),
        ([DRACO, "--db", "nonsense://"], "nonsense"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_status_2(arguments: list[str], told: str, run: Run) -> None:
    agent = [] if "--agent" in arguments else ["--agent", f"{command('does_nothing')} {{config}}"]
    done = run("test", *arguments, *agent)
    assert done.status == 2
    assert told in done.err
    assert "Traceback" not in done.err


def test_sessions_are_kept_in_a_database_that_is_named(run: Run, tmp_path: Path) -> None:
    db = tmp_path / "kept.db"
    assert run("test", "shop/refund-a-damaged-order", "--agent", CAREFUL, "--seeds", "7,", "--db", db).status == 0
    (kept,) = run("sessions", "--json", "--db", db).json["sessions"]
    assert (kept["world"], kept["seed"], kept["steps"]) == ("shop", 7, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="waits for processes by their descriptors")
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_an_interrupted_run_leaves_no_process_and_reports_what_it_has(
    number: signal.Signals, processes: Processes, tmp_path: Path
) -> None:
    junit = tmp_path / "out.xml"
    with _started(processes, "--junit", str(junit)) as running:
        running.send_signal(number)
        out, err = running.communicate(timeout=30)
    assert running.returncode == 128 + number
    assert "Interrupted when 1 of 4 cases had ended; the others are not in the report." in err
    assert "1 passed of 1 case" in out
    assert ET.parse(junit).getroot().get("tests") == "1"
    assert processes.all_ended(within=0)


@pytest.mark.skipif(sys.platform != "linux", reason="waits for processes by their descriptors")
def test_even_a_run_that_is_killed_leaves_no_process(processes: Processes) -> None:
    with _started(processes) as running:
        running.kill()
        running.communicate()
    assert processes.all_ended()


def _started(processes: Processes, *options: str) -> subprocess.Popen[str]:
    """A run of four cases, three side by side, of which the first has passed and the others hang."""
    agent = command("ends_by_its_seed")
    arguments = ["test", DRACO, "--seeds", "4", "--jobs", "3", "--agent", agent, *options]
    running = subprocess.Popen(
        [sys.executable, "-m", "mcp_sim", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    processes.wait_for(3)
    return running
