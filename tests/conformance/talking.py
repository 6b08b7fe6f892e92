"""Special tools that speak with the client while they run, or meddle with the connection."""

from __future__ import annotations

import json
from typing import Any

from mcp.server.connection import allowed_log_levels
from mcp.server.subscriptions import InMemorySubscriptionBus, PromptsListChanged, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CallToolRequestParams,
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    LoggingMessageNotification,
    LoggingMessageNotificationParams,
    SamplingMessage,
    TextContent,
)

from .content import result
from .specials import Context, special

bus = InMemorySubscriptionBus()


async def log(ctx: Context, message: str) -> None:
    if "info" in allowed_log_levels(ctx.protocol_version, ctx.meta):
        params = LoggingMessageNotificationParams(level="info", data=message)
        await ctx.session.send_notification(LoggingMessageNotification(params=params), ctx.request_id)


def related(ctx: Context) -> ServerMessageMetadata:
    return ServerMessageMetadata(related_request_id=ctx.request_id)


@special("test_tool_with_logging")
async def tool_with_logging(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    for stage in ("execution started", "processing data", "execution completed"):
        await log(ctx, f"Tool {stage}")
    return result("Logged three messages")


@special("test_logging_tool")
async def logging_tool(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    await log(ctx, "Only for those who asked")
    return result("Logged if asked to")


@special("test_tool_with_progress")
async def tool_with_progress(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100)
    return result("Reported progress")


@special("test_sampling", prompt={"type": "string"})
async def sampling(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    prompt = TextContent(text=str((params.arguments or {})["prompt"]))
    request = CreateMessageRequest(
        params=CreateMessageRequestParams(messages=[SamplingMessage(role="user", content=prompt)], max_tokens=100)
    )
    answer = await ctx.session.send_request(request, CreateMessageResult, metadata=related(ctx))
    return result(f"LLM response: {answer.content.text if isinstance(answer.content, TextContent) else answer.content}")


async def elicit(ctx: Context, message: str, schema: dict[str, Any]) -> str:
    request = ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))
    answer = await ctx.session.send_request(request, ElicitResult, metadata=related(ctx))
    return f"action={answer.action}, content={json.dumps(answer.content)}"


@special("test_elicitation", message={"type": "string"})
async def elicitation(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    schema = {
        "type": "object",
        "properties": {
            "username": {"type": "string", "description": "User's response"},
            "email": {"type": "string", "description": "User's email address"},
        },
        "required": ["username", "email"],
    }
    return result(f"User response: {await elicit(ctx, str((params.arguments or {})['message']), schema)}")


@special("test_elicitation_sep1034_defaults")
async def elicitation_defaults(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    properties = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    answer = await elicit(ctx, "Please check the defaults", {"type": "object", "properties": properties})
    return result(f"Elicitation completed: {answer}")


@special("test_elicitation_sep1330_enums")
async def elicitation_enums(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    options = ["option1", "option2", "option3"]
    titled = [{"const": f"value{n}", "title": f"{word} Option"} for n, word in enumerate(("First", "Second"), start=1)]
    legacy = {"enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]}
    properties = {
        "untitledSingle": {"type": "string", "enum": options},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {"type": "string", **legacy},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }
    answer = await elicit(ctx, "Please choose", {"type": "object", "properties": properties})
    return result(f"Elicitation completed: {answer}")


@special("test_reconnection")
async def reconnection(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    if ctx.close_sse_stream is not None:
        await ctx.close_sse_stream()
    return result("Sent after the stream was closed")


@special("test_missing_capability")
async def missing_capability(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    declared = ctx.session.client_capabilities
    if declared is None or declared.sampling is None:
        needed: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "This tool needs the client to sample", needed)
    return result("The client can sample")


@special("test_trigger_tool_change")
async def trigger_tool_change(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    await bus.publish(ToolsListChanged())
    return result("Told everyone that the tools changed")


@special("test_trigger_prompt_change")
async def trigger_prompt_change(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    await bus.publish(PromptsListChanged())
    return result("Told everyone that the prompts changed")
