"""What a request asks of a checkpoint: the part of OpenAI's chat completions that is kept to here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1)]


class Piece(BaseModel):
    """A part of what a turn says."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["text"]
    text: str


class Turn(BaseModel):
    """One message of a chat."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "user", "assistant"]
    content: str | list[Piece]

    @property
    def said(self) -> str:
        """All of its text."""
        return self.content if isinstance(self.content, str) else "".join(piece.text for piece in self.content)


class Named(BaseModel):
    """A JSON Schema with the name that OpenAI wants it to have."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    shape: dict[str, Any] = Field(alias="schema")


class Form(BaseModel):
    """What an answer has to look like."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["text", "json_object", "json_schema"]
    json_schema: Named | None = None

    @property
    def schema_of_answer(self) -> dict[str, Any] | None:
        """The JSON Schema that an answer has to fit; None if any text will do."""
        if self.type == "json_object":
            return {"type": "object"}
        return self.json_schema.shape if self.json_schema else None


class StreamOptions(BaseModel):
    """What a stream tells besides the answer."""

    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class TemplateOptions(BaseModel):
    """What the chat template is told."""

    model_config = ConfigDict(extra="forbid")

    enable_thinking: bool = False


class Wanted(BaseModel):
    """A request for answers. What is not understood is refused: nobody should believe that it was heeded."""

    model_config = ConfigDict(extra="forbid")

    model: Text
    messages: Annotated[list[Turn], Field(min_length=1)]
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    temperature: float = Field(default=1.0, ge=0, le=2, allow_inf_nan=False)
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=0, ge=0, le=2**31)
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    n: int = Field(default=1, ge=1, le=16)
    stop: Text | Annotated[list[Text], Field(max_length=4)] | None = None
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    response_format: Form | None = None
    chat_template_kwargs: TemplateOptions = TemplateOptions()
    user: str | None = None

    @property
    def longest(self) -> int | None:
        """Tokens that an answer may have."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def stops(self) -> list[str]:
        """Texts at which an answer ends, without them."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def schema_of_answer(self) -> dict[str, Any] | None:
        """The JSON Schema that an answer has to fit; None if any text will do."""
        return self.response_format.schema_of_answer if self.response_format else None

    @property
    def chat(self) -> list[dict[str, str]]:
        """The messages as a chat template takes them."""
        return [{"role": turn.role, "content": turn.said} for turn in self.messages]
