"""The content blocks that the conformance suite asks for."""

from __future__ import annotations

from mcp_types import (
    AudioContent,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    TextContent,
    TextResourceContents,
)

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="


def text(value: str) -> TextContent:
    return TextContent(text=value)


def image() -> ImageContent:
    return ImageContent(data=PNG, mime_type="image/png")


def audio() -> AudioContent:
    return AudioContent(data=WAV, mime_type="audio/wav")


def resource(uri: str, mime_type: str, value: str) -> EmbeddedResource:
    return EmbeddedResource(resource=TextResourceContents(uri=uri, mime_type=mime_type, text=value))


def result(*blocks: ContentBlock | str, is_error: bool = False) -> CallToolResult:
    content = [text(block) if isinstance(block, str) else block for block in blocks]
    return CallToolResult(content=content, is_error=is_error)
