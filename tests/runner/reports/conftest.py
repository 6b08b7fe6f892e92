"""One report of real runs, made once; and one whose texts are meant to do harm."""

from __future__ import annotations

import pytest

from mcp_sim.runner.report import Report
from tests.runner.reports import samples


@pytest.fixture(scope="session")
def report() -> Report:
    return samples.mixed()


@pytest.fixture(scope="session")
def hostile(report: Report) -> Report:
    return samples.hostile(report)
