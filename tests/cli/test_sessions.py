"""Sessions from the shell: listed, branched, taken back, deleted; in a file as at a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Place, Run, cells, opened
from tests.memory.acting import done


def test_sessions_are_listed_with_their_use(run: Run, place: Place, file: Path) -> None:
    with opened(file) as sessions:
        created = sessions.info("quay").created
    shown = run("sessions", *place)
    ((session, world, steps, made, used, size),) = cells(shown.out)
    assert (session, world, steps) == ("quay", "harbour", "3")
    assert made == created[:16].replace("T", " ") == used
    assert float(size.removesuffix(" kB")) > 1
    assert place[1] in shown.err
    listed = run("sessions", "--json", *place).json
    assert listed["sessions"][0]["id"] == "quay"
    assert 0 < listed["sessions"][0]["size"] < listed["used_bytes"]


def test_a_branch_prints_its_id_alone_and_goes_its_own_way(run: Run, place: Place, file: Path) -> None:
    assert run("branch", "quay", "--at", 1, "--id", "what-if", *place).out == "what-if\n"
    fresh = run("branch", "quay", *place).out.strip()
    with opened(file) as sessions:
        assert {info.id: info.steps for info in sessions.list()} == {"quay": 3, "what-if": 1, fresh: 3}
        done(sessions.open("what-if"), "scrap_ship", id="S-002")
        assert [row["id"] for row in sessions.rows("quay", "ship")["ship"]] == ["S-001", "S-002", "S-004"]


def test_a_session_goes_back_to_a_step_or_a_snapshot(run: Run, place: Place, file: Path) -> None:
    assert run("snapshot", "quay", "full-house", *place).out == "full-house is step 3 of quay.\n"
    assert run("rewind", "quay", 1, *place).out == "quay is at step 1.\n"
    assert run("rewind", "quay", "full-house", *place).out == "quay is at step 3.\n"
    assert run("snapshot", "quay", *place).out == "full-house is step 3 of quay.\n"
    assert run("reset", "quay", *place).out == "quay is at step 0.\n"
    with opened(file) as sessions:
        assert len(sessions.rows("quay", "ship")["ship"]) == 3


def test_a_deleted_session_is_gone(run: Run, place: Place) -> None:
    assert run("delete", "quay", *place).out == "quay is gone.\n"
    assert run("sessions", "--json", *place).json["sessions"] == []
    assert run("delete", "quay", *place).complaint.endswith("; there are none")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("state", "quai"), "no session 'quai'; it may have expired or been deleted (did you mean 'quay'?)"),
        (("diff", "x", 0, 1), "no session 'x'; it may have expired or been deleted; there are quay"),
        (("state", "../quay"), "no session '../quay' (did you mean 'quay'?)"),
        (("state", "quay", "shipp"), "no entity 'shipp' (did you mean 'ship'?)"),
        (("state", "quay", "../dock"), "no entity '../dock'; the name of one is made of letters, digits and _"),
        (("state", "quay", ""), "no entity ''; the name of one is made of letters, digits and _"),
        (("state", "quay", "Dock"), "no entity 'Dock' (did you mean 'dock'?)"),
        (("state", "quay", "--at", 4), "session 'quay' has the steps 0 to 3; there is no step 4"),
        (("diff", "quay", -1, 3), "there is no step -1; steps count from 0, which stands for the seed rows"),
        (("diff", "quay", 3, -20), "there is no step -20; steps count from 0, which stands for the seed rows"),
        (("rewind", "quay", -1), "there is no step -1; steps count from 0, which stands for the seed rows"),
        (("branch", "quay", "--at", -1), "there is no step -1; steps count from 0, which stands for the seed rows"),
        (("diff", "quay", 0, 4), "session 'quay' has the steps 0 to 3; there is no step 4"),
        (("branch", "quay", "--at", 9), "session 'quay' has the steps 0 to 3; there is no step 9"),
        (("branch", "quay", "--id", "quay"), "session 'quay' exists already; reset or delete it first"),
        (
            ("branch", "quay", "--id", "a/b"),
            "'a/b' is not a session id: up to 64 letters, digits, _ and -, a letter or digit first",
        ),
        (("rewind", "quay", "moon"), "session 'quay' has no snapshot 'moon'; snapshots: none"),
        (("rewind", "quay", 4), "session 'quay' has the steps 0 to 3; there is no step 4"),
        (
            ("snapshot", "quay", "7"),
            "'7' cannot name a snapshot: up to 64 letters, digits, _ and -, a letter first",
        ),
        (("reset", "quai"), "no session 'quai'; it may have expired or been deleted (did you mean 'quay'?)"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(run: Run, place: Place, command: tuple[str, ...], told: str) -> None:
    assert run(*command, *place).complaint == told
