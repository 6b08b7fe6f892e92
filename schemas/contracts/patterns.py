"""Which calls a clause speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from schemas.effects import Definition, Expr

Severity = Literal["must", "should"]


class Pattern(Definition):
    """Which calls are meant; all conditions together. A text, or a list of texts, is a pattern of tools alone."""

    tool: str | tuple[str, ...] = Field(default="*", description="Tools, by name or by a pattern such as `list_*`.")
    args: dict[str, JsonValue] = Field(default={}, description="Arguments that are equal to these.")
    where: Expr | None = Field(default=None, description="A condition over `args`, `observation`, `status` ...")
    ok: bool | None = Field(default=None, description="true: only calls that succeeded; false: only errors.")

    @model_validator(mode="before")
    @classmethod
    def _of_tools(cls, data: Any) -> Any:
        return {"tool": data} if isinstance(data, str | list | tuple) else data

    @property
    def tools(self) -> tuple[str, ...]:
        """The names and patterns of tools."""
        return self.tool if isinstance(self.tool, tuple) else (self.tool,)


def meant(pattern: Pattern, tools: Iterable[str]) -> list[str]:
    """The tools, of these, that a pattern is for."""
    return [name for name in tools if any(fnmatchcase(name, part) for part in pattern.tools)]


def _two(data: Any) -> Any:
    if isinstance(data, list | tuple) and len(data) == 2:
        return data
    raise PydanticCustomError("two", "give two patterns of calls, [a, b]")


Pair = Annotated[tuple[Pattern, Pattern], BeforeValidator(_two)]


class Common(Definition):
    """What every clause has."""

    name: str | None = Field(default=None, min_length=1, max_length=100, description="Default: what the clause says.")
    why: str = Field(default="", description="The reason for the clause, told when it is broken.")
    severity: Severity = Field(default="must", description="A broken `should` is told, and fails nothing.")

    VERB: ClassVar[str] = ""

    @property
    def verb(self) -> str:
        """Which kind of clause this is, as in a file."""
        return self.VERB

    @property
    def parts(self) -> tuple[Common, ...]:
        """The clauses that this one puts together."""
        return ()
