"""How a world model is asked: where it is, how long it may take, how much it may be told and say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from mcp_sim.errors import SetupError
from mcp_sim.worldmodel.wording import WORDINGS
from schemas.canonical import json_problem
from schemas.validate import nearest

TEMPLATE = "v1"
Kind = Literal["read", "write"]
_SPACE = re.compile(r"\s")
Tokens = Annotated[int, Field(ge=1)]
_THINKING: dict[Kind, bool] = {"read": False, "write": False}
_ANSWER_TOKENS: dict[Kind, int] = {"read": 1024, "write": 1536}
_OURS = frozenset(
    {"model", "messages", "n", "stream", "stream_options", "response_format", "deadline"}
    | {"max_tokens", "max_completion_tokens", "chat_template_kwargs"}
)
"""Parts of a request that are no sampling: they follow from the other settings, or from the question."""


class Settings(BaseModel):
    """The settings of one world model. What changes its answers is part of the key under which they are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    urls: tuple[str, ...] = Field(default=(), description="Base URLs of OpenAI-compatible servers, all alike.")
    model: str = Field(default="", description="The name of the model there; empty: the first that they offer.")
    api_key: str = Field(default="", repr=False)
    template: str = TEMPLATE
    sampling: dict[str, Any] = Field(default={"temperature": 0.6, "top_p": 0.95, "top_k": 20})
    thinking: dict[Kind, bool] = Field(default=_THINKING, description="By class of tool.")
    answer_tokens: dict[Kind, Tokens] = Field(default=_ANSWER_TOKENS, description="By class of tool.")
    thinking_tokens: int = Field(default=4096, ge=0, description="Further tokens where thinking is on.")
    prompt_tokens: int = Field(default=6000, ge=500, description="The most that a question may hold.")
    structured: bool = Field(default=True, description="Let the server keep the answer to the output schema.")
    tries: int = Field(default=3, ge=1, le=10, description="Proposals per call, repairs included.")
    deadline: float = Field(default=30.0, gt=0, description="Seconds for one call, all proposals together.")
    first_token: float = Field(default=20.0, gt=0, description="Seconds until an answer has to begin.")
    pause: float = Field(default=10.0, gt=0, description="Seconds between two pieces of an answer.")
    concurrency: int = Field(default=64, ge=1, description="Requests under way at once, per server.")

    @field_validator("urls")
    @classmethod
    def _bases(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(map(_base, urls)))

    @field_validator("api_key")
    @classmethod
    def _key(cls, key: str) -> str:
        bare = key.strip()
        if not (bare.isascii() and bare.isprintable()) or " " in bare:
            raise ValueError("a key has only letters, digits and signs of ASCII, and no spaces")
        return bare

    @field_validator("template")
    @classmethod
    def _known_template(cls, template: str) -> str:
        if template not in WORDINGS:
            raise ValueError(f"there is no template '{template}'; known: {', '.join(WORDINGS)}")
        return template

    @field_validator("sampling")
    @classmethod
    def _sampling(cls, sampling: dict[str, Any]) -> dict[str, Any]:
        if ours := sorted(sampling.keys() & _OURS):
            raise ValueError(f"'{ours[0]}' is no sampling; it follows from the other settings")
        if problem := json_problem(sampling):
            raise ValueError(problem)
        return sampling

    @field_validator("thinking", "answer_tokens")
    @classmethod
    def _every_kind(cls, given: dict[Kind, Any], info: ValidationInfo) -> dict[Kind, Any]:
        return {**(_THINKING if info.field_name == "thinking" else _ANSWER_TOKENS), **given}


def _base(url: str) -> str:
    """The part of a server's URL that comes before `/models` and `/chat/completions`."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not _SPACE.search(url)
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"'{url}' is not a URL of a server; e.g. http://127.0.0.1:8801")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"the URL of {parts.hostname} holds a name or password; give a key as 'api_key' in a file")
    if parts.query or parts.fragment:
        raise ValueError(f"'{url}' ends in a query; a server's URL is like http://127.0.0.1:8801")
    path = parts.path.rstrip("/").removesuffix("/chat/completions").removesuffix("/models")
    return f"{parts.scheme}://{parts.netloc}{path.removesuffix('/v1')}/v1"


def read_settings(given: Sequence[str], model: str | None = None) -> Settings:
    """The settings that options mean: URLs of servers, or one YAML file of settings.

    Raises:
        SetupError: a URL is none, or the file cannot be read; the message names the setting.
    """
    named = {} if model is None else {"model": model}
    from_file = len(given) == 1 and "://" not in given[0]
    told = {**(read_file(Path(given[0])) if from_file else {"urls": list(given)}), **named}
    settings = checked(told, given[0] if from_file else "")
    if from_file and not settings.urls:
        raise SetupError(f"{given[0]} names no server; e.g. urls: [http://127.0.0.1:8801]")
    return settings


def checked(told: dict[str, Any], file: str = "") -> Settings:
    """The settings that are told, by a file if one is named.

    Raises:
        SetupError: there is no such setting, or none of that value.
    """
    try:
        return Settings.model_validate(told)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = f"there is no such setting{nearest(where, Settings.model_fields)}"
        raise SetupError(f"{file}: {where}: {message}" if file else message) from None


def read_file(path: Path) -> dict[str, Any]:
    """The settings of a YAML file, not yet checked.

    Raises:
        SetupError: it cannot be read, or holds no settings.
    """
    try:
        found = yaml.safe_load(path.read_text())
    except OSError as error:
        raise SetupError(
            f"'{path}' is neither a URL such as http://127.0.0.1:8801 nor a file: {error.strerror}"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SetupError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise SetupError(f"{path} holds no settings; e.g. urls: [http://127.0.0.1:8801]")
    return found
