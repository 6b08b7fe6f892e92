"""References inferred from a spec, beside those that it labels itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_sim.learn.openapi.operations import operations
from mcp_sim.learn.openapi.references import References
from mcp_sim.learn.openapi.resources import resources
from mcp_sim.learn.openapi.schemas import Schemas
from mcp_sim.learn.openapi.spec import read_spec

_LABEL = "x-expansionResources"


@dataclass(frozen=True)
class Agreement:
    """How many labelled references were found, found to lead elsewhere, and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """The share of those found that are right."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """The share of those labelled that were found."""
        return self.right / max(1, self.right + self.wrong + self.missed)


def agreement(path: Path) -> Agreement:
    """How the references of a spec agree with its labels."""
    spec = read_spec(path, lambda _: None)
    schemas = Schemas(spec)
    entities = resources(list(operations(spec, schemas)), schemas)
    components = {one.name: one.component for one in entities}
    references = References(entities, schemas)
    right = wrong = missed = 0
    for component in spec.data["components"]["schemas"].values():
        for name, schema in component.get("properties", {}).items():
            gold = _labelled(schema)
            found = references.of_field(name, schema) if gold else None
            right += found is not None and components[found.to] in gold
            wrong += found is not None and components[found.to] not in gold
            missed += bool(gold) and found is None
    return Agreement(right, wrong, missed)


def _labelled(schema: Any) -> set[str]:
    """The components that a field is labelled to lead to."""
    inner = schema.get("items", schema) if isinstance(schema, dict) else {}
    label = inner.get(_LABEL, schema.get(_LABEL, {}))
    return {part["$ref"].rsplit("/", 1)[1] for part in label.get("oneOf", ())}
