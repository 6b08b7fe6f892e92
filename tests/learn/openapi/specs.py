"""A small API of users and orders, as specs of every version."""

from __future__ import annotations

from typing import Any

USER: dict[str, Any] = {
    "type": "object",
    "required": ["id", "name", "kind"],
    "properties": {
        "id": {"type": "string", "readOnly": True},
        "name": {"type": "string"},
        "email": {"type": "string", "nullable": True},
        "kind": {"type": "string", "enum": ["user"]},
        "created_at": {"type": "string", "format": "date-time", "readOnly": True},
        "manager_id": {"type": "string", "nullable": True},
    },
}
ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["id", "user_id", "total"],
    "properties": {
        "id": {"type": "integer"},
        "user_id": {"type": "string"},
        "total": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
        "reviewer": {"anyOf": [{"type": "string"}, {"$ref": "#/components/schemas/User"}]},
        "parent": {"$ref": "#/components/schemas/Order"},
    },
}
LINE: dict[str, Any] = {"type": "object", "properties": {"sku": {"type": "string"}, "buyer_id": {"type": "string"}}}


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def answer(schema: Any = None, status: int | str = 200) -> dict[Any, Any]:
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    return {status: {"description": "Fine.", **content}, "404": {"description": "No such thing."}}


def body(schema: Any) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def operation(name: str | None, responses: Any, *parameters: Any, **given: Any) -> dict[str, Any]:
    named = {} if name is None else {"operationId": name}
    return {**named, "summary": f"Summary of {name}.", "parameters": list(parameters), "responses": responses, **given}


def in_path(name: str, kind: str = "string") -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": kind}}


def in_query(name: str, kind: str = "string", **given: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": kind}, **given}


CHANGED_USER: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "email": {"type": "string"}},
}
NEW_ORDER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["total"],
    "properties": {"total": {"type": "number"}, "lines": ORDER["properties"]["lines"]},
}


def spec(**given: Any) -> dict[str, Any]:
    """The API as OpenAPI 3.0; paths given replace its own, None leaves one out."""
    paths: dict[str, Any] = {
        "/users": {
            "get": operation(
                "listUsers",
                answer(
                    {
                        "type": "object",
                        "properties": {"data": {"type": "array", "items": ref("User")}, "total": {"type": "integer"}},
                    }
                ),
                in_query("limit", "integer"),
                in_query("name"),
            ),
            "post": operation("createUser", answer(ref("User"), 201), requestBody=body(ref("User"))),
        },
        "/users/{user_id}": {
            "parameters": [in_path("user_id")],
            "get": operation("getUser", answer(ref("User"))),
            "patch": operation("updateUser", answer(ref("User")), requestBody=body(CHANGED_USER)),
            "delete": operation("deleteUser", answer(None, 204)),
        },
        "/users/{user_id}/orders": {
            "get": operation("listOrders", answer({"type": "array", "items": ref("Order")}), in_path("user_id")),
            "post": operation("createOrder", answer(ref("Order")), in_path("user_id"), requestBody=body(NEW_ORDER)),
        },
        "/users/{user_id}/orders/{order_id}": {
            "get": operation("getOrder", answer(ref("Order")), in_path("user_id"), in_path("order_id", "integer")),
            "delete": operation(
                "deleteOrder",
                answer(
                    {
                        "type": "object",
                        "properties": {"deleted_order_id": {"type": "integer"}, "deleted": {"type": "boolean"}},
                    }
                ),
                in_path("user_id"),
                in_path("order_id", "integer"),
            ),
        },
        "/orders/{order_id}/ship": {
            "post": operation(
                "shipOrder",
                answer({"type": "object", "properties": {"eta": {"type": "string"}}}),
                in_path("order_id", "integer"),
            ),
        },
        **given.pop("paths", {}),
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Orders", "version": "1"},
        "paths": {path: item for path, item in paths.items() if item is not None},
        "components": {"schemas": {"User": USER, "Order": ORDER, "Line": LINE, **given.pop("schemas", {})}},
        **given,
    }


def swagger() -> dict[str, Any]:
    """Users alone, as version 2."""
    user = {"$ref": "#/definitions/User"}
    by_id = {"name": "user_id", "in": "path", "required": True, "type": "string"}
    return {
        "swagger": "2.0",
        "info": {"title": "Users", "version": "1"},
        "basePath": "/v1",
        "paths": {
            "/users": {
                "get": {"operationId": "listUsers", "responses": {"200": {"schema": {"type": "array", "items": user}}}},
                "post": {
                    "operationId": "createUser",
                    "parameters": [{"name": "user", "in": "body", "required": True, "schema": user}],
                    "responses": {"201": {"schema": user}},
                },
            },
            "/users/{user_id}": {
                "get": {"operationId": "getUser", "parameters": [by_id], "responses": {"200": {"schema": user}}},
                "post": {
                    "operationId": "renameUser",
                    "parameters": [by_id, {"name": "name", "in": "formData", "type": "string", "required": True}],
                    "responses": {"200": {"schema": user}},
                },
            },
        },
        "definitions": {
            "User": {**USER, "properties": {**USER["properties"], "email": {"type": "string", "x-nullable": True}}}
        },
    }
