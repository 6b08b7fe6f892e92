"""The pytest plugin: a `sandbox` fixture, parametrised by world, profile and seed.

    @pytest.mark.sandbox(contract="shop/refund-a-damaged-order", profiles=["calm", "flaky"], seeds=range(5))
    def test_the_agent_refunds(sandbox):
        run_my_agent(sandbox.instruction, sandbox.url)
        sandbox.judge().check()

Everything else of mcp-sim is imported when the first sandbox is asked for, so that other projects pay nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mcp_sim.pytest_plugin.box import Sandbox
    from mcp_sim.pytest_plugin.host import Host

_MARK = "sandbox(world=..., contract=..., profiles=[...], seeds=[...]): what the `sandbox` fixture of mcp-sim is."


__all__ = ["Sandbox"]


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", _MARK)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each contract, profile and seed of its mark."""
    if "sandbox" not in metafunc.fixturenames or not _is_ours(metafunc):
        return
    from mcp_sim.pytest_plugin.terms import BadMark, of_mark  # noqa: PLC0415 - only when it is wanted

    try:
        terms = of_mark(metafunc.definition.get_closest_marker("sandbox"))
    except BadMark as error:
        metafunc.parametrize("sandbox", [error], ids=["bad mark"], indirect=True)
    else:
        metafunc.parametrize("sandbox", terms, ids=[one.name for one in terms], indirect=True)


@pytest.fixture(scope="session")
def _sandbox_host() -> Iterator[Host]:
    from mcp_sim.pytest_plugin.host import Host  # noqa: PLC0415 - only when it is wanted

    with Host() as host:
        yield host


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A world of its own for one test: an MCP endpoint, calls from this process, and a judge."""
    from mcp_sim.pytest_plugin.box import Sandbox  # noqa: PLC0415 - only when it is wanted
    from mcp_sim.pytest_plugin.terms import BadMark  # noqa: PLC0415 - only when it is wanted

    if isinstance(request.param, BadMark):
        pytest.fail(str(request.param), pytrace=False)
    sandbox = Sandbox(request.param, request.getfixturevalue("_sandbox_host"))
    yield sandbox
    sandbox.close()


def __getattr__(name: str) -> Any:
    """`Sandbox`, for annotations of tests, imported when it is asked for."""
    if name == "Sandbox":
        from mcp_sim.pytest_plugin.box import Sandbox  # noqa: PLC0415 - only when it is wanted

        return Sandbox
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def _is_ours(metafunc: pytest.Metafunc) -> bool:
    """Whether no fixture of the project stands before the one of this plugin."""
    found = metafunc.definition._fixtureinfo.name2fixturedefs.get("sandbox", ())
    return bool(found) and found[-1].func.__module__ == __name__
