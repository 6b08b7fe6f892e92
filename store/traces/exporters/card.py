"""The card of a data set: what it holds, what it does not, and how it is loaded."""

from __future__ import annotations

from collections.abc import Mapping

from store.traces.exporters.format import Losses

_KINDS = {
    "text": "text",
    "texts": "list of texts",
    "number": "whole number",
    "flags": "list of true or false",
    "json": "JSON",
    "jsons": "list of JSON objects",
}


def card(title: str, held: str, columns: Mapping[str, str], losses: Losses) -> str:
    """The text of a `README.md` as data sets of Hugging Face have it; `held` says what it holds and how much of it."""
    rows = "\n".join(f"| `{name}` | {_KINDS[kind]} |" for name, kind in columns.items())
    lost = "\n".join(f"- `{name}`: {count}" for name, count in sorted(losses.items())) or "- nothing"
    return f"""---
pretty_name: {title}
tags: [agents, tool-use, mcp]
configs:
  - config_name: default
    data_files: data/train-*.parquet
---

# {title}

{held}, written by mcp-sim.

```python
from datasets import load_dataset

data = load_dataset("FOLDER", split="train")
```

| column | holds |
|---|---|
{rows}

What was there before and this format does not hold, and how often:

{lost}
"""
