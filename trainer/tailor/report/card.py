"""The card of a data set, as Markdown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_CHECKS = ("schemas", "ids", "bodies")


def card(manifest: dict[str, Any]) -> str:
    """The card."""
    loader = FileSystemLoader(Path(__file__).parent)
    markdown = Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - Markdown, not HTML
    )
    sides = [side for side, split in manifest["records"].items() if split["total"]]
    text = markdown.get_template("card.md.j2").render(
        manifest=manifest,
        sides=sides,
        intents=sorted({name for side in sides for name in manifest["records"][side]["by"]["intent"]}),
        checks=[name for name in _CHECKS if manifest["recipe"]["contamination"][name]],
    )
    return re.sub(r"(\|)\n\n(?=\|)", r"\1\n", text)
