"""Special tools that need more input before they can answer, in one or more rounds."""

from __future__ import annotations

from typing import Any

from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    TextContent,
)

from .content import result
from .specials import Context, special

Answer = CallToolResult | InputRequiredResult


def form(message: str, **properties: dict[str, Any]) -> ElicitRequest:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def prompt(text: str, max_tokens: int = 100) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=TextContent(text=text))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=max_tokens))


def ask(
    params: CallToolRequestParams, requests: dict[str, InputRequest], answer: str, state: str | None = None
) -> Answer:
    """The answer once every request has its response, until then the requests."""
    given = params.input_responses or {}
    if requests.keys() <= given.keys() and params.request_state == state:
        return result(answer)
    return InputRequiredResult(input_requests=requests, request_state=state)


NAME = form("What is your name?", name={"type": "string"})
CONFIRM = form("Please confirm", ok={"type": "boolean"})
GREETING = prompt("Generate a greeting", 50)


@special("test_input_required_result_elicitation")
async def elicitation(ctx: Context, params: CallToolRequestParams) -> Answer:
    return ask(params, {"user_name": NAME}, "Hello!")


@special("test_streaming_elicitation")
async def streaming_elicitation(ctx: Context, params: CallToolRequestParams) -> Answer:
    return ask(params, {"user_name": NAME}, "Hello!")


@special("test_input_required_result_sampling")
async def sampling(ctx: Context, params: CallToolRequestParams) -> Answer:
    return ask(params, {"capital_question": prompt("What is the capital of France?")}, "Paris it is")


@special("test_input_required_result_list_roots")
async def list_roots(ctx: Context, params: CallToolRequestParams) -> Answer:
    return ask(params, {"client_roots": ListRootsRequest()}, "These are your roots")


@special("test_input_required_result_request_state")
async def request_state(ctx: Context, params: CallToolRequestParams) -> Answer:
    return ask(params, {"confirm": CONFIRM}, "state-ok", "asked")


@special("test_input_required_result_tampered_state")
async def tampered_state(ctx: Context, params: CallToolRequestParams) -> Answer:
    return ask(params, {"confirm": CONFIRM}, "state-ok", "asked")


@special("test_input_required_result_multiple_inputs")
async def multiple_inputs(ctx: Context, params: CallToolRequestParams) -> Answer:
    everything: dict[str, InputRequest] = {"user_name": NAME, "greeting": GREETING, "client_roots": ListRootsRequest()}
    return ask(params, everything, "All three", "asked")


@special("test_input_required_result_multi_round")
async def multi_round(ctx: Context, params: CallToolRequestParams) -> Answer:
    if params.request_state is None:
        return ask(params, {"step1": form("Step 1: What is your name?", name={"type": "string"})}, "", "one")
    colour = form("Step 2: What is your favorite color?", color={"type": "string"})
    return ask(params, {"step2": colour}, "Two rounds it took", "two")


@special("test_input_required_result_capabilities")
async def capabilities(ctx: Context, params: CallToolRequestParams) -> Answer:
    declared = ctx.session.client_capabilities
    offers: dict[str, InputRequest] = {}
    if declared is not None and declared.sampling is not None:
        offers["greeting"] = GREETING
    if declared is not None and declared.elicitation is not None:
        offers["user_name"] = NAME
    return ask(params, offers, "As far as you can")
