"""Which agent is meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mcp_sim.runner.command import Command, Config
from mcp_sim.runner.function import Function, function_agent
from mcp_sim.runner.job import Agent, Job

_ENTRY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def agent_of(agent: str | Callable[[Job], Any] | Agent, config: Config | None = None) -> Agent:
    """An agent from a command line, `module:function`, or a function.

    Args:
        agent: which is meant.
        config: writes the file behind `{config}` in a command line.

    Raises:
        SetupError: there is no such function, or the command line is none.
    """
    if isinstance(agent, str):
        return function_agent(agent) if _ENTRY.fullmatch(agent) else Command(agent, config)
    if callable(agent):
        return Function(agent)
    return agent
