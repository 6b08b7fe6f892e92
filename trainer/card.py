"""The card of a checkpoint: what it is, what it learned from, how good it is, how it is served."""

from __future__ import annotations

from typing import Any

import yaml

from trainer.bench.result import HEADLINES, MEASURES


def card(manifest: dict[str, Any]) -> str:
    """Markdown with the header that model hubs read."""
    recipe, measured = manifest["recipe"], manifest["bench"]
    tags = ["world-model", "mcp-sim"]
    header = yaml.safe_dump({"library_name": "transformers", "pipeline_tag": "text-generation", "tags": tags})
    rows = "\n".join(
        f"| {name} | " + " | ".join(_shown(found["slices"]["all"][measure]) for measure in HEADLINES) + " |"
        for name, found in measured["checkpoints"].items()
    )
    versions = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
    files = "\n".join(f"- `{name}`: {digest}" for name, digest in manifest["data"]["files"].items())
    return f"""---
{header}---

# A world model of mcp-sim: recipe `{recipe["name"]}`

{recipe["about"]} It plays the service behind MCP tools: it is told the tools, the rows that matter and a call, and
answers what the service would.

    mcp-sim worldmodel serve cpu --model FOLDER
    mcp-sim serve WORLD --worldmodel http://127.0.0.1:8801

## How good it is

{measured["records"]} held-out calls; means from 0 to 1, with the interval of 95 %.

| stage | {" | ".join(MEASURES[name] for name in HEADLINES)} |
|---|{"---|" * len(HEADLINES)}
{rows}

## What it was made of

Seed {recipe["seed"]}; {versions}. SHA-256 of the records:

{files}
"""


def _shown(mean: dict[str, Any] | None) -> str:
    return "–" if mean is None else f"{mean['mean']:.3f} ({mean['low']:.3f} to {mean['high']:.3f})"
