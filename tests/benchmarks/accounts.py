"""The rows of `api.yaml` as plain rules: fields and their types, defaults, choices, references, a first user."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
KINDS: dict[str, dict[str, tuple[type, ...]]] = {
    "users": {
        "name": (str,),
        "email": (str,),
        "role": (str,),
        "age": (int, type(None)),
        "manager_id": (str, type(None)),
    },
    "orders": {
        "user_id": (str,),
        "item": (str,),
        "quantity": (int,),
        "status": (str,),
        "note": (str, type(None)),
        "follows_id": (str, type(None)),
    },
}
REQUIRED = {"users": ("name", "email"), "orders": ("user_id", "item", "quantity")}
DEFAULTS: dict[str, Row] = {
    "users": {"role": "member", "age": None, "manager_id": None},
    "orders": {"status": "open", "note": None, "follows_id": None},
}
REFERENCES = {"users": {"manager_id": "users"}, "orders": {"user_id": "users", "follows_id": "orders"}}
CHOICES = {"role": ("admin", "member"), "status": ("open", "paid", "shipped")}
FIRST: Row = {"id": "U-00001", "name": "Ada", "email": "ada@accounts.example", **DEFAULTS["users"]}
