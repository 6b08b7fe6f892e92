"""A contract: a world, an instruction for an agent, and the clauses by which its session is judged."""

from __future__ import annotations

from pydantic import Field

from schemas.contracts.clauses import Clause
from schemas.effects import Definition
from schemas.types import World


class Contract(Definition):
    """What an agent is told to do in a world, and what it must, must not and may do."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")
    title: str = ""
    description: str = ""
    world: World
    instruction: str = Field(default="", description="What the agent is told. Ids in it count as shown.")
    clauses: tuple[Clause, ...] = Field(min_length=1)
