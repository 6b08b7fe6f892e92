"""A world as an environment for an agent that learns: reset, tools, reward."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from mcp_sim.contracts import Run
from mcp_sim.env.callables import signatures
from mcp_sim.env.hall import Hall, common_hall
from mcp_sim.env.reward import Reward, reward_of, undone
from mcp_sim.errors import McpSimError
from mcp_sim.perturb.given import Given, of_profile
from mcp_sim.session import Session
from schemas.contracts.contract import Contract
from schemas.contracts.task import Task
from schemas.types import Call, Observation, Trace, Verdict, World
from store.traces.encode import VERSION, decode_step


class NotReset(McpSimError):
    """Something was asked of an environment that no task has been given to."""


class Environment:
    """One task at a time, in a session of its own that is gone with the next `reset`.

    Many of them run side by side in one process, and share what a world takes to get ready. What an agent does wrong,
    be it an unknown tool or arguments that do not fit, is an observation, never an exception.

    Args:
        hall: where its sessions run; default: one that all environments of this process share.
    """

    def __init__(self, hall: Hall | None = None) -> None:
        self._hall = common_hall() if hall is None else hall
        self._session: Session | None = None
        self._contract: Contract | None = None
        self._wanted: frozenset[int] = frozenset()
        self._said = ""
        self._tokens: int | None = None

    def reset(
        self,
        task: Task | Contract,
        seed: int | None = None,
        *,
        profile: str | None = None,
        perturbations: Given | None = None,
    ) -> str:
        """Begin a task anew, and get its instruction.

        Args:
            task: what the agent has to do, or the contract alone.
            seed: of the session; default: that of the task, or of the world.
            profile: a shipped profile of perturbations.
            perturbations: what goes wrong, instead of a profile.

        Raises:
            BadPerturbation: there is no such profile, or the world cannot have these perturbations.
        """
        contract = task.contract if isinstance(task, Task) else task
        if seed is None:
            seed = task.seed if isinstance(task, Task) else contract.world.seed
        given = of_profile(profile) if profile is not None else perturbations
        sessions = self._hall.sessions
        fresh = self._hall.do(lambda: sessions.create(contract.world, seed=seed, perturbations=given))
        self._end()
        if contract is not self._contract:
            self._wanted = undone(contract, seed)
        self._session, self._contract, self._said, self._tokens = fresh, contract, "", None
        return contract.instruction

    @property
    def world(self) -> World:
        """The world of the task."""
        return self._running()[0].world

    @property
    def session_id(self) -> str:
        """The id of the session."""
        return self._running()[0].id

    @property
    def tools(self) -> dict[str, Callable[..., str]]:
        """The tools as functions with types and docstrings, by the names that they have in Python.

        Each gives the text that an MCP client would show: JSON, or `error:` and what is wrong.
        """

        def call(tool: str, arguments: dict[str, Any]) -> str:
            return as_text(self.call(tool, arguments))

        return {one.name: one.function(call) for one in signatures(self.world.tools)}

    def call(self, tool: str, arguments: Mapping[str, Any] | None = None, *, waited: float = 0.0) -> Observation:
        """Call a tool, whatever its name and its arguments are.

        Args:
            tool: its name in the world.
            arguments: what it is given.
            waited: seconds of virtual time since the last call.
        """
        session, _ = self._running()
        given = dict(arguments) if isinstance(arguments, Mapping) else arguments
        if given is not None and not (isinstance(given, dict) and all(isinstance(name, str) for name in given)):
            return Observation("the arguments of a call are an object", is_error=True, status=400)
        return self._hall.run(session.call(Call(str(tool), given or {}, waited)))

    @property
    def address(self) -> str:
        """Where an MCP client finds the session, over Streamable HTTP; the server starts when this is first asked."""
        return self._hall.address(self.session_id)

    def say(self, text: str, *, tokens: int | None = None) -> None:
        """What the agent says in the end, which may be its answer to a question; and how many tokens it took."""
        self._said, self._tokens = text, tokens

    def trace(self) -> Trace:
        """What happened so far."""
        session, _ = self._running()
        steps = self._hall.do(lambda: tuple(map(decode_step, session.steps())))
        return Trace(VERSION, session.world, session.seed, steps, session.regimes)

    def reward(self) -> Reward:
        """What the session is worth so far.

        Raises:
            JudgeError: a function that the contract names failed.
        """
        _, contract = self._running()
        return reward_of(contract, self.trace(), Run(answer=self._said, tokens=self._tokens), self._wanted)

    def verdict(self) -> Verdict:
        """Every clause of the contract, as the session stands.

        Raises:
            JudgeError: a function that the contract names failed.
        """
        return self.reward().verdict

    def close(self) -> None:
        """End the session; a later `reset` begins another."""
        self._end()
        self._contract = None

    def __enter__(self) -> Environment:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _end(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            self._hall.do(lambda: self._hall.sessions.delete(session.id))

    def _running(self) -> tuple[Session, Contract]:
        if self._session is None or self._contract is None:
            raise NotReset("this environment has no task; give it one with reset(task)")
        return self._session, self._contract


def as_text(observation: Observation) -> str:
    """An observation as an agent reads it."""
    return f"error: {observation.text}" if observation.is_error else observation.text
