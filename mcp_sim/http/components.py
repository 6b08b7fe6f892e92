"""The shared schemas of an OpenAPI document."""

from __future__ import annotations

from typing import Any

from mcp_sim.http.errors import SCHEMA as ERROR
from schemas.marks import ROW_MARK
from schemas.rows import marked_schema
from schemas.types import World

Schema = dict[str, Any]
AT = "#/components/schemas/"
JSON = "application/json"


class Components:
    """Collects what operations share, and lets them refer to it.

    An entity's row schema stands here once, under the entity's name in PascalCase, by which tools know that
    `sales_order_id` is the key of a `SalesOrder`. A schema that refers into itself stands here as a whole, so that its
    references keep their targets.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = {name: marked_schema(name, entity) for name, entity in world.entities.items()}
        self.schemas: dict[str, Schema] = {"Error": ERROR}
        self._titles: dict[str, str] = {}
        for name, row in self._rows.items():
            title = name.title().replace("_", "")
            self._titles[name] = name if title in self.schemas else title
            self.schemas[self._titles[name]] = row

    def keys(self, entity: Any) -> list[Any]:
        """Some keys of the seed rows of an entity."""
        rows = self._world.rows.get(entity, ())
        return [row[self._world.entities[entity].key] for row in rows[:3]]

    def shared(self, part: Schema, whole: Schema, name: str) -> Schema:
        """A part of a schema as an operation writes it down; `name` is for the whole, if the part refers into it."""
        root = AT + name
        if refers_inward(part):
            self.schemas[name] = self._shortened(whole, root)
        shortened: Schema = self._shortened(part, root)
        return shortened

    def _shortened(self, schema: Any, root: str) -> Any:
        """The schema with rows by name, and with its root moved to `root`."""
        if isinstance(schema, list):
            return [self._shortened(item, root) for item in schema]
        if not isinstance(schema, dict):
            return schema
        name = schema.get(ROW_MARK)
        if name in self._rows:
            row = self._rows[name]
            return {"$ref": AT + self._titles[name]} | {
                key: value for key, value in schema.items() if row.get(key) != value
            }
        shortened = {key: self._shortened(value, root) for key, value in schema.items()}
        target = schema.get("$ref")
        if isinstance(target, str) and target.startswith("#"):
            shortened["$ref"] = root + target[1:]
        return shortened


def refers_inward(schema: Any) -> bool:
    """Whether a schema holds a reference to a part of its own document."""
    if isinstance(schema, list):
        return any(map(refers_inward, schema))
    if not isinstance(schema, dict):
        return False
    target = schema.get("$ref")
    return (isinstance(target, str) and target.startswith("#")) or any(map(refers_inward, schema.values()))
