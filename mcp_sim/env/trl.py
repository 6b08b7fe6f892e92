"""Environments in the shape that TRL wants: a class whose public methods are the tools, with `reset` and `get_reward`.

Nothing of TRL is imported here: `GRPOTrainer(environment_factory=environment_class(tasks), ...)` looks at the class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from mcp_sim.env.callables import signatures
from mcp_sim.env.environment import Environment, as_text
from mcp_sim.env.hall import Hall
from mcp_sim.env.reward import Reward
from mcp_sim.errors import SetupError
from schemas.contracts.task import Task

_OWN = frozenset({"reset", "get_reward", "answer"})


def environment_class(
    tasks: Sequence[Task], *, worth: Callable[[Reward], float] = lambda reward: reward.value, hall: Hall | None = None
) -> type[Any]:
    """A class of environments for these tasks, which are all of one world.

    `reset(task=NAME, seed=N, **row)` begins a task and gives its instruction, which TRL appends to the prompt; without
    a name it takes one task after the other. The tools of the world are methods. If one of the tasks is a question, so
    is `answer(text)`. `get_reward()` gives the worth of the session, or None where the simulator failed.

    Args:
        tasks: what `reset` chooses from.
        worth: what a reward counts in training; default: 1 for a fulfilled contract, else 0.
        hall: where the sessions run.

    Raises:
        SetupError: there are no tasks, or they are of more than one world.
    """
    worlds = {task.world.fingerprint: task.world for task in tasks}
    if len(worlds) != 1:
        raise SetupError(f"environments of one class have one world; these {len(tasks)} tasks have {len(worlds)}")
    (world,) = worlds.values()
    known = {task.name: task for task in tasks}
    taken = {"turn": 0}

    def __init__(self: Any) -> None:  # noqa: N807 - a method of the class made below
        self._environment = Environment(hall)

    def reset(self: Any, task: str | None = None, seed: int | None = None, **_row: Any) -> str:
        """Begin a task; the rest of a row of the dataset is not for the environment."""
        if task is None:
            chosen = tasks[taken["turn"] % len(tasks)]
            taken["turn"] += 1
        elif task in known:
            chosen = known[task]
        else:
            raise SetupError(f"there is no task '{task}' among the {len(known)} of this environment")
        told: str = self._environment.reset(chosen, seed)
        return told

    def get_reward(self: Any) -> float | None:
        """What the session is worth."""
        reward: Reward = self._environment.reward()
        return worth(reward) if reward.is_fair else None

    def answer(self: Any, text: str) -> str:
        """Say what was asked for, as the last thing you do.

        Args:
            text: The answer, in the form that was asked for.

        Returns:
            That it was heard.
        """
        self._environment.say(text)
        return "Thank you."

    def call(self: Any, tool: str, arguments: dict[str, Any]) -> str:
        return as_text(self._environment.call(tool, arguments))

    members: dict[str, Any] = {
        "__doc__": f"The world '{world.name}' as an environment.",
        "__init__": __init__,
        "reset": reset,
        "get_reward": get_reward,
        **({"answer": answer} if any(task.asks for task in tasks) else {}),
        **{one.name: one.method(call) for one in signatures(world.tools, _OWN)},
    }
    name = "".join(part.capitalize() for part in re.split(r"\W+", world.name)) or "World"
    return type(name, (), members)


def rows(tasks: Sequence[Task], prompt: str = "") -> list[dict[str, Any]]:
    """The rows of a dataset of these tasks: an empty prompt, which `reset` completes, and the name of the task."""
    return [{"prompt": [{"role": "user", "content": prompt}], "task": task.name} for task in tasks]
