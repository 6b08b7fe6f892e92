"""How a world model is asked: where it is, how long it may take, how much it may be told and say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mcp_sim.errors import SetupError

TEMPLATE = "v1"


class Settings(BaseModel):
    """The settings of one world model. What changes its answers is part of the key under which they are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: tuple[str, ...] = Field(default=(), description="Base URLs of OpenAI-compatible servers, all alike.")
    model: str = Field(default="", description="The name of the model there; empty: the first that they offer.")
    api_key: str = Field(default="", repr=False)
    template: str = TEMPLATE
    sampling: dict[str, Any] = Field(default={"temperature": 0.6, "top_p": 0.95, "top_k": 20})
    thinking: dict[str, bool] = Field(default={"read": False, "write": False}, description="By class of tool.")
    answer_tokens: dict[str, int] = Field(default={"read": 1024, "write": 1536}, description="By class of tool.")
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
        bases = []
        for url in urls:
            if not url.startswith(("http://", "https://")):
                raise ValueError(f"'{url}' is not a URL of a server; e.g. http://127.0.0.1:8801")
            base = url.rstrip("/")
            bases.append(base if base.endswith("/v1") else f"{base}/v1")
        return tuple(bases)


def read_settings(given: Sequence[str], model: str | None = None) -> Settings:
    """The settings that options mean: URLs of servers, or one YAML file of settings.

    Raises:
        SetupError: a URL is none, or the file cannot be read; the message names the setting.
    """
    named = {} if model is None else {"model": model}
    try:
        if len(given) == 1 and "://" not in given[0]:
            return Settings.model_validate({**_file(Path(given[0])), **named})
        return Settings.model_validate({"urls": list(given), **named})
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise SetupError(f"{' '.join(given)}: {where}: {fault['msg'].removeprefix('Value error, ')}") from None


def _file(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text())
    except OSError as error:
        raise SetupError(
            f"'{path}' is neither a URL such as http://127.0.0.1:8801 nor a file: {error.strerror}"
        ) from None
    except yaml.YAMLError as error:
        raise SetupError(f"{path} is not YAML: {error}") from None
    if not isinstance(found, dict):
        raise SetupError(f"{path} holds no settings; e.g. urls: [http://127.0.0.1:8801]")
    return found
