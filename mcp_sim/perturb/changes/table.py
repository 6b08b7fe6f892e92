"""Which change belongs to which kind of perturbation."""

from __future__ import annotations

from typing import Any

from mcp_sim.perturb.changes.answer import Change
from mcp_sim.perturb.changes.forms import malform, reformat, truncate
from mcp_sim.perturb.changes.items import distract, duplicate, partial, reorder, withhold
from mcp_sim.perturb.changes.words import drift, hostile
from schemas.perturbations import (
    Distract,
    Drift,
    Duplicate,
    Format,
    Hostile,
    Malform,
    Partial,
    Reorder,
    Truncate,
    Withhold,
)

CHANGES: dict[type[Any], Change] = {
    Partial: partial,
    Withhold: withhold,
    Distract: distract,
    Duplicate: duplicate,
    Reorder: reorder,
    Hostile: hostile,
    Drift: drift,
    Format: reformat,
    Malform: malform,
    Truncate: truncate,
}
"""The kinds that change an answer, by the type of their parameters."""
