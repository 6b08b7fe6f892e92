"""The database as another program reads it."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import create_engine, text


def read(url: str, sql: str, **values: Any) -> list[dict[str, Any]]:
    """The rows that another program gets for this query."""
    engine = create_engine(url)
    with engine.connect() as reader:
        found = [dict(row._mapping) for row in reader.execute(text(sql), values)]
    engine.dispose()
    return found


def as_json(body: Any) -> Any:
    return json.loads(body) if isinstance(body, str) else body
