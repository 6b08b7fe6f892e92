"""`mcp-sim serve`: what it refuses before anything starts."""

from __future__ import annotations

import pytest

from tests.cli.running import Run


@pytest.mark.parametrize("option", [("--port", "1"), ("--port", "8000"), ("--host", "::1"), ("--token", "open-sesame")])
def test_an_option_that_stdio_has_no_use_for_is_refused(run: Run, option: tuple[str, str]) -> None:
    told = run("serve", "--stdio", *option).complaint
    assert told == f"--stdio opens no port, so {option[0]} says nothing; leave one of them out"


def test_an_unknown_profile_is_refused_before_anything_starts(run: Run) -> None:
    told = run("serve", "shop", "--profile", "slwo").complaint
    assert told.startswith("no profile 'slwo' (did you mean 'slow'?): give a file, or one of calm, drift")
