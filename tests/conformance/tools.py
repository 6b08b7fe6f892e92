"""Special tools that answer with content of every kind."""

from __future__ import annotations

import json

from mcp_types import CallToolRequestParams, CallToolResult

from .content import audio, image, resource, result
from .specials import Context, special, with_schema

JSON_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


@special("test_simple_text")
async def simple_text(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    return result("This is a simple text response for testing.")


@special("test_image_content")
async def image_content(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    return result(image())


@special("test_audio_content")
async def audio_content(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    return result(audio())


@special("test_embedded_resource")
async def embedded_resource(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    return result(resource("test://embedded-resource", "text/plain", "This is an embedded resource content."))


@special("test_multiple_content_types")
async def multiple_content_types(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    value = json.dumps({"test": "data", "value": 123})
    mixed = resource("test://mixed-content-resource", "application/json", value)
    return result("Multiple content types test:", image(), mixed)


@special("test_error_handling")
async def error_handling(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    return result("This tool intentionally returns an error for testing", is_error=True)


@with_schema(
    "json_schema_2020_12_tool",
    {
        "$schema": JSON_SCHEMA,
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
            }
        },
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    },
)
async def json_schema_2020_12(ctx: Context, params: CallToolRequestParams) -> CallToolResult:
    return result("Listed with every keyword")
