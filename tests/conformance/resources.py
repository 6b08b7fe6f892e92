"""The special resources and prompts of the conformance suite."""

from __future__ import annotations

import json
import re
from typing import Any

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    BlobResourceContents,
    ContentBlock,
    GetPromptRequestParams,
    GetPromptResult,
    InputRequiredResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    Prompt,
    PromptArgument,
    PromptMessage,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from .content import PNG, image, resource, text
from .rounds import form
from .specials import Context

TEMPLATE = re.compile(r"test://template/([^/]+)/data")


def contents_of(uri: str) -> TextResourceContents | BlobResourceContents | None:
    if uri == "test://static-binary":
        return BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
    if match := TEMPLATE.fullmatch(uri):
        data = {"id": match[1], "templateTest": True, "data": f"Data for ID: {match[1]}"}
        return TextResourceContents(uri=uri, mime_type="application/json", text=json.dumps(data))
    texts = {
        "test://static-text": "This is the content of the static text resource.",
        "test://watched-resource": "Nothing has changed.",
    }
    return TextResourceContents(uri=uri, mime_type="text/plain", text=texts[uri]) if uri in texts else None


async def read_resource(ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
    contents = contents_of(params.uri)
    if contents is None:
        raise MCPError(INVALID_PARAMS, "Resource not found", {"uri": params.uri})
    return ReadResourceResult(contents=[contents])


async def list_resources(ctx: Context, params: PaginatedRequestParams) -> ListResourcesResult:
    names = {"static-text": "text/plain", "static-binary": "image/png", "watched-resource": "text/plain"}
    return ListResourcesResult(
        resources=[
            Resource(uri=f"test://{name}", name=name, description=f"The {name}", mime_type=mime_type)
            for name, mime_type in names.items()
        ]
    )


async def list_templates(ctx: Context, params: PaginatedRequestParams) -> ListResourceTemplatesResult:
    template = ResourceTemplate(uri_template="test://template/{id}/data", name="template", description="One per id")
    return ListResourceTemplatesResult(resource_templates=[template])


def prompt(name: str, *arguments: str) -> Prompt:
    required = [PromptArgument(name=argument, description=argument, required=True) for argument in arguments]
    return Prompt(name=name, description=name.replace("_", " "), arguments=required)


PROMPTS = [
    prompt("test_simple_prompt"),
    prompt("test_prompt_with_arguments", "arg1", "arg2"),
    prompt("test_prompt_with_embedded_resource", "resourceUri"),
    prompt("test_prompt_with_image"),
    prompt("test_input_required_result_prompt"),
]


async def list_prompts(ctx: Context, params: PaginatedRequestParams) -> ListPromptsResult:
    return ListPromptsResult(prompts=PROMPTS)


async def get_prompt(ctx: Context, params: GetPromptRequestParams) -> GetPromptResult | InputRequiredResult:
    if params.name == "test_input_required_result_prompt" and "user_context" not in (params.input_responses or {}):
        question = form("What context should the prompt use?", context={"type": "string"})
        return InputRequiredResult(input_requests={"user_context": question})
    blocks = blocks_of(params.name, params.arguments or {})
    return GetPromptResult(messages=[PromptMessage(role="user", content=block) for block in blocks])


def blocks_of(name: str, arguments: dict[str, Any]) -> list[ContentBlock]:
    match name:
        case "test_simple_prompt":
            return [text("This is a simple prompt for testing.")]
        case "test_prompt_with_arguments":
            return [text(f"Prompt with arguments: arg1='{arguments['arg1']}', arg2='{arguments['arg2']}'")]
        case "test_prompt_with_embedded_resource":
            embedded = resource(arguments["resourceUri"], "text/plain", "Embedded resource content for testing.")
            return [embedded, text("Please process the embedded resource above.")]
        case "test_prompt_with_image":
            return [image(), text("Please analyze the image above.")]
        case "test_input_required_result_prompt":
            return [text("The context was given")]
        case _:
            raise MCPError(INVALID_PARAMS, f"No prompt '{name}'")
